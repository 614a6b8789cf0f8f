import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, KFold

from skconv.layers import ConcatLayer, DenseLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV
from skconv.model_selection.base import CandidateTrainer, FittedStandIn, clone_with
from skconv.model_selection.jobs import Job
from skconv.preprocessing import SliceDict
from tests.nets import X, make_net, y

GRID = {"update_learning_rate": [0.01, 0.1, 0.3]}


def test_what_is_lent_has_been_fitted():
    net = make_net()
    estimator = FittedStandIn(Job(net, np.arange(3), finished=True)).set_params(max_epochs=99)
    assert estimator is net
    assert net.max_epochs == 2
    assert net.fit(X, y) is net
    assert not hasattr(net, "classes_")
    assert "fit" not in vars(net)


def test_its_fit_tells_what_went_wrong():
    error = ValueError("in the lane")
    lent = FittedStandIn(Job(make_net(), np.arange(3), finished=True, error=error))
    with pytest.raises(ValueError, match="in the lane"):
        lent.set_params().fit(X, y)


def test_candidates_are_copies_of_estimator_and_parameters():
    class Inner(BaseEstimator):
        pass

    net, inner = make_net(), Inner()
    made = clone_with(net, {"train_split": None, "max_epochs": 7})
    assert (made.max_epochs, net.max_epochs) == (7, 2)
    assert made is not net
    assert clone(inner) is not inner


def test_the_original_of_a_search_lends_only_while_it_evaluates():
    net = make_net()
    trainer = CandidateTrainer(BatchedGridSearchCV(net, GRID), net, Job, print)
    assert clone(trainer.original) is trainer.original
    assert type(clone(trainer.original)) is type(net)
    assert clone(trainer.original) is not trainer.original


def test_splits_may_come_from_a_generator():
    scores = []
    for cv in (KFold(2), KFold(2).split(X)):
        search = BatchedGridSearchCV(make_net(max_epochs=1), GRID, cv=cv, refit=False).fit(X, y)
        assert search.cv is cv
        scores.append(search.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(*scores)


def test_a_fitted_search_is_pickled_without_what_it_was_trained_on():
    rows, labels = np.tile(X, (400, 1)), np.tile(y, 400)
    search = BatchedGridSearchCV(make_net(max_epochs=0), GRID, cv=2).fit(rows, labels)
    data = pickle.dumps(search)
    assert len(data) < rows.nbytes / 2
    np.testing.assert_array_equal(pickle.loads(data).predict_proba(X), search.predict_proba(X))
    assert "__sklearn_clone__" not in vars(search.scorer_._estimator)


def test_several_inputs_and_outputs_are_split_into_rows():
    layers = [
        ("left", InputLayer),
        ("right", InputLayer),
        (ConcatLayer, {"name": "both", "incomings": ["left", "right"]}),
        ("kind", DenseLayer),
        (DenseLayer, {"name": "size", "incoming": "both"}),
    ]
    params = {"outputs": ["kind", "size"], "regression": {"size": True}, "train_split": None}
    net = make_net(layers=layers, **params)
    inputs = {"left": X[:, :2], "right": X[:, 2:]}
    targets = {"kind": np.array(["a", "b", "c"])[y], "size": X[:, 0]}
    expected = GridSearchCV(net, GRID, cv=KFold(3)).fit(SliceDict(inputs), SliceDict(targets))
    for Y in (targets, list(targets.values())):
        search = BatchedGridSearchCV(net, GRID, cv=3, error_score="raise").fit(inputs, Y)
        np.testing.assert_allclose(
            search.cv_results_["mean_test_score"],
            expected.cv_results_["mean_test_score"],
            atol=1e-4,
        )
        assert search.cv == 3
        assert search.score(inputs, Y) == pytest.approx(expected.score(inputs, targets), abs=1e-4)
    labels = {"kind": targets["kind"], "size": X[:, 0] > 0}
    classifier = make_net(layers=layers, **params | {"regression": False})
    search = BatchedGridSearchCV(classifier, GRID, cv=2, error_score="raise")
    assert search.fit(inputs, labels).predict(inputs).shape == (40, 2)


@pytest.mark.parametrize("train_score", [False, True])
def test_training_rows_are_copied_for_scores_on_them_only(train_score):
    search = BatchedGridSearchCV(make_net(), GRID, cv=2, return_train_score=train_score)
    trainer = CandidateTrainer(search, search.estimator, Job, print)
    lengths = []

    def evaluate(candidates, cv, **options):
        lengths.extend((len(train), len(test)) for train, test in cv.split(X, y))

    trainer.evaluate(evaluate, [{}], KFold(2))
    half = len(X) // 2
    assert lengths == [(half if train_score else 0, half)] * 2

import warnings

import jax
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import NeuralNet, compile_counts
from skconv.augment import GaussianNoise
from skconv.handlers import EarlyStopping
from skconv.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    MaxPool2DLayer,
)
from skconv.model_selection import BatchedGridSearchCV
from tests.nets import X, make_net, y

from ..exactness import assert_agree

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(40, 1, 6, 6)).astype(np.float32)

RATES = {"update_learning_rate": [0.01, 0.1, 0.3]}


def convolutional(*more, **params):
    return make_net(
        layers=[
            ("input", InputLayer),
            (Conv2DLayer, {"name": "conv", "num_filters": 3, "filter_size": 3}),
            *more,
            ("pool", MaxPool2DLayer),
            ("output", DenseLayer),
        ],
        pool_pool_size=2,
        **params,
    )


NETS = {
    "dense": (make_net(), X, {**RATES, "noise_p": [0.1, 0.5]}),
    "dropout": (convolutional(("drop", DropoutLayer)), IMAGES, {**RATES, "random_state": [1, 2]}),
    "normalised": (convolutional(("norm", BatchNormLayer)), IMAGES, RATES),
    "augmented": (
        make_net(augment=[("blur", GaussianNoise(0.1))]),
        X,
        {"augment_blur_sigma": [0.0, 0.5], "objective_l2": [0.0, 0.1]},
    ),
}


class Keeping:
    """A scorer that keeps the weights of what it scores."""

    def __init__(self):
        self.weights = []

    def __call__(self, estimator, X, y, sample_weight=None):
        net = estimator[-1] if hasattr(estimator, "steps") else estimator
        self.weights.append(net.get_all_params_values())
        return estimator.score(X, y, sample_weight=sample_weight)


def searched(kind, net, grid, data, targets=y, params=(), **options):
    keeping = Keeping()
    search = kind(net, grid, scoring=keeping, refit=False, **{"cv": 3, **options})
    search.fit(data, targets, **dict(params))
    return search.cv_results_, keeping.weights


def assert_same(found, expected):
    (results, weights), (known, their_weights) = found, expected
    assert results.keys() == known.keys()
    for name, values in known.items():
        if name == "params":
            assert results[name] == values
        elif "score" in name and "time" not in name:
            np.testing.assert_allclose(results[name], values, atol=1e-4, err_msg=name)
    assert len(weights) == len(their_weights)
    for ours, theirs in zip(weights, their_weights, strict=True):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-3), ours, theirs)


@pytest.fixture(scope="module", params=NETS)
def reference(request):
    net, data, grid = NETS[request.param]
    return net, data, grid, searched(GridSearchCV, net, grid, data)


@pytest.mark.parametrize("lanes", ["loop", "unroll", "vmap"])
def test_each_candidate_gets_the_scores_and_weights_of_a_search_one_by_one(reference, lanes):
    net, data, grid, expected = reference
    assert_same(searched(BatchedGridSearchCV, net, grid, data, lanes=lanes), expected)


def test_weights_differ_between_candidates():
    """Else the test above could not fail."""
    net, data, grid = NETS["dense"]
    _, weights = searched(BatchedGridSearchCV, net, grid, data)
    first = [np.concatenate([np.ravel(w) for w in jax.tree.leaves(one)]) for one in weights]
    assert len({one.tobytes() for one in first}) == len(first) == 18


@pytest.mark.parametrize("lanes", ["loop", "vmap"])
def test_a_search_compiles_one_training(lanes):
    net = make_net(hidden_num_units=7)
    before = compile_counts()["train"]
    for grid in (RATES, {"update_momentum": [0.5, 0.8, 0.95], "noise_p": [0.2]}):
        searched(BatchedGridSearchCV, net, grid, X, lanes=lanes)
    assert compile_counts()["train"] == before + 1


def test_architectures_are_trained_in_groups_of_their_own():
    grid = {"hidden_num_units": [3, 4], "batch_iterator_train": [8, 16], **RATES}
    expected = searched(GridSearchCV, make_net(), grid, X)
    assert_same(searched(BatchedGridSearchCV, make_net(), grid, X, lanes="vmap"), expected)


@pytest.mark.parametrize("lanes", ["loop", "vmap"])
def test_lanes_end_at_different_times(lanes):
    grid = {"max_epochs": [0, 1, 3, 20], "update_learning_rate": [0.01, 0.1]}
    expected = searched(GridSearchCV, make_net(), grid, X)
    found = searched(BatchedGridSearchCV, make_net(), grid, X, lanes=lanes, max_lanes=5)
    assert_same(found, expected)


@pytest.mark.parametrize("lanes", ["loop", "vmap"])
def test_early_stopping_ends_a_lane_and_keeps_its_best_weights(lanes):
    net = make_net(
        on_epoch_finished=EarlyStopping(patience=1, verbose=0), max_epochs=9, random_state=3
    )
    grid = {"update_learning_rate": [0.01, 1.0, 3.0]}
    expected = searched(GridSearchCV, net, grid, X)
    assert_same(searched(BatchedGridSearchCV, net, grid, X, lanes=lanes), expected)


@pytest.mark.parametrize("lanes", ["loop", "unroll", "vmap"])
def test_a_lane_that_diverges_harms_no_other(lanes):
    grid = {"update_learning_rate": [0.01, 1e30, 0.1]}
    diverged = "the loss became NaN or infinite in epoch 1; training stopped"
    with pytest.warns(ConvergenceWarning, match=diverged):
        expected = searched(GridSearchCV, make_net(), grid, X)
    with pytest.warns(ConvergenceWarning, match=diverged):
        found = searched(BatchedGridSearchCV, make_net(), grid, X, lanes=lanes)
    assert_same(found, expected)


@pytest.mark.parametrize("lanes", ["loop", "vmap"])
def test_weights_of_rows_and_of_classes(lanes):
    grid = {"class_weight": [None, "balanced", {0: 5.0, 1: 1.0, 2: 1.0}]}
    params = {"sample_weight": np.linspace(0, 2, len(X))}
    net = make_net(max_epochs=4)
    expected = searched(GridSearchCV, net, grid, X, params=params)
    found = searched(BatchedGridSearchCV, net, grid, X, params=params, lanes=lanes)
    assert_same(found, expected)


@pytest.mark.parametrize("lanes", ["loop", "vmap"])
def test_a_pipeline_is_fitted_by_fold_and_its_steps_once(lanes):
    fits = []

    class Scaler(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            fits.append(len(X))
            return super().fit(X, y, sample_weight)

    pipeline = make_pipeline(Scaler(), make_net())
    grid = {"neuralnet__update_learning_rate": [0.01, 0.1], "scaler__with_std": [True, False]}
    expected = searched(GridSearchCV, pipeline, grid, X)
    one_by_one, fits[:] = len(fits), []
    assert_same(searched(BatchedGridSearchCV, pipeline, grid, X, lanes=lanes), expected)
    assert (one_by_one, len(fits)) == (12, 6)


def test_rows_that_are_no_arrays():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    labels = pandas.Series(np.array(["one", "two", "three"])[y])
    expected = searched(GridSearchCV, make_net(), RATES, frame, labels)
    assert_same(searched(BatchedGridSearchCV, make_net(), RATES, frame, labels), expected)


def test_groups_several_scores_and_the_best_candidate():
    scoring = {"accuracy": "accuracy", "own": make_scorer(accuracy_score)}
    options = {"scoring": scoring, "refit": "own", "cv": GroupKFold(4), "return_train_score": True}
    groups = np.arange(len(X)) % 8
    ours = BatchedGridSearchCV(make_net(), RATES, **options).fit(X, y, groups=groups)
    theirs = GridSearchCV(make_net(), RATES, **options).fit(X, y, groups=groups)
    assert ours.best_params_ == theirs.best_params_
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.cv_results_.keys() == theirs.cv_results_.keys()
    np.testing.assert_array_equal(
        ours.cv_results_["rank_test_own"], theirs.cv_results_["rank_test_own"]
    )
    np.testing.assert_allclose(
        ours.cv_results_["mean_train_accuracy"], theirs.cv_results_["mean_train_accuracy"]
    )
    assert (ours.cv_results_["mean_fit_time"] > 0).all()
    assert type(ours.best_estimator_) is NeuralNet
    assert ours.estimator is not ours.best_estimator_
    assert "fit" not in vars(ours.best_estimator_)


def test_the_search_is_an_estimator_like_any_other():
    net = make_net()
    search = BatchedGridSearchCV(net, RATES, cv=2, lanes="vmap", max_lanes=3)
    copy = clone(search)
    assert (copy.lanes, copy.max_lanes, copy.cv) == ("vmap", 3, 2)
    search.fit(X, y)
    assert search.estimator is net
    assert not hasattr(net, "classes_")
    assert "update_learning_rate" in search._repr_html_()


def test_other_estimators_are_fitted_one_by_one():
    from sklearn.linear_model import LogisticRegression

    found = searched_scores(BatchedGridSearchCV, LogisticRegression(), {"C": [0.1, 1.0]})
    np.testing.assert_array_equal(
        found, searched_scores(GridSearchCV, LogisticRegression(), {"C": [0.1, 1.0]})
    )


def searched_scores(kind, estimator, grid):
    return kind(estimator, grid, cv=3, refit=False).fit(X, y).cv_results_["mean_test_score"]


@pytest.mark.parametrize("error_score", [-1.0, np.nan])
def test_a_candidate_that_cannot_be_fitted_gets_the_error_score(error_score):
    grid = {"hidden_num_units": [4, -1]}
    search = BatchedGridSearchCV(
        make_net(), grid, cv=2, refit=False, error_score=error_score, lanes="vmap"
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(X, y)
    told = [str(w.message) for w in caught if w.category is FitFailedWarning]
    assert len(told) == 1
    assert "num_units must be a positive integer, got -1" in told[0]
    scores = search.cv_results_["mean_test_score"]
    np.testing.assert_equal(scores[1], error_score)
    expected = GridSearchCV(make_net(), {"hidden_num_units": [4]}, cv=2, refit=False).fit(X, y)
    assert scores[0] == expected.cv_results_["mean_test_score"][0]


def test_errors_are_raised_where_they_are_asked_for():
    search = BatchedGridSearchCV(make_net(), {"hidden_num_units": [-1]}, error_score="raise")
    with pytest.raises(ValueError, match="num_units must be a positive integer, got -1"):
        search.fit(X, y)
    assert "hidden_num_units" not in search.estimator.get_params()


def test_a_scorer_that_fails_for_one_candidate():
    def scorer(net, X, y):
        if net.update_learning_rate == 0.1:
            raise RuntimeError("not this one")
        return net.score(X, y)

    search = BatchedGridSearchCV(make_net(), RATES, cv=2, scoring=scorer, refit=False)
    with pytest.warns(UserWarning, match="not this one|non-finite"):
        search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True, False]


def test_a_parameter_that_does_not_exist():
    search = BatchedGridSearchCV(make_net(), {"update_learning_rat": [0.1]})
    with pytest.raises(ValueError, match="update_learning_rate"):
        search.fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lanes": "vmapp"}, "lanes must be one of .*, got 'vmapp'. Did you mean 'vmap'"),
        ({"max_lanes": 0}, "max_lanes must be a positive integer or None, got 0"),
        ({"max_lanes": 1.5}, "max_lanes must be a positive integer or None, got 1.5"),
    ],
)
def test_ways_to_train_that_there_are_not(options, message):
    net = make_net()
    with pytest.raises(ValueError, match=message):
        BatchedGridSearchCV(net, RATES, **options).fit(X, y)


def test_a_fold_that_lacks_a_class():
    labels = np.where(np.arange(len(X)) < 2, 2, np.arange(len(X)) % 2)
    splits = [(np.arange(20, 40), np.arange(2, 20)), (np.arange(20), np.arange(20, 40))]
    expected = searched(GridSearchCV, make_net(), RATES, X, labels, cv=splits)
    found = searched(BatchedGridSearchCV, make_net(), RATES, X, labels, cv=splits, lanes="vmap")
    assert_same(found, expected)


def test_groups_too_large_for_memory_are_split_and_it_is_said(capsys):
    search = BatchedGridSearchCV(make_net(), RATES, cv=2, refit=False, verbose=1, max_lanes=4)
    search.fit(X, y)
    told = capsys.readouterr().out
    assert "Fitting 2 folds for each of 3 candidates, totalling 6 fits" in told
    assert "Training 4 of 6 fits at a time" in told


@pytest.mark.parametrize("lanes", ["loop", "vmap"])
def test_an_interrupt_keeps_what_is_finished(lanes):
    calls = []

    def interrupt(net, history):
        calls.append(net)
        if len(calls) == 4:
            raise KeyboardInterrupt

    net = make_net(on_epoch_finished=interrupt, max_epochs=1, train_split=None)
    search = BatchedGridSearchCV(net, RATES, cv=2, refit=False, lanes=lanes, max_lanes=6)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(X, y)
    told = [str(w.message) for w in caught if w.category is FitFailedWarning]
    assert "training was interrupted" in told[0]
    scores = np.stack([search.cv_results_[f"split{i}_test_score"] for i in range(2)], axis=1)
    assert np.isfinite(scores.ravel()[:3]).all()
    assert np.isnan(scores.ravel()[4:]).all()


def test_processes_give_the_same_scores():
    net = make_net(hidden_num_units=8)
    before = compile_counts()["train"]
    search = BatchedGridSearchCV(net, RATES, cv=3, refit=False, n_jobs=2).fit(X, y)
    assert compile_counts()["train"] == before
    expected = searched_scores(GridSearchCV, net, RATES)
    assert_agree(search.cv_results_["mean_test_score"], expected)
    assert compile_counts()["train"] > before


def test_numbers_of_a_pipeline_that_remembers_on_its_own(tmp_path):
    pipeline = make_pipeline(StandardScaler(), make_net(), memory=str(tmp_path))
    grid = {"neuralnet__update_learning_rate": [0.01, 0.1]}
    search = BatchedGridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert search.best_estimator_.memory == str(tmp_path)
    assert any(tmp_path.iterdir())

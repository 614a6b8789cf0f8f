import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import NeuralNet, compile_counts
from skconv.ensemble import BatchedBagging
from skconv.errors import InvalidParameterError
from skconv.objectives import multiclass_hinge_loss
from tests.nets import X, make_net, y

names = np.array(["one", "two", "three"])[y]


@pytest.mark.parametrize("lanes", ["loop", "vmap"])
def test_each_net_is_what_fit_makes_of_its_rows(lanes):
    bagging = BatchedBagging(make_net(), n_estimators=3, random_state=0, lanes=lanes).fit(X, names)
    for net, rows in zip(bagging.estimators_, bagging.estimators_samples_, strict=True):
        alone = clone(net).fit(X[rows], names[rows])
        np.testing.assert_allclose(net.predict_proba(X), alone.predict_proba(X), atol=1e-5)
    mean = np.mean([net.predict_proba(X) for net in bagging.estimators_], axis=0)
    np.testing.assert_allclose(bagging.predict_proba(X), mean, atol=1e-6)
    np.testing.assert_allclose(np.exp(bagging.predict_log_proba(X)), mean, atol=1e-6)
    assert bagging.predict(X).tolist() == bagging.classes_[mean.argmax(axis=1)].tolist()
    assert bagging.score(X, names) == np.mean(bagging.predict(X) == names)
    assert bagging.n_features_in_ == 5


def test_nets_with_scores_vote():
    net = make_net(objective_loss_function=multiclass_hinge_loss)
    bagging = BatchedBagging(net, n_estimators=3, random_state=0).fit(X, names)
    votes = np.stack([one.predict(X) for one in bagging.estimators_])
    counts = np.stack([(votes == label).sum(axis=0) for label in bagging.classes_], axis=1)
    assert bagging.predict(X).tolist() == bagging.classes_[counts.argmax(axis=1)].tolist()
    assert not hasattr(bagging, "predict_proba")
    assert not hasattr(bagging, "predict_log_proba")


def test_rows_are_drawn_with_replacement_and_seeds_differ():
    bagging = BatchedBagging(make_net(), n_estimators=3, random_state=0).fit(X, y)
    drawn = bagging.estimators_samples_
    assert all(len(rows) == 40 and 15 < len(set(rows)) < 35 for rows in drawn)
    assert len({rows.tobytes() for rows in drawn}) == 3
    assert len({net.random_state for net in bagging.estimators_}) == 3
    again = clone(bagging).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), bagging.predict_proba(X))


def test_without_replacement():
    whole = BatchedBagging(make_net(), 2, bootstrap=False, random_state=0).fit(X, y)
    assert [rows.tolist() for rows in whole.estimators_samples_] == [list(range(40))] * 2
    half = BatchedBagging(make_net(), 2, bootstrap=False, max_samples=0.5).fit(X, y)
    assert [len(set(rows)) for rows in half.estimators_samples_] == [20, 20]
    some = BatchedBagging(make_net(), 2, max_samples=25).fit(X, y)
    assert [len(rows) for rows in some.estimators_samples_] == [25, 25]


def test_nets_share_one_program():
    net = make_net(hidden_num_units=6)
    before = compile_counts()["train"]
    BatchedBagging(net, 4, random_state=0).fit(X, y)
    assert compile_counts()["train"] == before + 1


def test_a_class_that_a_net_has_not_met():
    labels = np.r_[np.zeros(20), np.ones(19), 2].astype(int)
    bagging = BatchedBagging(make_net(train_split=None), 4, random_state=1).fit(X, labels)
    met = [len(net.classes_) for net in bagging.estimators_]
    assert set(met) == {2, 3}
    assert bagging.classes_.tolist() == [0, 1, 2]
    np.testing.assert_allclose(bagging.predict_proba(X).sum(axis=1), 1, atol=1e-6)


def test_regression():
    target = X[:, 0] * 2
    bagging = BatchedBagging(make_net(regression=True), 3, random_state=0).fit(X, target)
    mean = np.mean([net.predict(X) for net in bagging.estimators_], axis=0)
    np.testing.assert_allclose(bagging.predict(X), mean)
    assert is_regressor(bagging)
    assert not is_classifier(bagging)
    assert not hasattr(bagging, "predict_proba")
    assert not hasattr(bagging, "predict_log_proba")
    assert bagging.score(X, target) <= 1


def test_a_pipeline_and_weights_of_rows():
    pipeline = make_pipeline(StandardScaler(), make_net())
    bagging = BatchedBagging(pipeline, 2, random_state=0)
    bagging.fit(X, y, neuralnet__sample_weight=np.linspace(0.5, 1, 40))
    first, rows = bagging.estimators_[0], bagging.estimators_samples_[0]
    np.testing.assert_allclose(first[0].mean_, X[rows].mean(axis=0), atol=1e-6)
    assert is_classifier(bagging)


def test_by_default_a_net_that_suits_the_data():
    bagging = BatchedBagging(n_estimators=2, random_state=0)
    assert isinstance(bagging.fit(X, y).estimators_[0], NeuralNet)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_estimators": 0}, "n_estimators must be a positive integer, got 0"),
        ({"max_samples": 1.5}, "integer from 1 to 40 or a fraction between 0.0 and 1.0, got 1.5"),
        ({"max_samples": 41}, "integer from 1 to 40 or a fraction between 0.0 and 1.0, got 41"),
        ({"max_samples": "all"}, "fraction between 0.0 and 1.0, got 'all'"),
        ({"max_samples": True}, "fraction between 0.0 and 1.0, got True"),
        ({"max_samples": float("nan")}, "fraction between 0.0 and 1.0, got nan"),
        ({"bootstrap": "no"}, "bootstrap must be True or False, got 'no'"),
        ({"random_state": -1}, "random_state must be an integer between 0 and .*, got -1"),
        ({"lanes": "map"}, "lanes must be one of .*, got 'map'"),
        ({"lanes": "map", "max_lanes": 0, "bootstrap": 2}, "^3 problems:"),
    ],
)
def test_parameters_out_of_range(options, message):
    with pytest.raises(InvalidParameterError, match=message):
        BatchedBagging(make_net(), **options).fit(X, y)


def test_what_is_wrong_with_a_net_is_raised():
    with pytest.raises(ValueError, match="num_units must be a positive integer, got -2"):
        BatchedBagging(make_net(hidden_num_units=-2), 2).fit(X, y)


@pytest.mark.parametrize("targets", [y[:30], {"kind": y[:30], "sign": y[:30]}])
def test_as_many_targets_as_samples(targets):
    net = make_net(outputs=["kind", "sign"] if isinstance(targets, dict) else None)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[40, 30\]"):
        BatchedBagging(net, 2).fit(X, targets)


def test_samples_are_counted_row_by_row():
    both = {"left": X[:, :2], "right": X[:, 2:]}
    with pytest.raises(InvalidParameterError, match="max_samples must be an integer from 1 to 40"):
        BatchedBagging(make_net(), 2, max_samples=41).fit(both, y)

from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skconv.ensemble import BatchedBagging
from skconv.ensemble.averaging import MeanPrediction, joint_outputs
from skconv.layers import ConcatLayer, Conv2DLayer, DenseLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV
from skconv.objectives import multiclass_hinge_loss
from tests.nets import HEADS, TARGETS, X, make_net, three_headed, y

names = np.array(["one", "two", "three"])[y]

SIGNS = (X[:, :3] > 0).astype(int)

TWO = [*HEADS[:2], (DenseLayer, {"name": "kind"}), (DenseLayer, {"name": "sign"})]

COLUMNS = np.stack([y, SIGNS[:, 0]], axis=1)


def two_headed(**params):
    return make_net(
        layers=TWO, sign_incoming="hidden", outputs=["kind", "sign"], train_split=None, **params
    )


bag = partial(BatchedBagging, lanes="loop", random_state=0)
"""Compiles the program of a single net."""


def mean(bagging, compute):
    return np.mean([compute(net) for net in bagging.estimators_], axis=0)


@pytest.fixture(scope="module")
def heads():
    return bag(three_headed(), 3).fit(X, TARGETS)


@pytest.fixture(scope="module")
def labels():
    return bag(make_net(train_split=None), 4).fit(X, SIGNS)


def test_labels_are_those_with_a_mean_probability_above_one_half(labels):
    expected = mean(labels, lambda net: net.predict_proba(X))
    np.testing.assert_allclose(labels.predict_proba(X), expected, rtol=1e-6)
    predicted = labels.predict(X)
    assert (predicted.shape, predicted.dtype) == ((40, 3), np.int64)
    np.testing.assert_array_equal(predicted, expected > 0.5)
    assert labels.classes_.tolist() == [0, 1, 2]
    assert labels.score(X, SIGNS) == np.mean((predicted == SIGNS).all(axis=1))
    weights = np.linspace(0, 1, 40)
    correct = (predicted == SIGNS).all(axis=1)
    expected = np.average(correct, weights=weights)
    assert labels.score(X, SIGNS, weights) == pytest.approx(expected)


def test_each_output_is_averaged_as_its_kind(heads):
    kind, sign, size = heads.predict(X)
    own = [net.predict_proba(X) for net in heads.estimators_]
    for i, predicted in enumerate((kind, sign)):
        average = np.mean([probabilities[i] for probabilities in own], axis=0)
        np.testing.assert_allclose(heads.predict_proba(X)[i], average, rtol=1e-6)
        np.testing.assert_allclose(heads.predict_log_proba(X)[i], np.log(average), rtol=1e-4)
        np.testing.assert_array_equal(predicted, heads.classes_[i][average.argmax(axis=1)])
    np.testing.assert_allclose(size, mean(heads, lambda net: net.predict(X)[2]), rtol=1e-6)
    assert isinstance(heads.predict(X), list)
    assert (heads.predict_proba(X)[2], heads.predict_log_proba(X)[2]) == (None, None)
    assert heads.classes_[2] is None
    scores = [
        accuracy_score(TARGETS["kind"], kind),
        accuracy_score(TARGETS["sign"], sign),
        r2_score(TARGETS["size"], size),
    ]
    assert heads.score(X, TARGETS) == pytest.approx(np.mean(scores))
    assert [part.dtype for part in (kind, sign, size)] == [
        part.dtype for part in heads.estimators_[0].predict(X)
    ]


def test_outputs_of_one_kind_are_columns_as_those_of_the_nets():
    bagging = bag(two_headed(), 2).fit(X, COLUMNS)
    predicted = bagging.predict(X)
    assert (predicted.shape, predicted.dtype) == (COLUMNS.shape, COLUMNS.dtype)
    numbers = X[:, :2].astype(np.float64)
    bagging = bag(two_headed(regression=True), 2).fit(X, numbers)
    expected = mean(bagging, lambda net: net.predict(X))
    np.testing.assert_allclose(bagging.predict(X), expected, rtol=1e-6)
    assert not hasattr(bagging, "classes_")
    assert bagging.score(X, numbers) == pytest.approx(r2_score(numbers, expected))


def test_a_class_that_a_net_has_not_seen_in_one_output():
    rare = np.r_[np.zeros(20), np.ones(19), 2].astype(int)
    Y = np.stack([rare, SIGNS[:, 0]], axis=1)
    bagging = bag(two_headed(), 4, random_state=1).fit(X, Y)
    seen = [net.classes_[0].tolist() for net in bagging.estimators_]
    assert sorted(set(map(len, seen))) == [2, 3]
    assert [classes.tolist() for classes in bagging.classes_] == [[0, 1, 2], [0, 1]]
    kind, _ = bagging.predict_proba(X)
    np.testing.assert_allclose(kind.sum(axis=1), 1, atol=1e-6)
    expected = [
        net.predict_proba(X)[0][:, 2] for net in bagging.estimators_ if 2 in net.classes_[0]
    ]
    np.testing.assert_allclose(kind[:, 2], np.sum(expected, axis=0) / 4, atol=1e-6)


def test_outputs_with_scores_vote_beside_outputs_with_probabilities():
    net = two_headed(objective_loss_function={"kind": multiclass_hinge_loss})
    bagging = bag(net, 3).fit(X, {"kind": names, "sign": SIGNS[:, 0]})
    kind, sign = bagging.predict_proba(X)
    assert kind is None
    average = mean(bagging, lambda net: net.predict_proba(X)[1])
    np.testing.assert_allclose(sign, average, rtol=1e-6)
    votes = np.stack([one.predict(X)[:, 0] for one in bagging.estimators_])
    counts = np.stack([(votes == label).sum(axis=0) for label in bagging.classes_[0]], axis=1)
    predicted = bagging.predict(X)
    assert predicted[:, 0].tolist() == bagging.classes_[0][counts.argmax(axis=1)].tolist()
    assert predicted[:, 1].tolist() == average.argmax(axis=1).tolist()


def test_numbers_of_any_shape_are_averaged_and_scored_together():
    images = np.stack([X[:, :4], X[:, 1:]], axis=1).reshape(40, 2, 2, 2)
    net = make_net(regression=True, output_num_units=8, train_split=None)
    bagging = bag(net, 2).fit(X, images)
    expected = mean(bagging, lambda net: net.predict(X))
    np.testing.assert_allclose(bagging.predict(X), expected, rtol=1e-6)
    assert bagging.predict(X).shape == images.shape
    assert bagging.score(X, images) == pytest.approx(r2_score(images.ravel(), expected.ravel()))


def test_autoencoders_are_scored_by_the_mean_of_their_reconstructions():
    net = make_net(regression=True, train_split=None, max_epochs=1)
    bagging = bag(net, 2).fit(X)
    expected = r2_score(X, mean(bagging, lambda one: one.predict(X)))
    assert bagging.score(X) == pytest.approx(expected, rel=1e-5)
    ignoring = net.set_params(autoencoder=True)
    assert bag(ignoring, 2).fit(X, y).score(X, y) == pytest.approx(expected, rel=1e-5)


def test_classes_of_pixels_are_averaged_at_each_position():
    images = X.reshape(40, 1, 5, 1) * np.ones((1, 1, 1, 3), np.float32)
    masks = np.array(["low", "top"])[(images[:, 0] > 0).astype(int)]
    masks[0, 0, 0] = "mid"
    layers = [("input", InputLayer), (Conv2DLayer, {"name": "output", "filter_size": 1})]
    net = make_net(layers=layers, train_split=None, max_epochs=1)
    bagging = bag(net, 2, random_state=3).fit(images, masks)
    assert bagging.classes_.tolist() == ["low", "mid", "top"]
    assert {len(net.classes_) for net in bagging.estimators_} == {2, 3}
    expected = np.zeros((40, 3, 5, 3))
    for one in bagging.estimators_:
        columns = [bagging.classes_.tolist().index(label) for label in one.classes_]
        expected[:, columns] += one.predict_proba(images) / 2
    np.testing.assert_allclose(bagging.predict_proba(images), expected, atol=1e-6)
    predicted = bagging.predict(images)
    np.testing.assert_array_equal(predicted, bagging.classes_[expected.argmax(axis=1)])
    assert bagging.score(images, masks) == pytest.approx(np.mean(predicted == masks))


def test_several_inputs_are_drawn_row_by_row():
    layers = [
        ("left", InputLayer),
        ("right", InputLayer),
        (ConcatLayer, {"name": "both", "incomings": ["left", "right"]}),
        ("output", DenseLayer),
    ]
    net = make_net(layers=layers, train_split=None)
    both = {"left": X[:, :2], "right": X[:, 2:]}
    weights = np.linspace(0.5, 1, 40)
    bagging = bag(net, 2).fit(both, y, sample_weight=weights)
    assert [len(rows) for rows in bagging.estimators_samples_] == [40, 40]
    assert max(bagging.estimators_samples_[0]) > 30
    for one, rows in zip(bagging.estimators_, bagging.estimators_samples_, strict=True):
        own = {name: array[rows] for name, array in both.items()}
        alone = make_net(layers=layers, train_split=None, random_state=one.random_state)
        alone.fit(own, y[rows], sample_weight=weights[rows])
        np.testing.assert_allclose(one.predict_proba(both), alone.predict_proba(both), atol=1e-5)
    expected = mean(bagging, lambda net: net.predict_proba(both))
    np.testing.assert_allclose(bagging.predict_proba(both), expected, rtol=1e-6)
    assert bagging.score(both, y) == np.mean(bagging.predict(both) == y)


@pytest.mark.parametrize(
    "form",
    [lambda Y: Y, lambda Y: list(Y.values()), pd.DataFrame, lambda Y: pd.DataFrame(Y).to_numpy()],
    ids=["dict", "list", "DataFrame", "array"],
)
def test_every_form_of_y_draws_the_same_rows(form):
    Y = {"kind": y, "sign": SIGNS[:, 0]}
    bagging = bag(two_headed(max_epochs=1), 2).fit(X, form(Y))
    one, rows = bagging.estimators_[0], bagging.estimators_samples_[0]
    alone = two_headed(max_epochs=1, random_state=one.random_state).fit(X[rows], COLUMNS[rows])
    np.testing.assert_allclose(one.predict_proba(X)[0], alone.predict_proba(X)[0], atol=1e-5)
    assert bagging.score(X, form(Y)) == bagging.score(X, COLUMNS)


def test_estimators_around_a_net_are_averaged():
    net = make_net(regression=True, train_split=None)
    wrapped = TransformedTargetRegressor(net, transformer=StandardScaler())
    bagging = bag(wrapped, 2).fit(X, X[:, 0])
    expected = mean(bagging, lambda one: one.predict(X))
    np.testing.assert_allclose(bagging.predict(X), expected, rtol=1e-6)


def test_fitted_estimators_of_scikit_learn():
    fitted = [DummyClassifier(strategy="constant", constant=label).fit(X, y) for label in (0, 2, 2)]
    averaged = MeanPrediction(fitted, joint_outputs(fitted, y))
    np.testing.assert_allclose(averaged.probabilities(X[:1]), [[1 / 3, 0, 2 / 3]])
    assert averaged.predict(X[:2]).tolist() == [2, 2]
    voting = [LinearSVC().fit(X, y)]
    mean_votes = MeanPrediction(voting, joint_outputs(voting, y))
    np.testing.assert_array_equal(mean_votes.predict(X), voting[0].predict(X))


def test_ignored_and_weighted_targets_of_each_output():
    kinds = np.where(np.arange(40) % 7 == 0, "-", names)
    signs = np.where(np.arange(40) % 5 == 0, -1, SIGNS[:, 0])
    Y, weights = {"kind": kinds, "sign": signs}, {"kind": np.linspace(0.1, 1, 40)}
    net = two_headed(ignore_label={"kind": "-", "sign": -1})
    bagging = bag(net, 2).fit(X, Y, sample_weight=weights)
    assert [classes.tolist() for classes in bagging.classes_] == [["one", "three", "two"], [0, 1]]
    one, rows = bagging.estimators_[0], bagging.estimators_samples_[0]
    drawn = {name: part[rows] for name, part in Y.items()}
    alone = two_headed(ignore_label=net.ignore_label, random_state=one.random_state)
    alone.fit(X[rows], drawn, sample_weight={"kind": weights["kind"][rows]})
    for found, expected in zip(one.predict_proba(X), alone.predict_proba(X), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    kind, sign = bagging.predict(X).T
    accuracies = np.mean((kind == kinds)[kinds != "-"]), np.mean((sign == signs)[signs != -1])
    assert bagging.score(X, Y) == pytest.approx(np.mean(accuracies))
    search = BatchedGridSearchCV(net, {"update_learning_rate": [0.1]}, cv=2, error_score="raise")
    search.fit(X, Y, sample_weight=weights)
    scores = []
    for train, test in KFold(2).split(X):
        (own, w), (others, v) = (
            [{name: part[rows] for name, part in by_name.items()} for by_name in (Y, weights)]
            for rows in (train, test)
        )
        fitted = two_headed(ignore_label=net.ignore_label).fit(X[train], own, sample_weight=w)
        scores.append(fitted.score(X[test], others, sample_weight=v))
    assert search.best_score_ == pytest.approx(np.mean(scores))

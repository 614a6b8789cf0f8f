"""Targets that count nothing, and weights of single targets, through whole fits."""

import functools

import numpy as np
import pandas as pd
import pytest

from skconv import BatchIterator, NeuralNet
from skconv.layers import DenseLayer, InputLayer
from skconv.updates.rules import sgd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3)).astype(np.float32)
Y = RNG.normal(size=(30, 3)).astype(np.float32)
HOLES = RNG.random(Y.shape) < 0.3
HOLES[5] = True
GAPPY = np.where(HOLES, np.nan, Y)
WEIGHTS = RNG.uniform(0.5, 2.0, Y.shape) * ~HOLES
LABELS = np.array(["a", "b", "c"])[X.argmax(axis=1)]
TRAIN, VALID = np.arange(20), np.arange(20, 30)

still = functools.partial(
    NeuralNet,
    layers=[("input", InputLayer), ("output", DenseLayer)],
    output_W=np.eye(3),
    output_b=None,
    update=sgd,
    update_learning_rate=0.0,
    train_split=[(TRAIN, VALID)],
    batch_iterator_train=6,
    batch_iterator_test=6,
    max_epochs=1,
    random_state=0,
)
"""Its output is X, and it learns nothing."""

learning = functools.partial(
    still,
    output_W=0.1 * np.ones((3, 3)),
    update_learning_rate=0.1,
    train_split=None,
    batch_iterator_train=30,
    max_epochs=3,
)


def weights_of(net):
    return np.concatenate([parameter.get_value().ravel() for parameter in net.get_all_params()])


def mean_of(values, weights, rows):
    return (values * weights)[rows].sum() / weights[rows].sum()


@pytest.mark.parametrize("batch_size", [6, 30])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["holes", "weights"])
def test_losses_are_means_over_the_targets_that_count(batch_size, weights):
    sizes = {"batch_iterator_train": batch_size, "batch_iterator_test": batch_size}
    net = still(regression=True, ignore_label=np.nan if weights is None else None, **sizes)
    net.fit(X, GAPPY if weights is None else Y, sample_weight=weights)
    squares, own = (X - Y) ** 2, ~HOLES if weights is None else weights
    row = net.train_history_[0]
    assert row["train_loss"] == pytest.approx(mean_of(squares, own, TRAIN), rel=1e-6)
    assert row["valid_loss"] == pytest.approx(mean_of(squares, own, VALID), rel=1e-6)


def test_holes_are_targets_of_weight_zero():
    holes = learning(regression=True, ignore_label=np.nan).fit(X, GAPPY)
    zeros = learning(regression=True).fit(X, Y, sample_weight=~HOLES)
    np.testing.assert_array_equal(weights_of(holes), weights_of(zeros))
    assert np.isfinite(holes.predict(X)).all()


def test_rows_without_a_target_are_as_good_as_left_out():
    net = functools.partial(learning, output_W=0.1 * np.ones((3, 1)), regression=True)
    known = ~HOLES[:, 0]
    holes = net(ignore_label=np.nan).fit(X, GAPPY[:, 0])
    left_out = net(batch_iterator_train=int(known.sum())).fit(X[known], Y[known, 0])
    np.testing.assert_allclose(weights_of(holes), weights_of(left_out), rtol=1e-5)
    losses = [[row["train_loss"] for row in one.train_history_] for one in (holes, left_out)]
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_batches_of_holes_alone_change_nothing():
    net = functools.partial(learning, regression=True, batch_iterator_train=BatchIterator(6))
    y = np.where(np.arange(30)[:, None] < 24, np.nan, Y)
    holes = net(ignore_label=np.nan).fit(X, y)
    alone = net().fit(X[24:], Y[24:])
    np.testing.assert_allclose(weights_of(holes), weights_of(alone), rtol=1e-5)
    losses = [[row["train_loss"] for row in one.train_history_] for one in (holes, alone)]
    np.testing.assert_allclose(*losses, rtol=1e-6)


def likelihood(labels, classes="abc"):
    """Return the cross-entropy of the softmax of X for labels."""
    index = np.searchsorted(list(classes), labels)
    log_p = X - np.log(np.exp(np.float64(X)).sum(axis=1, keepdims=True))
    return -log_p[np.arange(30), index], log_p.argmax(axis=1) == index


@pytest.mark.parametrize(
    ("ignored", "hole"), [("-", "-"), (np.nan, None), (np.nan, np.nan), (pd.NA, pd.NA)]
)
def test_ignored_classes_count_nothing(ignored, hole):
    labels = np.where(X[:, 0] < X[:, 1] - 0.5, "b", LABELS)
    holes = HOLES[:, 1]
    y = labels.astype(object)
    y[holes] = hole
    net = still(ignore_label=ignored).fit(X, y)
    assert net.classes_.tolist() == ["a", "b", "c"]
    losses, correct = likelihood(labels)
    row = net.train_history_[0]
    assert row["train_loss"] == pytest.approx(mean_of(losses, ~holes, TRAIN), rel=1e-6)
    assert row["valid_loss"] == pytest.approx(mean_of(losses, ~holes, VALID), rel=1e-6)
    assert row["valid_accuracy"] == pytest.approx(mean_of(correct, ~holes, VALID))
    assert net.score(X, y) == pytest.approx(correct[~holes].mean())
    assert set(net.predict(X)) <= {"a", "b", "c"}

"""Targets that count nothing, and weights of single targets, through whole fits."""

import functools
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

from skconv import BatchIterator, NeuralNet, clear_programs, compile_counts
from skconv.augment import MixUp
from skconv.layers import DenseLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV
from skconv.nonlinearities import sigmoid, softmax
from skconv.updates.rules import sgd

from .exactness import assert_agree

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


@pytest.mark.parametrize(
    ("batch_size", "weights"),
    [(6, None), (30, None), (6, WEIGHTS)],
    ids=["holes", "holes in one batch", "weights"],
)
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
    assert_agree(weights_of(holes), weights_of(zeros))
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


def test_indicators_may_be_unknown():
    indicators = (Y > 0).astype(int)
    y = np.where(HOLES, -1, indicators)
    net = still(ignore_label=-1).fit(X, y)
    row = net.train_history_[0]
    losses = np.logaddexp(0, np.float64(X)) - indicators * X
    assert row["valid_loss"] == pytest.approx(mean_of(losses, ~HOLES, VALID), rel=1e-6)
    right = (((X > 0) == indicators) | HOLES).all(axis=1)
    some = (~HOLES).any(axis=1)
    assert row["valid_accuracy"] == pytest.approx(mean_of(right, some, VALID))
    assert net.score(X, y) == pytest.approx(right[some].mean())
    assert set(np.unique(net.predict(X))) <= {0, 1}


OUTPUTS = [
    ("input", InputLayer),
    (DenseLayer, {"name": "kind", "incoming": "input", "W": np.eye(3), "b": None}),
    (DenseLayer, {"name": "size", "incoming": "input", "W": np.eye(3), "b": None}),
]


def two_outputs(**params):
    fixed = {"update": sgd, "update_learning_rate": 0.0, "max_epochs": 1, "random_state": 0}
    sizes = {"batch_iterator_train": 6, "batch_iterator_test": 6}
    return NeuralNet(
        layers=OUTPUTS,
        outputs=["kind", "size"],
        regression={"size": True},
        train_split=[(TRAIN, VALID)],
        **fixed | sizes | params,
    )


@pytest.mark.parametrize("given", ["holes", "weights"])
def test_each_output_has_holes_and_weights_of_its_own(given):
    kind, weight = LABELS.astype(object), np.ones(30)
    if given == "holes":
        kind, size, own, weight = np.where(HOLES[:, 0], "?", kind), GAPPY, ~HOLES, ~HOLES[:, 0]
        net = two_outputs(ignore_label={"kind": "?", "size": np.nan}, output_weights={"size": 0.5})
        net.fit(X, {"kind": kind, "size": size})
    else:
        size, own, weight = Y, WEIGHTS, WEIGHTS[:, 1] + 0.1
        net = two_outputs(output_weights={"size": 0.5})
        net.fit(X, [kind, size], sample_weight={"kind": weight, "size": WEIGHTS})
    losses, correct = likelihood(LABELS)
    squares = (X - Y) ** 2
    expected = {
        "valid_loss_kind": mean_of(losses, weight, VALID),
        "valid_loss_size": mean_of(squares, own, VALID),
        "valid_accuracy_kind": mean_of(correct, weight, VALID),
        "valid_accuracy": mean_of(correct, weight, VALID),
        "train_loss": mean_of(losses, weight, TRAIN) + 0.5 * mean_of(squares, own, TRAIN),
    }
    expected["valid_loss"] = expected["valid_loss_kind"] + 0.5 * expected["valid_loss_size"]
    row = net.train_history_[0]
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-6)


def test_scores_leave_ignored_targets_out():
    net = still(
        regression=True,
        ignore_label=np.nan,
        scores_train=[("mae", lambda p, y: abs(p - y))],
        scores_valid=[("valid_mae", lambda p, y: abs(p - y))],
    ).fit(X, GAPPY)
    row, errors = net.train_history_[0], abs(X - Y)
    assert row["mae"] == pytest.approx(mean_of(errors, ~HOLES, TRAIN), rel=1e-6)
    assert row["valid_mae"] == pytest.approx(mean_of(errors, ~HOLES, VALID), rel=1e-6)
    labels = np.where(HOLES[:, 0], "?", LABELS.astype(object))
    seen = []

    def custom(y_true, y_output):
        seen.append(y_true)
        return 0.0

    net = still(ignore_label="?", custom_scores=["balanced_accuracy", ("own", custom)])
    row = net.fit(X, labels).train_history_[0]
    known = VALID[~HOLES[VALID, 0]]
    expected = balanced_accuracy_score(LABELS[known], net.predict(X[known]))
    assert row["balanced_accuracy"] == pytest.approx(expected)
    assert (seen[0] == -1).tolist() == HOLES[VALID, 0].tolist()


def test_scales_and_class_weights_are_those_of_known_targets():
    y = np.where(HOLES, np.nan, 100 + 5 * Y)
    net = learning(regression=True, normalize_y=True, ignore_label=np.nan).fit(X, y)
    target = net._fitted().outputs.targets[0]
    np.testing.assert_allclose(target.mean, np.nanmean(y, axis=0), rtol=1e-6)
    np.testing.assert_allclose(target.scale, np.nanstd(y, axis=0), rtol=1e-5)
    holes = HOLES[:, 0]
    labels = np.where(holes, "?", LABELS.astype(object))
    settings = {"output_W": np.zeros((3, 3)), "class_weight": "balanced"}
    net = learning(ignore_label="?", **settings).fit(X, labels)
    alone = learning(batch_iterator_train=int((~holes).sum()), **settings)
    alone.fit(X[~holes], LABELS[~holes])
    np.testing.assert_allclose(weights_of(net), weights_of(alone), rtol=1e-5, atol=1e-7)


def test_class_weights_and_weights_of_targets_multiply():
    by_label = {"a": 1.0, "b": 2.0, "c": 0.5}
    weights = WEIGHTS[:, 0] + 0.1
    net = still(class_weight=by_label).fit(X, LABELS, sample_weight=weights)
    own = weights * [by_label[label] for label in LABELS]
    expected = mean_of(likelihood(LABELS)[0], own, TRAIN)
    assert net.train_history_[0]["train_loss"] == pytest.approx(expected, rel=1e-6)


def test_holes_share_a_program_and_nets_without_them_compile_as_before():
    clear_programs()
    counts = [compile_counts()["train"]]
    learning(regression=True).fit(X, Y)
    counts.append(compile_counts()["train"])
    learning(regression=True, ignore_label=np.nan).fit(X, GAPPY)
    counts.append(compile_counts()["train"])
    learning(regression=True, ignore_label=np.nan).fit(X, np.where(HOLES[::-1], np.nan, Y))
    learning(regression=True, ignore_label=-999).fit(X, np.where(HOLES, -999, Y))
    learning(regression=True, ignore_label=np.nan).fit(X, Y)
    learning(regression=True).fit(X, Y)
    counts.append(compile_counts()["train"])
    assert np.diff(counts).tolist() == [1, 1, 0]


@pytest.mark.parametrize("lanes", ["loop", "vmap"])
def test_searches_split_holes_and_weights(lanes):
    net = learning(regression=True, ignore_label=np.nan, max_epochs=1)
    grid = {"update_learning_rate": [0.05, 0.1]}
    batched = BatchedGridSearchCV(net, grid, cv=3, lanes=lanes)
    given = GridSearchCV(net, grid, cv=3, error_score="raise")
    scores = [
        search.fit(X, GAPPY, sample_weight=WEIGHTS + 0.1).cv_results_["mean_test_score"]
        for search in (batched, given)
    ]
    np.testing.assert_allclose(*scores, rtol=1e-5)


def test_searches_over_labels_with_holes():
    y = np.where(HOLES[:, 0], None, LABELS.astype(object))
    net = learning(ignore_label=np.nan, max_epochs=1)
    search = BatchedGridSearchCV(net, {"update_learning_rate": [0.05, 0.1]}, cv=3).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    scores = cross_val_score(net, X, y, cv=KFold(3), error_score="raise")
    assert np.isfinite(scores).all()


def test_batches_transformed_on_the_host_and_streams_keep_weights(monkeypatch):
    class Same(BatchIterator):
        def transform(self, Xb, yb):
            return Xb, yb

    whole = learning(regression=True, ignore_label=np.nan, batch_iterator_train=BatchIterator(6))
    expected = weights_of(whole.fit(X, GAPPY, sample_weight=WEIGHTS))
    on_host = learning(regression=True, ignore_label=np.nan, batch_iterator_train=Same(6))
    on_host.fit(X, GAPPY, sample_weight=WEIGHTS)
    np.testing.assert_allclose(weights_of(on_host), expected, rtol=1e-5)
    monkeypatch.setattr("skconv.data.chunks.CHUNK_BYTES", 2 * 6 * 12)
    streamed = learning(regression=True, ignore_label=np.nan, batch_iterator_train=BatchIterator(6))
    streamed.fit(X, GAPPY, sample_weight=WEIGHTS)
    np.testing.assert_allclose(weights_of(streamed), expected, rtol=1e-5)


def test_calls_of_partial_fit_may_lack_targets():
    net = learning(ignore_label="?")
    net.partial_fit(X, LABELS, classes=["a", "b", "c"])
    before = weights_of(net)
    net.partial_fit(X[:5], np.where(np.arange(5) < 4, "?", LABELS[:5]))
    assert not np.array_equal(weights_of(net), before)
    message = "the training samples must have a target that counts, but all of them are ignored"
    with pytest.raises(ValueError, match=message):
        net.partial_fit(X[:2], ["?", "?"])


def test_a_validation_set_without_targets_has_no_loss():
    y = np.where(np.isin(np.arange(30), VALID)[:, None], np.nan, Y)
    with pytest.warns(UserWarning, match="the validation set has no target that counts"):
        net = still(regression=True, ignore_label=np.nan).fit(X, y)
    assert np.isnan(net.train_history_[0]["valid_loss"])
    assert np.isfinite(net.train_history_[0]["train_loss"])


def test_mixed_targets_are_ignored_with_either_row():
    y = np.where(HOLES[:, 0], "?", LABELS.astype(object))
    net = learning(ignore_label="?", augment=MixUp(alpha=0.4)).fit(X, y)
    assert np.isfinite(weights_of(net)).all()
    assert np.isfinite([row["train_loss"] for row in net.train_history_]).all()


@pytest.mark.parametrize(
    ("params", "y", "message"),
    [
        ({"regression": True}, GAPPY, "Input y contains NaN. Set ignore_label=numpy.nan to leave"),
        ({}, ["a", None] * 15, "y must have a label in each row, got None in row 1. Set ignore_la"),
        ({"regression": True, "ignore_label": np.nan}, np.full(30, np.nan), "in all 30 rows"),
        ({"ignore_label": "?"}, ["?"] * 30, "y must hold targets other than ignore_label, got '?'"),
        (
            {"regression": True, "ignore_label": "?"},
            Y,
            "ignore_label must be a number or numpy",
        ),
        (
            {"ignore_label": {"outptu": 1}},
            LABELS,
            "ignore_label must have names of outputs",
        ),
        (
            {"ignore_label": "?"},
            np.where(HOLES[:, 0], "?", "a"),
            "y must contain at least 2",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(params, y, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        learning(**params).fit(X, y)


def test_an_ignored_label_is_not_a_class():
    with pytest.raises(ValueError, match="classes must not hold ignore_label"):
        learning(ignore_label="c").partial_fit(X, LABELS, classes=["a", "b", "c"])
    net = learning(ignore_label=2, max_epochs=1, output_num_units=3)
    net.partial_fit(X, X.argmax(axis=1))
    assert net.classes_.tolist() == [0, 1]
    assert set(net.predict(X)) <= {0, 1}


def test_soft_labels_train_by_the_crossentropy_against_them():
    soft = np.exp(Y) / np.exp(Y).sum(axis=1, keepdims=True)
    net = still().fit(X, soft)
    log_p = X - np.log(np.exp(np.float64(X)).sum(axis=1, keepdims=True))
    losses = -(soft * log_p).sum(axis=1)
    row, correct = net.train_history_[0], X.argmax(axis=1) == soft.argmax(axis=1)
    assert row["train_loss"] == pytest.approx(losses[TRAIN].mean(), rel=1e-6)
    assert row["valid_accuracy"] == pytest.approx(correct[VALID].mean())
    assert net.classes_.tolist() == [0, 1, 2]
    assert net.predict(X).tolist() == X.argmax(axis=1).tolist()
    assert net.score(X, soft) == net.score(X, soft.argmax(axis=1)) == pytest.approx(correct.mean())
    assert np.isfinite(cross_val_score(learning(max_epochs=1), X, soft, cv=2)).all()


def test_one_hot_classes_exclude_each_other_after_a_softmax():
    index = X.argmax(axis=1)
    y = np.eye(3, dtype=int)[index]
    by_loss = {"objective_loss_function": "categorical_crossentropy"}
    for params in ({"output_nonlinearity": softmax}, by_loss):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            net = still(**params).fit(X, y)
        losses, _ = likelihood(LABELS)
        assert net.train_history_[0]["train_loss"] == pytest.approx(losses[TRAIN].mean(), rel=1e-6)
        np.testing.assert_array_equal(net.predict(X), y)
        np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
        assert net.score(X, y) == 1.0
    with pytest.warns(UserWarning, match=r"pass y.argmax\(axis=1\) or set output_nonl"):
        still().fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        still(objective_loss_function="binary_crossentropy").fit(X, y)
        still(output_nonlinearity=sigmoid).fit(X, y)


def test_a_column_without_targets_warns():
    y = np.where(np.arange(3) == 1, np.nan, Y)
    with pytest.warns(UserWarning, match="column 1 of y has no targets to train on"):
        still(regression=True, ignore_label=np.nan).fit(X, y)

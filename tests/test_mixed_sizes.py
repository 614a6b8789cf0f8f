"""Nets that are fitted on rows of several shapes."""

import copy
import functools
import itertools

import numpy as np
import pytest
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skconv import NeuralNet
from skconv.augment import RandomFlip
from skconv.data.iterators import BatchIterator
from skconv.ensemble import BatchedBagging
from skconv.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    EmbeddingLayer,
    GlobalPoolLayer,
    InputLayer,
    NormalizationLayer,
    RecurrentLayer,
)
from skconv.model_selection import BatchedGridSearchCV
from skconv.preprocessing import PadSequences
from tests.compiling import compiled

rng = np.random.default_rng(0)


def images(n, *size):
    """Return a list of images and the direction of their stripes."""
    y = rng.integers(2, size=n)
    X = rng.normal(scale=0.3, size=(n, 1, *size)).astype(np.float32)
    X[y == 0, :, ::2] += 1
    X[y == 1, :, :, ::2] += 1
    return list(X), np.array(["rows", "columns"])[y].tolist()


def shuffled(*parts):
    X, y = (list(itertools.chain(*lists)) for lists in zip(*parts, strict=True))
    order = np.random.default_rng(1).permutation(len(X))
    return [X[i] for i in order], np.array(y)[order]


SMALL, LARGE, SINGLE = images(60, 8, 8), images(30, 12, 10), images(1, 9, 9)

X, y = shuffled(SMALL, LARGE, SINGLE)

X_VAL, Y_VAL = shuffled(images(9, 8, 8), images(5, 7, 9))

LAYERS = [
    ("input", InputLayer),
    (Conv2DLayer, {"name": "conv", "num_filters": 4, "filter_size": 3}),
    ("norm", BatchNormLayer),
    ("pool", GlobalPoolLayer),
    ("output", DenseLayer),
]

mixed_net = functools.partial(
    NeuralNet,
    layers=LAYERS,
    input_shape=(None, 1, None, None),
    batch_iterator_train=16,
    batch_iterator_test=16,
    update_learning_rate=0.05,
    max_epochs=4,
    random_state=0,
)


@pytest.fixture(scope="module")
def fitted():
    """Return a net fitted on three shapes, and the number of programs that this compiled."""
    return compiled(mixed_net().fit, X, y)


def test_a_net_learns_from_several_sizes(fitted):
    net, count = fitted
    losses = [row["train_loss"] for row in net.train_history_]
    assert losses[-1] < losses[0] / 2
    assert count == 3
    score, count = compiled(net.score, X, y)
    assert score > 0.9
    assert count == 3
    assert not hasattr(net, "n_features_in_")


def test_the_same_sizes_compile_nothing_more(fitted):
    net, _ = fitted
    again, count = compiled(mixed_net().fit, X[::-1], y[::-1])
    assert count == 0
    assert compiled(net.predict, X[::2])[1] == 0
    assert again.score(X, y) > 0.9


def test_equal_seeds_give_equal_weights(fitted):
    net, _ = fitted
    other = mixed_net().fit(np.array([*X, None], object)[:-1], y)
    for name, values in net.get_all_params_values().items():
        for one, two in zip(values, other.get_all_params_values()[name], strict=True):
            assert np.array_equal(one, two)


def test_an_epoch_is_one_step_after_another_on_each_size():
    settings = {"batch_iterator_train": BatchIterator(64), "train_split": None, "max_epochs": 1}
    weights = np.random.default_rng(2).uniform(size=90)
    parts = [SMALL, LARGE]
    whole = mixed_net(**settings).fit(SMALL[0] + LARGE[0], SMALL[1] + LARGE[1], weights)
    single = mixed_net(**settings)
    for (Xi, yi), own in zip(parts, (weights[:60], weights[60:]), strict=True):
        single.partial_fit(np.stack(Xi), yi, ["columns", "rows"], own)
    for name in ("conv", "norm", "output"):
        pairs = zip(*(net.get_all_params_values()[name] for net in (whole, single)), strict=True)
        assert all(np.allclose(*pair, atol=1e-6) for pair in pairs)


def test_validation_sets_of_several_sizes():
    def loss(y_true, proba):
        return -np.log(proba[range(len(y_true)), y_true]).mean()

    def accuracy(y_true, proba):
        return accuracy_score(y_true, proba.argmax(axis=1))

    net = mixed_net(max_epochs=1, custom_scores=[("loss", loss), ("accuracy", accuracy)])
    # two shapes of X, one of them in X_val, too, and one of X_val alone
    count = compiled(net.fit, X[:40], y[:40], X_val=X_VAL, y_val=Y_VAL)[1]
    (row,) = net.train_history_
    assert count == len({x.shape for x in X[:40] + X_VAL})
    assert row["valid_loss"] == pytest.approx(row["loss"], rel=1e-4)
    assert row["valid_accuracy"] == pytest.approx(row["accuracy"])
    assert row["accuracy"] == pytest.approx(net.score(X_VAL, Y_VAL))


def test_one_size_to_train_and_several_to_validate():
    net = mixed_net(max_epochs=1).fit(np.stack(SMALL[0]), SMALL[1], X_val=X_VAL, y_val=Y_VAL)
    assert net.train_history_[0]["valid_accuracy"] == pytest.approx(net.score(X_VAL, Y_VAL))
    net.fit(X, y, X_val=np.stack(LARGE[0]), y_val=LARGE[1])
    assert net.train_history_[0]["valid_accuracy"] == pytest.approx(net.score(*LARGE))


def test_weights_of_classes_and_samples():
    sample_weight = np.where(y == "rows", 3.0, 1.0)
    settings = {"max_epochs": 1, "train_split": None}
    by_row = mixed_net(**settings).fit(X, y, sample_weight=sample_weight)
    by_class = mixed_net(class_weight={"rows": 3.0, "columns": 1.0}, **settings).fit(X, y)
    assert np.array_equal(by_row.predict_proba(X), by_class.predict_proba(X))


def test_searches(fitted):
    search = {"update_learning_rate": [0.05, 0.1]}
    scores, count = compiled(cross_val_score, mixed_net(), X, y, cv=3, error_score="raise")
    assert count == 0
    assert scores.mean() > 0.9
    cv = KFold(2, shuffle=True, random_state=0)
    ours = BatchedGridSearchCV(mixed_net(max_epochs=2), search, cv=cv).fit(X, y)
    theirs = GridSearchCV(mixed_net(max_epochs=2), search, cv=cv).fit(X, y)
    for key in ("mean_test_score", "std_test_score"):
        assert np.allclose(ours.cv_results_[key], theirs.cv_results_[key])
    assert compiled(ours.predict, X)[1] == 0


def test_handlers_and_transforms_of_several_sizes():
    seen = []
    net = mixed_net(
        max_epochs=1,
        train_split=None,
        augment=RandomFlip(),
        on_batch_finished=lambda net, history: seen.append(len(history)),
    ).fit(X[:20], y[:20])
    assert seen == [0] * len(seen)
    again = net.set_params(warm_start=True).fit(X[20:40], y[20:40])
    assert [row["epoch"] for row in again.train_history_] == [1, 2]


class Crop(BatchIterator):
    def transform(self, Xb, yb):
        return Xb[:, :, :8, :8], yb


def test_a_transform_that_brings_all_rows_to_one_size():
    iterators = {"batch_iterator_train": Crop(16), "batch_iterator_test": Crop(16)}
    net = mixed_net(input_shape=(None, 1, 8, 8), max_epochs=1, **iterators)
    assert compiled(net.fit, X, y)[1] == 1


def test_a_single_row_of_each_size_and_statistics_of_all_rows():
    layers = [LAYERS[0], ("scale", NormalizationLayer), *LAYERS[1:]]
    rows = [rng.normal(size=(1, n, 8)).astype(np.float32) for n in (5, 6)]
    net = mixed_net(layers=layers, max_epochs=1, train_split=None).fit(rows, [0, 1])
    assert net.predict_proba(rows).shape == (2, 2)
    pixels = np.concatenate([x.ravel() for x in rows])
    mean, std = (np.ravel(a)[0] for a in net.get_all_params_values()["scale"])
    assert mean == pytest.approx(pixels.mean(), rel=1e-3)
    assert std == pytest.approx(pixels.std(), rel=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_shape": (None, 1, 8, 8)}, r"X must have rows of one shape, got rows of shape"),
        ({"input_shape": (None, 3, None, None)}, r"\(n, 3, any, any\).*got \(n, 1, 12, 10\)"),
        (
            {"conv_filter_size": 9},
            r"rows of a size that all layers take, got \(n, 1, 8, 8\).*'conv'",
        ),
        ({"layers": [LAYERS[0], LAYERS[-1]]}, r"layer 'output' \(DenseLayer\) has W of shape"),
        ({"train_split": lambda X, y, net: (X, X, y, y)}, r"one shape here, got rows of 3 shap"),
    ],
)
def test_errors_come_before_training(change, message):
    net = mixed_net(**change)
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")


def test_bagging():
    bag = BatchedBagging(mixed_net(), 2, random_state=0).fit(X, y)
    assert bag.score(X, y) > 0.8


def test_sequences_in_buckets():
    words = [rng.integers(1, 9, size=n) for n in rng.integers(1, 9, size=60)]
    kinds = np.array(["low" if row[0] < 5 else "high" for row in words])
    net = NeuralNet(
        layers=[
            ("words", InputLayer),
            ("mask", InputLayer),
            (EmbeddingLayer, {"name": "vectors", "incoming": "words"}),
            (RecurrentLayer, {"name": "last", "mask_input": "mask", "backwards": True}),
            ("output", DenseLayer),
        ],
        words_shape=(None, None),
        mask_shape=(None, None),
        vectors_input_size=9,
        vectors_output_size=8,
        last_num_units=8,
        last_only_return_final=True,
        update="adam",
        update_learning_rate=0.03,
        batch_iterator_train=8,
        train_split=None,
        max_epochs=20,
        random_state=0,
    )
    pad = PadSequences("words", buckets=True, length_multiple=4)
    model, count = compiled(make_pipeline(pad, net).fit, words, kinds)
    assert count == 2
    assert model.score(words, kinds) > 0.9
    together = clone_with(model, buckets=False).transform(words)
    assert np.allclose(model[-1].predict_proba(together), model.predict_proba(words), atol=1e-5)


def clone_with(model, **settings):
    return copy.deepcopy(model[0]).set_params(**settings)

"""Positions whose targets count nothing, and weights of positions and of their classes."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score

from skconv import NeuralNet, compile_counts
from skconv.augment import RandomFlip
from skconv.layers import Conv2DLayer, DenseLayer, GlobalPoolLayer, GRULayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(24, 2, 4, 3)).astype(np.float32)
MASKS = (IMAGES > 0).sum(axis=1).astype(np.uint8)
HOLES = rng.random(MASKS.shape) < 0.3
WITH_HOLES = np.where(HOLES, np.uint8(255), MASKS)
SERIES = rng.normal(size=(24, 5, 3)).astype(np.float32)
TAGS = np.array(["out", "in", "-"])[np.where(rng.random((24, 5)) < 0.2, 2, SERIES[:, :, 0] > 0)]


def make_net(**kwargs):
    given = {"output_filter_size": 1, "update": "sgd", "batch_iterator_train": 24}
    given |= {"max_epochs": 1, "random_state": 0, "ignore_label": 255}
    return NeuralNet([("input", InputLayer), ("output", Conv2DLayer)], **(given | kwargs))


@pytest.fixture(scope="module")
def fitted():
    net = make_net(max_epochs=20, update_learning_rate=1.0, batch_iterator_train=5)
    return net.fit(IMAGES[:15], WITH_HOLES[:15], X_val=IMAGES[15:], y_val=WITH_HOLES[15:])


def test_ignored_pixels_count_nothing(fitted):
    known = ~HOLES[15:]
    p = np.moveaxis(fitted.predict_proba(IMAGES[15:]), 1, -1)[known]
    predicted = fitted.predict(IMAGES[15:])
    assert fitted.classes_.tolist() == [0, 1, 2]
    assert predicted.dtype == np.uint8
    accuracy = accuracy_score(MASKS[15:][known], predicted[known])
    row = fitted.train_history_[-1]
    assert row["valid_loss"] == pytest.approx(log_loss(MASKS[15:][known], p), rel=1e-5)
    assert row["valid_accuracy"] == pytest.approx(accuracy, rel=1e-6)
    assert fitted.score(IMAGES[15:], WITH_HOLES[15:]) == pytest.approx(accuracy)


def test_what_ignored_pixels_hold_changes_nothing(fitted):
    """The weights are those of a weight of zero for the same pixels, which have any class."""
    other = np.where(HOLES, 1, MASKS)
    weights = np.where(HOLES, 0.0, 1.0)
    given = {"update_learning_rate": 0.5, "train_split": None, "max_epochs": 3}
    one = make_net(**given).fit(IMAGES, WITH_HOLES)
    two = make_net(ignore_label=None, **given).fit(IMAGES, other, sample_weight=weights)
    np.testing.assert_allclose(one.predict_proba(IMAGES), two.predict_proba(IMAGES), rtol=1e-5)
    counts = compile_counts()
    one.fit(IMAGES[::-1], WITH_HOLES[::-1]).predict(IMAGES)
    assert compile_counts() == counts


@pytest.mark.parametrize("single", [False, True])
def test_classes_weigh_their_pixels(single):
    y = np.where(WITH_HOLES == 2, 1, WITH_HOLES)
    given = {"output_num_filters": 1} if single else {}
    balanced = make_net(class_weight="balanced", train_split=None, **given).fit(IMAGES, y)
    known = ~HOLES
    share = np.bincount(y[known]) / known.sum()
    by_class = {0: 0.5 / share[0], 1: 0.5 / share[1]}
    own = make_net(class_weight=by_class, train_split=None, **given).fit(IMAGES, y)
    plain = make_net(update_learning_rate=0.0, train_split=None, **given).fit(IMAGES, y)
    p = np.moveaxis(plain.predict_proba(IMAGES), 1, -1)[known]
    weights = np.array([by_class[0], by_class[1]])[y[known]]
    expected = log_loss(y[known], p, sample_weight=weights)
    for net in (balanced, own):
        assert net.train_history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("y", "ignored", "classes"),
    [
        (TAGS, "-", ["in", "out"]),
        (np.where(TAGS == "-", 9, TAGS == "in").astype(int), 9, [0, 1]),
        (np.where(TAGS == "-", np.nan, TAGS == "in"), np.nan, [0.0, 1.0]),
        (np.where(TAGS == "-", None, TAGS), np.nan, ["in", "out"]),
    ],
)
def test_tags_of_padding_are_left_out(y, ignored, classes):
    layers = [("input", InputLayer), ("gru", GRULayer), ("output", DenseLayer(num_leading_axes=2))]
    net = NeuralNet(layers, gru_num_units=3, max_epochs=1, random_state=0, ignore_label=ignored)
    net.fit(SERIES, y)
    assert net.classes_.tolist() == classes
    known, predicted = TAGS != "-", net.predict(SERIES)
    assert predicted.shape == y.shape
    assert net.score(SERIES, y) == pytest.approx((predicted == y)[known].mean())


def test_searches_leave_ignored_pixels_out():
    net, grid = make_net(), {"update_learning_rate": [0.1, 1.0]}
    scores = cross_val_score(net.set_params(update_learning_rate=1.0), IMAGES, WITH_HOLES, cv=2)
    for search in (GridSearchCV(net, grid, cv=2), BatchedGridSearchCV(net, grid, cv=2)):
        found = search.fit(IMAGES, WITH_HOLES).cv_results_["mean_test_score"][1]
        assert found == pytest.approx(np.mean(scores))


def test_pixels_and_rows_are_outputs_of_one_net():
    layers = [
        ("input", InputLayer),
        ("hidden", Conv2DLayer(num_filters=4, filter_size=1)),
        ("pixels", Conv2DLayer(filter_size=1)),
        ("pool", GlobalPoolLayer(incoming="hidden")),
        ("kind", DenseLayer),
    ]
    kinds = np.array(["a", "b"])[(IMAGES.mean(axis=(1, 2, 3)) > 0).astype(int)]
    net = NeuralNet(
        layers,
        outputs=["pixels", "kind"],
        ignore_label={"pixels": 255},
        augment=RandomFlip(target="mask"),
        max_epochs=2,
        random_state=0,
    )
    net.fit(IMAGES, {"pixels": WITH_HOLES, "kind": kinds})
    pixels, predicted = net.predict(IMAGES)
    assert [part.shape for part in net.predict_proba(IMAGES)] == [(24, 3, 4, 3), (24, 2)]
    expected = (pixels == MASKS)[~HOLES].mean(), (predicted == kinds).mean()
    found = net.score(IMAGES, (WITH_HOLES, kinds))
    assert found == pytest.approx(np.mean(expected))

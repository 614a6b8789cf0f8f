"""A class for each pixel or time step: encoding, losses, scores, predictions and searches."""

import pickle
import re

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, jaccard_score, log_loss
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score

from skconv import NeuralNet
from skconv.layers import (
    Conv1DLayer,
    Conv2DLayer,
    DenseLayer,
    DimshuffleLayer,
    GRULayer,
    InputLayer,
    NonlinearityLayer,
    ReshapeLayer,
)
from skconv.model_selection import BatchedGridSearchCV
from skconv.nonlinearities import sigmoid, softmax
from skconv.training.programs import compile_counts

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(24, 2, 4, 3)).astype(np.float32)
LABELS = np.array(["cat", "dog", "sky"])
MASKS = LABELS[(IMAGES > 0).sum(axis=1)]
SERIES = rng.normal(size=(24, 5, 3)).astype(np.float32)
TAGS = (SERIES[:, :, 0] > 0).astype(int)


def images_net(**kwargs):
    given = {
        "layers": [("input", InputLayer), ("hidden", Conv2DLayer), ("output", Conv2DLayer)],
        "hidden_num_filters": 6,
        "hidden_filter_size": 1,
        "output_filter_size": 1,
        "update": "adam",
        "update_learning_rate": 0.05,
        "batch_iterator_train": 8,
        "max_epochs": 2,
        "random_state": 0,
    }
    return NeuralNet(**(given | kwargs))


def series_net(*last, **kwargs):
    given = {
        "layers": [("input", InputLayer), ("hidden", GRULayer), *last],
        "hidden_num_units": 4,
        "max_epochs": 1,
        "random_state": 0,
    }
    return NeuralNet(**(given | kwargs))


STEPS = ("output", DenseLayer(num_leading_axes=2))


@pytest.fixture(scope="module")
def fitted():
    scores = ["accuracy", "jaccard_macro", ("own", lambda y, out: (out.argmax(-1) == y).mean())]
    rows = [("rows", lambda out, y: out.argmax(-1) == y)]
    net = images_net(custom_scores=scores, scores_valid=rows, max_epochs=30)
    return net.fit(IMAGES[:16], MASKS[:16], X_val=IMAGES[16:], y_val=MASKS[16:])


def test_predictions_have_the_shape_and_the_labels_of_y(fitted):
    assert fitted.classes_.tolist() == LABELS.tolist()
    predicted, p = fitted.predict(IMAGES), fitted.predict_proba(IMAGES)
    assert (predicted.shape, predicted.dtype) == (MASKS.shape, MASKS.dtype)
    assert p.shape == (24, 3, 4, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(LABELS[p.argmax(axis=1)], predicted)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(IMAGES)), p, rtol=1e-5)
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict_proba(IMAGES), p)
    function, params = fitted.as_function()
    np.testing.assert_allclose(function(params, IMAGES), p, rtol=1e-5)


def test_scores_are_means_over_all_positions(fitted):
    true, predicted = MASKS[16:].ravel(), fitted.predict(IMAGES[16:]).ravel()
    row, accuracy = fitted.train_history_[-1], accuracy_score(true, predicted)
    assert accuracy > 0.9
    assert fitted.score(IMAGES[16:], MASKS[16:]) == accuracy
    for name in ("valid_accuracy", "accuracy", "own", "rows"):
        assert row[name] == pytest.approx(accuracy, rel=1e-6)
    assert row["jaccard_macro"] == pytest.approx(jaccard_score(true, predicted, average="macro"))
    p = np.moveaxis(fitted.predict_proba(IMAGES[16:]), 1, -1).reshape(-1, 3)
    assert row["valid_loss"] == pytest.approx(log_loss(true, p), rel=1e-5)
    weight = np.arange(24)
    assert fitted.score(IMAGES, MASKS, weight) == pytest.approx(
        accuracy_score(
            MASKS.ravel(), fitted.predict(IMAGES).ravel(), sample_weight=np.repeat(weight, 12)
        )
    )


def test_convolutions_of_one_pixel_are_dense_layers_on_pixels():
    W, V = rng.normal(size=(6, 2)) / 2, rng.normal(size=(3, 6)) / 2
    same = {"update": "sgd", "update_learning_rate": 0.5, "train_split": None, "max_epochs": 5}
    weights = {"hidden_W": W[:, :, None, None], "output_W": V[:, :, None, None]}
    dense = images_net(batch_iterator_train=24, **weights, **same).fit(IMAGES, MASKS)
    layers = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]
    flat = NeuralNet(
        layers, hidden_num_units=6, hidden_W=W.T, output_W=V.T, batch_iterator_train=288, **same
    )
    pixels = np.moveaxis(IMAGES, 1, -1).reshape(-1, 2)
    flat.fit(pixels, MASKS.ravel())
    losses = [[row["train_loss"] for row in net.train_history_] for net in (dense, flat)]
    assert losses[0][-1] < 0.9 * losses[0][0]
    np.testing.assert_allclose(*losses, rtol=1e-5)
    p = np.moveaxis(dense.predict_proba(IMAGES), 1, -1).reshape(-1, 3)
    np.testing.assert_allclose(p, flat.predict_proba(pixels), atol=1e-5)


@pytest.mark.parametrize(
    ("last", "shape", "axis"),
    [
        ([STEPS], (None, 5, 2), -1),
        ([("output", GRULayer)], (None, 5, 2), -1),
        ([("turn", DimshuffleLayer(pattern=(0, 2, 1))), ("output", Conv1DLayer)], (None, 2, 5), 1),
    ],
)
def test_the_kind_of_y_follows_from_the_output(last, shape, axis):
    """Zeros and ones are labels of rows for an output of two axes, classes for one of three."""
    given = {"output_filter_size": 1} if axis == 1 else {}
    net = series_net(*last, **given).fit(SERIES, TAGS)
    assert net.layers_["output"].output_shape == shape
    assert net.classes_.tolist() == [0, 1]
    assert net._model.network.unit_axes == (axis,)
    assert net.predict_proba(SERIES).shape == (24, 2, 5)
    np.testing.assert_allclose(net.predict_proba(SERIES).sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(net.predict(SERIES), net.predict_proba(SERIES).argmax(axis=1))


def test_zeros_and_ones_are_labels_for_an_output_without_positions():
    net = series_net(("output", DenseLayer)).fit(SERIES, TAGS)
    assert net.predict_proba(SERIES).shape == TAGS.shape
    assert net.layers_["output"].nonlinearity is sigmoid


@pytest.mark.parametrize("conv", [True, False])
def test_as_many_classes_as_positions_are_told_apart_by_the_kind_of_the_layer(conv):
    X, y = SERIES[:, :3], np.arange(24)[:, None] % 3 + np.zeros((1, 3), int)
    turned = [("input", InputLayer), ("output", Conv1DLayer)]
    layers = turned if conv else [("input", InputLayer), ("output", GRULayer)]
    given = {"output_filter_size": 1} if conv else {}
    net = NeuralNet(layers, max_epochs=1, random_state=0, **given).fit(X, y)
    assert net._model.network.unit_axes == (1 if conv else -1,)
    p = net.predict_proba(X)
    raw = net.get_output("output", X)
    raw = raw if conv else np.moveaxis(raw, -1, 1)
    np.testing.assert_array_equal(p.argmax(axis=1), raw.argmax(axis=1))
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("volume", [False, True])
def test_one_unit_separates_two_classes_at_each_position(volume):
    y = (IMAGES[:, 0] > 0).astype(np.uint8)
    net = images_net(output_num_filters=1, max_epochs=20)
    if volume:
        net.set_params(layers=[*net.layers, ("deep", ReshapeLayer(shape=([0], 1, 1, [2], [3])))])
        y = y[:, None]
    net.fit(IMAGES, y)
    p = net.predict_proba(IMAGES)
    assert p.shape == (24, 2, *y.shape[1:])
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(net.predict(IMAGES), p[:, 1] > 0.5)
    assert net.predict(IMAGES).dtype == np.uint8
    assert net.score(IMAGES, y) > 0.9
    np.testing.assert_allclose(np.exp(net.predict_log_proba(IMAGES)), p, atol=1e-6)
    row = net.set_params(max_epochs=1, update_learning_rate=0.0, train_split=None).fit(IMAGES, y)
    p = row.predict_proba(IMAGES)[:, 1].ravel()
    assert row.train_history_[-1]["train_loss"] == pytest.approx(log_loss(y.ravel(), p), rel=1e-5)


@pytest.mark.parametrize(
    ("net", "X", "y", "message"),
    [
        (
            images_net(output_filter_size=3),
            IMAGES,
            MASKS,
            "y must have shape (n, 2, 1), a class for each position of the output of shape "
            "(None, 3, 2, 1), got (n, 4, 3); use layers that keep the size, such as pad='same'",
        ),
        (
            images_net(),
            IMAGES,
            MASKS[:, 0, 0],
            "y must have shape (n, 4, 3), a class for each position of the output of shape "
            "(None, 3, 4, 3), got (n,); for a class for each row end the layers in a",
        ),
        (
            images_net(),
            IMAGES,
            MASKS[:, None],
            "got (n, 1, 4, 3); drop axes of length 1: y.reshape(-1, 4, 3)",
        ),
        (
            series_net(("output", DenseLayer)),
            IMAGES[:, 0],
            MASKS[:, None],
            "y must have shape (n,), a class for each row, for an output of shape (None, 3), got "
            "(n, 1, 4, 3); for a class at each position of y end the layers in one that keeps",
        ),
        (
            series_net(("output", DenseLayer)),
            SERIES,
            TAGS + 3 * TAGS[::-1],
            "y must have one column of classes, got several; name an output layer for each column "
            "in outputs, give indicators of 0 and 1, or for a class at each time step end",
        ),
        (images_net(output_num_filters=2), IMAGES, MASKS, "shape (None, 2, 4, 3), but y has 3"),
        (images_net(), IMAGES, MASKS[:, :, :1].repeat(3, axis=0)[:24, :2], "got (n, 2, 1)"),
        (series_net(STEPS), SERIES, TAGS * 0, "y must contain at least 2 classes, got 1 class"),
        (
            series_net(STEPS, ("end", NonlinearityLayer(nonlinearity=softmax))),
            SERIES,
            TAGS,
            "layer 'end' (NonlinearityLayer): nonlinearity must be over the classes of "
            "(None, 5, 2), got softmax over axis 1; leave the layer out",
        ),
    ],
)
def test_what_does_not_fit_is_told_before_training(net, X, y, message):
    if "end" in dict(net.layers[2:]):
        net.set_params(output_num_units=2)
    compiled = compile_counts()
    with pytest.raises(ValueError, match=re.escape(message)):
        net.fit(X, y)
    assert compile_counts() == compiled
    assert not hasattr(net, "classes_")


def test_searches_score_all_positions_and_compile_as_much_as_for_rows():
    net = images_net(max_epochs=1)
    scores = cross_val_score(net, IMAGES, MASKS, cv=2)
    counts = compile_counts()
    predicted = cross_val_predict(net, IMAGES, MASKS, cv=2)
    grid = {"update_learning_rate": [0.01, 0.05]}
    one = GridSearchCV(net, grid, cv=2).fit(IMAGES, MASKS)
    assert compile_counts() == counts
    other = BatchedGridSearchCV(net, grid, cv=2).fit(IMAGES, MASKS)
    halves = [(predicted == MASKS)[half].mean() for half in (slice(12), slice(12, 24))]
    np.testing.assert_allclose(scores, halves)
    for search in (one, other):
        assert search.predict(IMAGES).shape == MASKS.shape
        assert search.cv_results_["mean_test_score"][1] == pytest.approx(np.mean(scores))


def test_a_second_fit_compiles_nothing():
    net = images_net().fit(IMAGES[:16], MASKS[:16])
    net.predict(IMAGES)
    counts = compile_counts()
    net.set_params(update_learning_rate=0.01).fit(IMAGES, MASKS[::-1]).predict(IMAGES)
    net.fit(IMAGES[4:], (MASKS[4:] == "sky") + 2 * (MASKS[4:] == "cat")).predict(IMAGES)
    assert compile_counts() == counts


def test_training_continues_with_all_classes():
    part = images_net(warm_start=True)
    part.partial_fit(IMAGES[:8], np.full((8, 4, 3), "sky"), classes=LABELS)
    part.partial_fit(IMAGES, MASKS).fit(IMAGES, MASKS)
    assert part.classes_.tolist() == LABELS.tolist()
    assert part.predict(IMAGES).shape == MASKS.shape
    growing = images_net(output_num_filters=4).partial_fit(IMAGES, (MASKS == "sky").astype(int))
    assert growing.classes_.tolist() == [0, 1, 2, 3]


def p_of(net):
    return np.moveaxis(net.predict_proba(IMAGES), 1, -1).reshape(-1, 3)


def focal(p, true):
    q = p[np.arange(len(true)), true]
    return -((1 - q) ** 2) * np.log(q)


def smooth(p, true):
    return -0.9 * np.log(p[np.arange(len(true)), true]) - 0.1 * np.log(p).mean(axis=1)


@pytest.mark.parametrize(
    ("given", "formula"),
    [
        ({"objective_loss_function": "categorical_focal_loss"}, focal),
        ({"objective_label_smoothing": 0.1}, smooth),
    ],
)
def test_losses_are_means_over_positions(given, formula):
    net = images_net(update="sgd", update_learning_rate=0.0, train_split=None, **given)
    loss = net.fit(IMAGES, MASKS).train_history_[-1]["train_loss"]
    true = np.searchsorted(LABELS, MASKS.ravel())
    assert loss == pytest.approx(formula(p_of(net), true).mean(), rel=1e-5)


def test_a_hinge_loss_has_scores_of_positions():
    given = {"update": "sgd", "update_learning_rate": 0.0, "train_split": None}
    net = images_net(objective_loss_function="multiclass_hinge_loss", **given).fit(IMAGES, MASKS)
    scores = net.decision_function(IMAGES)
    assert scores.shape == (24, 3, 4, 3)
    assert not hasattr(net, "predict_proba")
    np.testing.assert_array_equal(net.predict(IMAGES), LABELS[scores.argmax(axis=1)])
    flat, true = np.moveaxis(scores, 1, -1).reshape(-1, 3), np.searchsorted(LABELS, MASKS.ravel())
    own = flat[np.arange(len(true)), true]
    flat[np.arange(len(true)), true] = -np.inf
    expected = np.maximum(0, 1 + flat.max(axis=1) - own).mean()
    assert net.train_history_[-1]["train_loss"] == pytest.approx(expected, rel=1e-5)


def test_losses_of_the_user_get_classes_on_the_last_axis():
    seen = []

    def loss(predictions, targets):
        seen.append((predictions.shape[1:], targets.shape[1:]))
        return -jnp.log(jnp.take_along_axis(predictions, targets[..., None], axis=-1)).squeeze(-1)

    net = images_net(objective_loss_function=loss, max_epochs=1, train_split=None)
    net.fit(IMAGES, MASKS)
    assert set(seen) == {((4, 3, 3), (4, 3))}
    assert np.isfinite(net.train_history_[0]["train_loss"])


def test_a_net_without_data_guesses_classes_for_positions():
    net = images_net(output_num_filters=3, input_shape=(None, 2, 4, 3)).initialize()
    assert net.predict(IMAGES).shape == MASKS.shape
    assert net.predict_proba(IMAGES).shape == (24, 3, 4, 3)

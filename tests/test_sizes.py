"""Nets whose input has free sizes, on rows of several sizes."""

import copy
import functools

import matplotlib
import numpy as np
import pytest
from scipy.signal import correlate2d
from sklearn.metrics import r2_score

from skconv import NeuralNet, clear_programs
from skconv.layers import (
    BatchNormLayer,
    Conv1DLayer,
    Conv2DLayer,
    DenseLayer,
    DimshuffleLayer,
    EmbeddingLayer,
    GlobalPoolLayer,
    GRULayer,
    InputLayer,
    MultiHeadAttentionLayer,
    SpatialPyramidPoolingLayer,
)
from skconv.nonlinearities import rectify
from skconv.visualize import grad_cam, plot_conv_activity, plot_occlusion
from tests.compiling import compiled

rng = np.random.default_rng(0)

matplotlib.use("Agg")


def images(n, *size):
    """Return images and the direction of their stripes."""
    y = rng.integers(2, size=n)
    X = rng.normal(scale=0.3, size=(n, 1, *size)).astype(np.float32)
    X[y == 0, :, ::2] += 1
    X[y == 1, :, :, ::2] += 1
    return X, np.array(["rows", "columns"])[y]


X, y = images(60, 8, 8)

LARGER, LABELS = images(9, 12, 10)

pooling_net = functools.partial(
    NeuralNet,
    layers=[
        ("input", InputLayer),
        (Conv2DLayer, {"name": "conv", "num_filters": 4, "filter_size": 3}),
        ("norm", BatchNormLayer),
        ("pool", GlobalPoolLayer),
        ("output", DenseLayer),
    ],
    input_shape=(None, 1, None, None),
    batch_iterator_train=16,
    update_learning_rate=0.3,
    max_epochs=8,
    random_state=0,
)


@pytest.fixture(scope="module")
def net():
    return pooling_net().fit(X, y)


def test_one_compile_for_each_size(net):
    assert net.score(X, y) > 0.9
    (_, first), (_, second) = compiled(net.predict, LARGER), compiled(net.predict, LARGER[:9])
    assert (first, second) == (1, 0)
    assert net.n_features_in_ == 64  # as in fit
    assert net.score(LARGER, LABELS) > 0.9
    assert net.score(LARGER.transpose(0, 1, 3, 2), LABELS) < 0.5
    for call in (net.predict_proba, net.predict, functools.partial(net.score, y=y)):
        assert compiled(call, X)[1] == 0


def test_refits_and_fits_on_another_size_share_programs(net):
    assert compiled(pooling_net(random_state=1, max_epochs=1).fit, X, y)[1] == 0
    other, count = compiled(pooling_net(max_epochs=1).fit, LARGER, LABELS)
    assert count == 1
    assert compiled(other.predict, LARGER)[1] == 0


def test_a_row_gets_what_it_gets_in_a_net_of_its_size(net):
    fixed = pooling_net(input_shape=(None, 1, 12, 10), output_num_units=2)
    fixed.load_params_from(net)
    assert np.allclose(fixed.predict_proba(LARGER), net.predict_proba(LARGER), atol=1e-6)
    assert np.array_equal(fixed.get_output("conv", LARGER), net.get_output("conv", LARGER))


def test_layers_and_shapes(net):
    assert net.layers_["conv"].output_shape == (None, 4, None, None)
    assert net.layers_["input"].shape == (None, 1, None, None)
    assert net.layers_["norm"].input_shapes == ((None, 4, None, None),)
    assert net.n_features_in_ == 64


def test_validation_set_of_another_size():
    one = pooling_net(max_epochs=2).fit(X, y, X_val=LARGER, y_val=LABELS)
    (row,) = one.train_history_[-1:]
    proba = np.float64(one.predict_proba(LARGER))
    index = np.searchsorted(one.classes_, LABELS)
    assert row["valid_loss"] == pytest.approx(-np.log(proba[range(9), index]).mean(), rel=1e-4)
    assert row["valid_accuracy"] == pytest.approx(one.score(LARGER, LABELS))


def test_partial_fit_on_one_size_after_another():
    one = pooling_net()
    for Xi, yi in ((X, y), (LARGER, LABELS), (X, y)):
        one.partial_fit(Xi, yi)
    assert len(one.train_history_) == 3
    count = compiled(one.partial_fit, LARGER, LABELS)[1]
    assert count == 0
    one.set_params(warm_start=True, max_epochs=1).fit(LARGER, LABELS)


def test_plots_of_another_size(net):
    assert grad_cam(net, LARGER).shape == (9, 12, 10)
    for figure in (
        plot_conv_activity(net.layers_["conv"], LARGER[:1]),
        plot_occlusion(net, LARGER[:1], LABELS[:1]),
    ):
        matplotlib.pyplot.close(figure)


def test_pure_function_of_another_size(net):
    function, params = net.as_function()
    assert np.allclose(function(params, LARGER), net.predict_proba(LARGER), atol=1e-6)


def test_a_net_with_known_sizes_says_how_to_leave_them_open():
    fixed = pooling_net(max_epochs=1, input_shape=(None, 1, 8, 8)).fit(X, y)
    hint = r"set input_shape=\(None, 1, None, None\) for a net that takes any size"
    with pytest.raises(ValueError, match=rf"\(n, 1, 8, 8\).*\(9, 1, 12, 10\); {hint}"):
        fixed.predict(LARGER)
    with pytest.raises(ValueError, match=rf"\(n, 1, 8, 8\).*{hint}"):
        fixed.predict(np.zeros((2, 1, 4, 16)))
    with pytest.raises(ValueError, match=rf"X_val.*{hint}"):
        fixed.fit(X, y, X_val=LARGER, y_val=LABELS)


def test_a_net_whose_parameters_depend_on_the_size():
    layers = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]
    one = pooling_net(layers=layers, hidden_num_units=3, max_epochs=1).fit(X, y)
    before = one.get_all_params_values()["hidden"][0]
    message = r"layer 'hidden' \(DenseLayer\) has W of shape \(64, 3\), .*GlobalPoolLayer"
    for call in (
        lambda: one.predict(LARGER),
        lambda: one.partial_fit(LARGER, LABELS),
        lambda: one.fit(X, y, X_val=LARGER, y_val=LABELS),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert np.array_equal(one.get_all_params_values()["hidden"][0], before)
    assert one.predict(X).shape == (60,)


def reference(net, image):
    """Compute a 3x3 convolution, a rectifier and a 1x1 convolution in NumPy."""
    W, b, W2, b2 = (np.float64(a) for name in ("conv", "output") for a in weights(net, name))
    padded = np.pad(image[0], 1)
    hidden = [
        np.maximum(correlate2d(padded, w[0], "valid") + c, 0) for w, c in zip(W, b, strict=True)
    ]
    return np.tensordot(W2[:, :, 0, 0], hidden, 1) + b2[:, None, None]


def weights(net, name):
    return net.get_all_params_values()[name]


@pytest.fixture(scope="module")
def dense_net():
    """A fully convolutional net that learns the square of each pixel."""
    return NeuralNet(
        layers=[
            ("input", InputLayer),
            (Conv2DLayer, {"name": "conv", "num_filters": 5, "filter_size": 3, "pad": "same"}),
            (Conv2DLayer, {"name": "output", "num_filters": 1, "filter_size": 1}),
        ],
        input_shape=(None, 1, None, None),
        conv_nonlinearity=rectify,
        regression=True,
        update_learning_rate=0.05,
        max_epochs=3,
        random_state=0,
    ).fit(X, X[:, 0] ** 2)


def test_a_fully_convolutional_net_predicts_another_size(dense_net):
    one = copy.deepcopy(dense_net)
    targets = X[:, 0] ** 2
    Z = rng.normal(size=(3, 1, 24, 24)).astype(np.float32)
    predicted = one.predict(Z)
    assert predicted.shape == (3, 24, 24)
    assert np.allclose(predicted, [reference(one, image)[0] for image in Z], atol=1e-5)
    one.fit(X, targets, X_val=Z, y_val=Z[:, 0])
    loss = np.square(one.predict(Z) - Z[:, 0]).mean()
    assert one.train_history_[-1]["valid_loss"] == pytest.approx(loss, rel=1e-4)
    one.partial_fit(Z, Z[:, 0])
    assert one.predict(X).shape == targets.shape
    assert one.score(Z, Z[:, 0]) < 1


SEQUENCES = rng.normal(size=(20, 5, 2)).astype(np.float32)

WORDS = rng.integers(6, size=(20, 5))


@pytest.mark.parametrize(
    ("layers", "shape", "small", "other"),
    [
        (
            [(GRULayer, {"num_units": 3, "only_return_final": True})],
            (None, None, 2),
            SEQUENCES,
            (9, 2),
        ),
        (
            [
                (EmbeddingLayer, {"input_size": 6, "output_size": 4}),
                (MultiHeadAttentionLayer, {"num_heads": 2}),
                (DimshuffleLayer, {"pattern": (0, 2, 1)}),
                (GlobalPoolLayer, {}),
            ],
            (None, None),
            WORDS,
            (8,),
        ),
        (
            [(Conv1DLayer, {"num_filters": 3, "filter_size": 3}), (GlobalPoolLayer, {})],
            (None, 5, None),
            SEQUENCES.repeat(3, axis=2),
            (5, 11),
        ),
        (
            [
                (Conv2DLayer, {"num_filters": 2, "filter_size": 3}),
                (SpatialPyramidPoolingLayer, {"pool_dims": (2, 1)}),
            ],
            (None, 1, None, 8),
            X[:20],
            (1, 13, 8),
        ),
    ],
    ids=["recurrent", "attention", "conv1d", "pyramid"],
)
def test_kinds_of_layers(layers, shape, small, other):
    one = NeuralNet(
        layers=[("input", InputLayer), *layers, ("output", DenseLayer)],
        input_shape=shape,
        batch_iterator_test=4,
        max_epochs=1,
        random_state=0,
    ).fit(small, np.arange(20) % 2)
    rows = np.resize(
        small, (6, *(other if isinstance(other, tuple) else (other, *small.shape[2:])))
    )
    proba, count = compiled(one.predict_proba, rows)
    assert count == 1
    assert proba.shape == (6, 2)
    assert np.allclose(proba.sum(axis=1), 1)


def shuffled(*lists):
    order = np.random.default_rng(1).permutation(len(lists[0]))
    return [[values[i] for i in order] for values in lists]


MIXED, MIXED_LABELS = shuffled([*X[:13], *LARGER], [*y[:13], *LABELS])


def test_a_list_of_images_of_two_sizes(net):
    clear_programs()
    (proba, first), (_, second) = compiled(net.predict_proba, MIXED), compiled(net.predict, MIXED)
    assert (first, second) == (2, 0)
    assert np.allclose(proba, [net.predict_proba(x[None])[0] for x in MIXED], atol=1e-6)
    assert net.score(MIXED, MIXED_LABELS) == np.mean(net.predict(MIXED) == MIXED_LABELS)
    maps = net.get_output("conv", MIXED)
    assert maps.dtype == object
    assert [a.shape[1:] for a in maps] == [(x.shape[1] - 2, x.shape[2] - 2) for x in MIXED]


def test_dense_outputs_of_several_sizes(dense_net):
    targets = [x[0] ** 2 for x in MIXED]
    predicted = dense_net.predict(MIXED)
    assert predicted.dtype == object
    assert all(p.shape == t.shape for p, t in zip(predicted, targets, strict=True))
    flat = [np.concatenate([a.ravel() for a in part]) for part in (targets, predicted)]
    assert dense_net.score(MIXED, targets) == pytest.approx(r2_score(*flat))
    with pytest.raises(ValueError, match="y must have rows of the shapes of the predictions"):
        dense_net.score(MIXED, targets[::-1])


def test_a_list_for_a_net_of_one_size():
    fixed = pooling_net(input_shape=(None, 1, 8, 8), output_num_units=2).initialize()
    with pytest.raises(ValueError, match=r"rows of one shape.*leave sizes open, as in input_shape"):
        fixed.predict(MIXED)


def test_classes_of_pixels_of_another_size():
    labels = (X[:, 0] > 0.5).astype(int)
    one = NeuralNet(
        layers=[("input", InputLayer), (Conv2DLayer, {"name": "output", "filter_size": 1})],
        input_shape=(None, 1, None, None),
        update_learning_rate=0.3,
        max_epochs=2,
        random_state=0,
    )
    larger = (LARGER[:, 0] > 0.5).astype(int)
    one.fit(X, labels, X_val=LARGER, y_val=larger)
    assert one.predict(LARGER).shape == (9, 12, 10)
    assert one.predict_proba(LARGER).shape == (9, 2, 12, 10)
    accuracy = (one.predict(LARGER) == larger).mean()
    assert one.train_history_[-1]["valid_accuracy"] == pytest.approx(accuracy)
    one.partial_fit(LARGER, larger).partial_fit(X, labels)

"""Images with channels last are taken as they are, or refused; never trained on as they stand."""

import pickle
import re
import warnings

import matplotlib
import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet, visualize
from skconv.augment import RandomFlip
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv1DLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    GRULayer,
    InputLayer,
    MaxPool2DLayer,
)
from skconv.model_selection import BatchedGridSearchCV

from .exactness import assert_agree

matplotlib.use("Agg")
rng = np.random.default_rng(0)
FIRST = rng.integers(0, 256, (20, 3, 9, 9), dtype=np.uint8)
LAST = np.ascontiguousarray(FIRST.transpose(0, 2, 3, 1))
TIMES = rng.normal(size=(20, 15, 4)).astype(np.float32)
y = np.arange(20) % 2

CONV = [("input", InputLayer), ("conv", Conv2DLayer), ("output", DenseLayer)]
HINT = (
    "X must have shape (n, channels, height, width), got (n, 9, 9, 3); images are channels first: "
    "X.transpose(0, 3, 1, 2), or set data_format='channels_last'; if 9 is the number of channels, "
    "set input_shape=(None, 9, 9, 3)"
)


def net(layers=CONV, **options):
    options = {"max_epochs": 1, "random_state": 0, "train_split": None} | options
    if layers is CONV:
        options |= {"conv_num_filters": 2, "conv_filter_size": 3}
    return NeuralNet(layers, **options)


def last(layers=CONV, **options):
    return net(layers, data_format="channels_last", **options)


@pytest.fixture(scope="module")
def both():
    return net().fit(FIRST, y), last().fit(LAST, y)


REFUSED = {
    "convolution": CONV,
    "batch normalization": [("input", InputLayer), BatchNormLayer(), ("output", DenseLayer)],
    "pooling after dropout": [
        ("input", InputLayer),
        ("dropout", DropoutLayer),
        MaxPool2DLayer(pool_size=2),
        ("output", DenseLayer),
    ],
    "default": None,
}


@pytest.mark.parametrize("name", REFUSED)
def test_channels_last_are_refused_before_training(name):
    with pytest.raises(ValueError, match=f"^{re.escape(HINT)}$"):
        net(REFUSED[name]).fit(LAST, y)


def test_transforms_take_images_whatever_the_network_does():
    dense = [("input", InputLayer), ("output", DenseLayer)]
    with pytest.raises(ValueError, match=f"^{re.escape(HINT)}$"):
        net(dense, augment=RandomFlip()).fit(LAST, y)
    net(dense).fit(LAST, y)  # columns have no order


def test_a_given_shape_decides_and_warns():
    shape = (None, 9, 9, 3)
    message = (
        r"^layer 'input' \(InputLayer\): shape \(None, 9, 9, 3\) means 9 channels; .*3, 9, 9\)$"
    )
    with pytest.warns(UserWarning, match=message):
        fitted = net(input_shape=shape).fit(LAST, y)
    assert fitted.network_.inputs == {"input": shape}
    message = "got (n, 9, 9, 3); shapes of input layers are channels first"
    with (
        pytest.raises(ValueError, match=re.escape(message)),
        pytest.warns(UserWarning, match="means 9 channels"),
    ):
        last(input_shape=shape).fit(LAST, y)


@pytest.mark.parametrize("row", [(64, 4, 4), (3, 9, 3), (22, 90, 1)])
def test_ambiguous_shapes_are_channels_first(row):
    fitted = net(conv_pad="same").fit(np.zeros((20, *row), np.float32), y)
    assert fitted.network_.inputs == {"input": (None, *row)}


def test_predictions_are_equal(both):
    first, other = both
    expected = first.predict_proba(FIRST)
    assert_agree(other.predict_proba(LAST), expected)
    flat = LAST.reshape(20, -1)
    assert_agree(other.predict_proba(flat), expected)
    assert_agree(last().fit(flat.reshape(LAST.shape), y).predict_proba(flat), expected)
    assert_agree(other.get_output("conv", LAST), first.get_output("conv", FIRST))
    assert other.network_.inputs == {"input": (None, 3, 9, 9)}
    again = pickle.loads(pickle.dumps(other))
    np.testing.assert_array_equal(again.predict_proba(LAST), expected)


def test_every_way_to_train_takes_them(tmp_path):
    file = np.memmap(tmp_path / "X", np.uint8, "w+", shape=LAST.shape)
    file[:] = LAST
    expected = net(warm_start=True).fit(FIRST, y, X_val=FIRST, y_val=y).fit(FIRST, y)
    expected = expected.partial_fit(FIRST, y).predict_proba(FIRST)
    found = last(warm_start=True).fit(file, y, X_val=LAST, y_val=y).fit(file, y)
    assert_agree(found.partial_fit(file, y).predict_proba(file), expected)
    assert clone(found).data_format == "channels_last"


def test_an_initialized_net_takes_them(both):
    shapes = {"input_shape": (None, 3, 9, 9), "output_num_units": 2}
    first, other = net(**shapes).initialize(), last(**shapes).initialize()
    assert_agree(other.predict_proba(LAST), first.predict_proba(FIRST))


def test_a_search_tells_formats_apart():
    """Rows are read once for all candidates of a search."""
    square = rng.normal(size=(20, 3, 3, 3)).astype(np.float32)
    grid = {"data_format": ["channels_first", "channels_last"]}
    kept = BatchedGridSearchCV(
        net(conv_pad="same"), grid, cv=2, refit=False, scoring="neg_log_loss"
    )
    scores = kept.fit(square, y).cv_results_["mean_test_score"]
    moved = BatchedGridSearchCV(
        net(conv_pad="same"), {"random_state": [0]}, cv=2, refit=False, scoring="neg_log_loss"
    )
    for score, X in zip(scores, (square, square.transpose(0, 3, 1, 2)), strict=True):
        expected = moved.fit(X, y).cv_results_["mean_test_score"][0]
        np.testing.assert_allclose(score, expected, rtol=1e-5)


def test_plots_take_the_format_of_the_net(both):
    first, other = both
    calls = (
        lambda net, X: visualize.occlusion_heatmap(net, X[:1], square_length=3),
        lambda net, X: visualize.saliency_map(net, X[:2]),
        lambda net, X: visualize.grad_cam(net, X[:2]),
        lambda net, X: visualize.integrated_gradients(net, X[:2], steps=4),
    )
    for call in calls:
        assert_agree(call(other, LAST), call(first, FIRST))
    for plot in (visualize.plot_occlusion, visualize.plot_saliency, visualize.plot_predictions):
        options = {"square_length": 5} if plot is visualize.plot_occlusion else {}
        figure = plot(other, LAST[:2], **options)
        drawn = [axes for axes in figure.axes if axes.images]
        np.testing.assert_allclose(drawn[0].images[0].get_array().shape, (9, 9, 3))
        matplotlib.pyplot.close(figure)
    with pytest.raises(ValueError, match=r"^X must have shape \(n, 9, 9, 3\), got \(2, 9, 9, 4\)"):
        visualize.plot_saliency(other, np.zeros((2, 9, 9, 4)))
    with pytest.raises(ValueError, match=r"^X must have shape \(n, 3, 9, 9\), .*X.transpose\("):
        visualize.plot_saliency(first, LAST)


def two_inputs(**options):
    layers = [
        ("image", InputLayer),
        ("conv", Conv2DLayer(num_filters=2, filter_size=3)),
        ("a", DenseLayer(num_units=2)),
        ("times", InputLayer),
        ("gru", GRULayer(num_units=2)),
        ("b", DenseLayer(num_units=2)),
        ("both", ConcatLayer(incomings=["a", "b"])),
        ("output", DenseLayer),
    ]
    return net(layers, **options)


def test_each_input_has_its_own_format():
    X = {"image": LAST, "times": TIMES}
    found = two_inputs(data_format={"image": "channels_last"}).fit(X, y)
    expected = two_inputs().fit({"image": FIRST, "times": TIMES}, y)
    assert_agree(found.predict_proba(X), expected.predict_proba({"image": FIRST, "times": TIMES}))
    with pytest.raises(ValueError, match=r"^X\['image'\] must have shape \(n, channels, "):
        two_inputs().fit(X, y)
    with pytest.raises(ValueError, match=r"^data_format must be 'channels_first' for X\['times'\]"):
        two_inputs(data_format="channels_last").fit(X, y)


def test_signals_have_channels_and_sequences_have_features():
    signals = [("input", InputLayer), ("conv", Conv1DLayer), ("output", DenseLayer)]
    options = {"conv_num_filters": 2, "conv_filter_size": 3}
    found = last(signals, **options).fit(TIMES, y).predict_proba(TIMES)
    moved = TIMES.transpose(0, 2, 1)
    expected = net(signals, **options).fit(moved, y).predict_proba(moved)
    assert_agree(found, expected)
    sequences = [("input", InputLayer), GRULayer(num_units=2), ("output", DenseLayer)]
    message = r"^data_format must be 'channels_first' for X, whose first layer takes \(n, time, fea"
    with pytest.raises(ValueError, match=message):
        last(sequences).fit(TIMES, y)


@pytest.mark.parametrize("value", ["last", None, {"input": "first"}, 1])
def test_unknown_formats_are_refused(value):
    message = (
        r"^data_format must be 'channels_first' or 'channels_last', or a dict of them by input"
    )
    with pytest.raises(ValueError, match=message):
        net(data_format=value).fit(FIRST, y)


def test_the_default_net_says_what_it_makes_of_images_without_channels():
    message = r"^X of shape \(n, 9, 9\) is flattened by the default network; give images a channel"
    with pytest.warns(UserWarning, match=message):
        net(None).fit(FIRST[:, 0], y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "conv1" in net(None).fit(FIRST[:, :1], y).layers_
        assert "conv1" in last(None).fit(LAST, y).layers_


def test_single_images_are_told_of(both):
    for fitted, X in zip(both, (FIRST, LAST), strict=True):
        with pytest.raises(ValueError, match=r"; give a single image as X\[None\]$"):
            fitted.predict(X[0])

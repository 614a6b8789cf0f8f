import jax
import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from skconv.errors import LayerError
from skconv.layers import (
    Conv2DLayer,
    DepthwiseConv2DLayer,
    DilatedConv2DLayer,
    SeparableConv2DLayer,
)

rng = np.random.default_rng(0)
x = rng.normal(size=(2, 3, 6, 5))
shape = (None, 3, 6, 5)


def filtered(x, W, operate):
    """Each filter on each image, channel by channel, channels first."""
    return np.stack(
        [
            [sum(operate(c, w, mode="valid") for c, w in zip(image, f, strict=True)) for f in W]
            for image in x
        ]
    )


def layer(**fields):
    return Conv2DLayer(**{"num_filters": 4, "filter_size": 3, "nonlinearity": None, **fields})


@pytest.mark.parametrize("size", [1, 2, 3, 4, (4, 1)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_keeps_the_size_of_images(size, dilation):
    same = layer(filter_size=size, pad="same", dilation=dilation)
    assert same.output_shape(shape) == (None, 4, 6, 5)


@pytest.mark.parametrize(
    ("pad", "zeros"),
    [
        ("valid", ((0, 0), (0, 0))),
        ("same", ((0, 1), (1, 1))),
        ("full", ((1, 1), (2, 2))),
        (2, ((2, 2), (2, 2))),
        ((0, 1), ((0, 0), (1, 1))),
    ],
)
def test_pads(forward, pad, zeros):
    W, padded = rng.normal(size=(4, 3, 2, 3)), np.pad(x, ((0, 0), (0, 0), *zeros))
    out = forward(layer(filter_size=(2, 3), pad=pad, b=None), {"W": W}, x)
    np.testing.assert_allclose(out, filtered(padded, W, correlate2d), atol=1e-12)


@pytest.mark.parametrize(
    ("stride", "zeros"),
    [(1, ((0, 1), (1, 1))), (2, ((0, 0), (1, 1))), (3, ((0, 0), (0, 1))), ((4, 5), ((0, 0),) * 2)],
)
def test_upper_padding_is_the_least_for_the_stride(forward, stride, zeros):
    """TensorFlow's: for 6x5 pixels and 2x3 filters, ``ceil(n / stride)`` positions."""
    W, padded = rng.normal(size=(4, 3, 2, 3)), np.pad(x, ((0, 0), (0, 0), *zeros))
    fields = {"filter_size": (2, 3), "stride": stride, "b": None}
    upper = layer(**fields, pad="same_upper")
    out = forward(upper, {"W": W}, x)
    rows, columns = stride if isinstance(stride, tuple) else (stride, stride)
    assert out.shape[2:] == upper.output_shape(shape)[2:] == (-(-6 // rows), -(-5 // columns))
    expected = filtered(padded, W, correlate2d)[:, :, ::rows, ::columns]
    np.testing.assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize(("flip", "operate"), [(True, convolve2d), (False, correlate2d)])
def test_flipped_filters_are_a_true_convolution(forward, flip, operate):
    W = rng.normal(size=(4, 3, 2, 3))
    out = forward(layer(filter_size=(2, 3), flip_filters=flip, b=None), {"W": W}, x)
    np.testing.assert_allclose(out, filtered(x, W, operate), atol=1e-12)


@pytest.mark.parametrize(
    ("fields", "W", "b"),
    [
        ({}, (4, 3, 3, 3), (4,)),
        ({"filter_size": (2, 1)}, (4, 3, 2, 1), (4,)),
        ({"num_filters": 6, "num_groups": 3}, (6, 1, 3, 3), (6,)),
        ({"untie_biases": True, "pad": "same"}, (4, 3, 3, 3), (4, 6, 5)),
    ],
)
def test_shapes_of_parameters(fields, W, b):
    specs = layer(**fields).param_specs(shape)
    assert {name: spec.shape for name, spec in specs.items()} == {"W": W, "b": b}
    assert [spec.regularizable for spec in specs.values()] == [True, False]


def test_no_biases():
    assert list(layer(b=None).param_specs(shape)) == ["W"]


def test_the_window_is_the_extent_of_a_dilated_filter():
    assert layer(filter_size=(2, 3), dilation=(1, 2), stride=2).window == ((2, 5), (2, 2))


def test_dilated_convolution_is_a_convolution_with_filters_of_another_shape(forward):
    x, W = rng.normal(size=(2, 3, 9, 8)), rng.normal(size=(3, 4, 3, 3))
    fields = {"num_filters": 4, "filter_size": 3, "dilation": (2, 1), "b": None}
    fields["nonlinearity"] = None
    found = forward(DilatedConv2DLayer(**fields), {"W": W}, x)
    expected = forward(Conv2DLayer(**fields), {"W": W.swapaxes(0, 1)}, x)
    np.testing.assert_array_equal(found, expected)


def by_channel(x, W, operate):
    """Each filter on its own channel."""
    parts = zip(np.split(x, x.shape[1], 1), np.split(W, x.shape[1]), strict=True)
    return np.concatenate([filtered(*part, operate) for part in parts], axis=1)


@pytest.mark.parametrize("each", [1, 2])
@pytest.mark.parametrize("flip", [False, True])
def test_depthwise_filters_see_their_own_channel(forward, each, flip):
    made = DepthwiseConv2DLayer(
        filter_size=(2, 3),
        pad="same",
        stride=(2, 1),
        nonlinearity=None,
        flip_filters=flip,
        depth_multiplier=each,
    )
    W, b = rng.normal(size=(3 * each, 1, 2, 3)), rng.normal(size=3 * each)
    operate = convolve2d if flip else correlate2d
    padded = np.pad(x, ((0, 0), (0, 0), (0, 1), (1, 1)))
    expected = by_channel(padded, W, operate)[:, :, ::2]
    out = forward(made, {"W": W, "b": b}, x)
    np.testing.assert_allclose(out, expected + b[:, None, None], atol=1e-12)


def test_separable_filters_are_a_convolution_with_their_products(forward):
    W, point, b = rng.normal(size=(6, 1, 3, 2)), rng.normal(size=(4, 6, 1, 1)), rng.normal(size=4)
    made = SeparableConv2DLayer(
        num_filters=4, filter_size=(3, 2), depth_multiplier=2, nonlinearity=None
    )
    whole = (point * W[None, :, 0]).reshape(4, 3, 2, 3, 2).sum(2)
    out = forward(made, {"W": W, "W_pointwise": point, "b": b}, x)
    np.testing.assert_allclose(out, filtered(x, whole, correlate2d) + b[:, None, None], atol=1e-12)


def test_shapes_of_depthwise_and_pointwise_parameters():
    fields = {"filter_size": 3, "depth_multiplier": 2, "untie_biases": True}
    depthwise = DepthwiseConv2DLayer(**fields)
    separable = SeparableConv2DLayer(num_filters=5, **fields)
    assert depthwise.output_shape(shape) == (None, 6, 4, 3)
    shapes = {"W": (6, 1, 3, 3), "b": (6, 4, 3)}
    assert {n: s.shape for n, s in depthwise.param_specs(shape).items()} == shapes
    assert {n: s.shape for n, s in separable.param_specs(shape).items()} == {
        **shapes,
        "W_pointwise": (5, 6, 1, 1),
        "b": (5, 4, 3),
    }


def test_depthwise_filters_start_as_wide_as_their_own_fans_ask():
    params, _ = DepthwiseConv2DLayer(filter_size=3).init(jax.random.key(0), (None, 400, 5, 5))
    assert abs(np.std(params["W"]) - 1 / 3) < 0.01


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (
            DepthwiseConv2DLayer(filter_size=3, depth_multiplier=0),
            "depth_multiplier must be a positive integer, got 0",
        ),
        (SeparableConv2DLayer(filter_size=3), "num_filters is missing"),
    ],
)
def test_depthwise_fields_that_cannot_be(made, error):
    assert list(made.check()) == [error]


def test_depthwise_filters_that_do_not_fit():
    with pytest.raises(LayerError, match=r"^filter_size must fit into input of .* got \(7, 7\)"):
        SeparableConv2DLayer(num_filters=2, filter_size=7).output_shape(shape)

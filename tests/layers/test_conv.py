import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import convolve2d, correlate, correlate2d

from skconv.errors import LayerError
from skconv.layers import (
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    DepthwiseConv2DLayer,
    DilatedConv2DLayer,
    SeparableConv2DLayer,
)
from skconv.nonlinearities import tanh

rng = np.random.default_rng(0)
x = rng.normal(size=(2, 3, 6, 5))
shape = (None, 3, 6, 5)


def filtered(x, W, operate=correlate2d, pad=((0, 0), (0, 0))):
    """Each filter on each image, channel by channel, channels first."""
    x = np.pad(x, ((0, 0), (0, 0), *pad))
    return np.stack(
        [
            [sum(operate(c, w, mode="valid") for c, w in zip(image, f, strict=True)) for f in W]
            for image in x
        ]
    )


def layer(**fields):
    return Conv2DLayer(**{"num_filters": 4, "filter_size": 3, "nonlinearity": None, **fields})


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
    W, b = rng.normal(size=(4, 3, 2, 3)), rng.normal(size=4)
    out = forward(layer(filter_size=(2, 3), pad=pad), {"W": W, "b": b}, x)
    expected = filtered(x, W, pad=zeros) + b[:, None, None]
    np.testing.assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3, 4, (4, 1)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_keeps_the_size_of_images(size, dilation):
    same = layer(filter_size=size, pad="same", dilation=dilation)
    assert same.output_shape(shape) == (None, 4, 6, 5)


def test_stride_leaves_out_positions(forward):
    W = rng.normal(size=(4, 3, 2, 2))
    out = forward(layer(filter_size=2, stride=(2, 3), b=None), {"W": W}, x)
    np.testing.assert_allclose(out, filtered(x, W)[:, :, ::2, ::3], atol=1e-12)


def test_dilation_spreads_the_filter(forward):
    W = rng.normal(size=(4, 3, 2, 3))
    spread = np.zeros((4, 3, 3, 5))
    spread[:, :, ::2, ::2] = W
    out = forward(layer(filter_size=(2, 3), dilation=2, b=None), {"W": W}, x)
    np.testing.assert_allclose(out, filtered(x, spread), atol=1e-12)


def test_groups_do_not_see_each_other(forward):
    images, W = rng.normal(size=(2, 4, 5, 5)), rng.normal(size=(6, 2, 3, 3))
    out = forward(layer(num_filters=6, num_groups=2, b=None), {"W": W}, images)
    expected = [filtered(images[:, :2], W[:3]), filtered(images[:, 2:], W[3:])]
    np.testing.assert_allclose(out, np.concatenate(expected, axis=1), atol=1e-12)


def test_flipped_filters_are_a_true_convolution(forward):
    W = rng.normal(size=(4, 3, 2, 3))
    out = forward(layer(filter_size=(2, 3), flip_filters=True, b=None), {"W": W}, x)
    np.testing.assert_allclose(out, filtered(x, W, convolve2d), atol=1e-12)


def test_untied_biases_belong_to_positions(forward):
    W, b = rng.normal(size=(4, 3, 3, 3)), rng.normal(size=(4, 4, 3))
    out = forward(layer(untie_biases=True), {"W": W, "b": b}, x)
    np.testing.assert_allclose(out, filtered(x, W) + b, atol=1e-12)


def test_gradients_are_the_formulas(float64):
    W, b = rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4)

    def total(params):
        bent = layer(nonlinearity=tanh)
        return bent.apply(params, {}, jnp.moveaxis(x, 1, -1), ctx=None)[0].sum()

    found = jax.grad(total)({"W": W, "b": b})
    slope = 1 - np.tanh(filtered(x, W) + b[:, None, None]) ** 2
    expected = [
        [
            sum(correlate2d(i[c], s[f], mode="valid") for i, s in zip(x, slope, strict=True))
            for c in range(3)
        ]
        for f in range(4)
    ]
    np.testing.assert_allclose(found["W"], expected, atol=1e-12)
    np.testing.assert_allclose(found["b"], slope.sum((0, 2, 3)), atol=1e-12)


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


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_groups": 2}, r"num_groups=2 does not divide channels=3$"),
        ({"num_groups": 3}, r"num_groups=3 does not divide num_filters=4$"),
        (
            {"filter_size": 7},
            r"filters of \(7, 7\) are larger than the images that reach them, \(None, 3, 6, 5\); "
            r"use smaller filters, pad='same', or pool less before$",
        ),
        ({"filter_size": 3, "dilation": 3}, r"filters of \(7, 7\) are larger"),
        ({"stride": (1, 2, 3)}, r"stride=\(1, 2, 3\) has 3 numbers, 2 are needed$"),
        ({"pad": (1,)}, r"pad=\(1,\) has 1 numbers, 2 are needed$"),
    ],
)
def test_what_does_not_fit_the_images(fields, message):
    with pytest.raises(LayerError, match=message):
        layer(**fields).output_shape(shape)


def test_images_need_channels():
    message = (
        r"takes input of shape \(n, channels, height, width\), got \(None, 28, 28\); "
        r"give images a channel axis: X\[:, None\]$"
    )
    with pytest.raises(LayerError, match=message):
        layer().output_shape((None, 28, 28))


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"num_filters": 0}, "num_filters=0 is not a whole number of 1 or more"),
        (
            {"filter_size": [3, 0]},
            "filter_size=(3, 0) is not a whole number of 1 or more, or one for each axis",
        ),
        ({"stride": ()}, "stride=() is not a whole number of 1 or more, or one for each axis"),
        (
            {"pad": "sam"},
            "pad='sam' is not 'valid', 'same', 'full', a whole number of 0 or more, "
            "or one for each axis",
        ),
        (
            {"pad": -1},
            "pad=-1 is not 'valid', 'same', 'full', a whole number of 0 or more, "
            "or one for each axis",
        ),
    ],
)
def test_fields_that_cannot_be(fields, fault):
    assert list(layer(**fields).check()) == [fault]


@pytest.mark.parametrize(
    ("make", "spatial", "size", "dilated"),
    [(Conv1DLayer, (9,), (4,), (7,)), (Conv3DLayer, (5, 6, 7), (2, 3, 1), (3, 5, 1))],
)
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("dilation", [1, 2])
def test_sequences_and_volumes(forward, make, spatial, size, dilated, flip, dilation):
    x, W = rng.normal(size=(2, 3, *spatial)), rng.normal(size=(4, 3, *size))
    made = make(
        num_filters=4,
        filter_size=size,
        stride=2,
        b=None,
        nonlinearity=None,
        flip_filters=flip,
        dilation=dilation,
    )
    filters = np.flip(W, range(2, W.ndim)) if flip else W
    if dilation == 2:
        wide = np.zeros((4, 3, *dilated))
        wide[(..., *(slice(None, None, 2),) * len(size))] = filters
        filters = wide
    expected = np.stack([[correlate(image, f, "valid")[0] for f in filters] for image in x])
    expected = expected[(..., *(slice(None, None, 2),) * len(size))]
    np.testing.assert_allclose(forward(made, {"W": W}, x), expected, atol=1e-12)


def test_dilated_convolution_is_a_convolution_with_dilation():
    fields = {"num_filters": 4, "filter_size": 3, "dilation": (2, 1)}
    assert DilatedConv2DLayer(**fields).output_shape(shape) == Conv2DLayer(**fields).output_shape(
        shape
    )


@pytest.mark.parametrize(
    ("make", "axes"),
    [(Conv1DLayer, r"\(n, channels, length\)"), (Conv3DLayer, r"\(n, channels, depth, height, w")],
)
def test_other_numbers_of_axes_are_told(make, axes):
    with pytest.raises(LayerError, match=f"takes input of shape {axes}"):
        make(num_filters=2, filter_size=2).output_shape(shape)


def by_channel(x, W, **filtering):
    """Each filter on its own channel."""
    each = len(W) // x.shape[1]
    parts = [
        filtered(x[:, c : c + 1], W[c * each : (c + 1) * each], **filtering)
        for c in range(x.shape[1])
    ]
    return np.concatenate(parts, axis=1)


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
    expected = by_channel(x, W, operate=operate, pad=((0, 1), (1, 1)))[:, :, ::2]
    out = forward(made, {"W": W, "b": b}, x)
    np.testing.assert_allclose(out, expected + b[:, None, None], atol=1e-12)


def test_separable_filters_are_a_convolution_with_their_products(forward):
    W, point, b = rng.normal(size=(6, 1, 3, 2)), rng.normal(size=(4, 6, 1, 1)), rng.normal(size=4)
    made = SeparableConv2DLayer(
        num_filters=4, filter_size=(3, 2), depth_multiplier=2, nonlinearity=None
    )
    whole = (point * W[None, :, 0]).reshape(4, 3, 2, 3, 2).sum(2)
    out = forward(made, {"W": W, "W_pointwise": point, "b": b}, x)
    np.testing.assert_allclose(out, filtered(x, whole) + b[:, None, None], atol=1e-12)


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
    ("made", "fault"),
    [
        (
            DepthwiseConv2DLayer(filter_size=3, depth_multiplier=0),
            "depth_multiplier=0 is not a whole number of 1 or more",
        ),
        (SeparableConv2DLayer(filter_size=3), "num_filters is missing"),
    ],
)
def test_depthwise_fields_that_cannot_be(made, fault):
    assert list(made.check()) == [fault]


def test_depthwise_filters_that_do_not_fit():
    with pytest.raises(LayerError, match=r"^filters of \(7, 7\) are larger than the images"):
        SeparableConv2DLayer(num_filters=2, filter_size=7).output_shape(shape)

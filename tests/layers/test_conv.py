import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from skconv.layers import Conv2DLayer, DilatedConv2DLayer

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


def test_dilated_convolution_is_a_convolution_with_dilation():
    fields = {"num_filters": 4, "filter_size": 3, "dilation": (2, 1)}
    assert DilatedConv2DLayer(**fields).output_shape(shape) == Conv2DLayer(**fields).output_shape(
        shape
    )

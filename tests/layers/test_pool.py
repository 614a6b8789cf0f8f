import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import (
    MaxPool1DLayer,
    MaxPool2DLayer,
    MaxPool3DLayer,
    Pool1DLayer,
    Pool2DLayer,
    Pool3DLayer,
)

rng = np.random.default_rng(0)
x = rng.normal(size=(2, 3, 7, 5)) - 3


def starts(length, size, stride, pad, partial):
    """Where windows start, up to the first that reaches the end."""
    found = []
    for start in range(-pad, length, stride):
        if partial or start + size <= length + pad:
            found.append(start)
        if start + size >= length + pad:
            break
    return found


def pooled(x, size, stride, pad, partial, reduce, counts_pad=False):
    """Reduce what each window holds of the image, or of the image and its padding."""
    rows, columns = (
        starts(*given, partial) for given in zip(x.shape[2:], size, stride, pad, strict=True)
    )
    padded = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in pad)), constant_values=np.nan)
    if counts_pad:
        padded = np.nan_to_num(padded)
    out = np.empty((*x.shape[:2], len(rows), len(columns)))
    for (i, top), (j, left) in itertools.product(enumerate(rows), enumerate(columns)):
        top, left = top + pad[0], left + pad[1]
        held = padded[:, :, top : top + size[0], left : left + size[1]]
        out[:, :, i, j] = reduce(held, axis=(2, 3))
    return out


WINDOWS = [
    ((2, 2), (2, 2), (0, 0)),
    ((3, 2), (2, 1), (0, 0)),
    ((2, 2), (3, 3), (0, 0)),
    ((3, 3), (2, 2), (1, 1)),
    ((3, 2), (3, 3), (2, 1)),
    ((1, 1), (3, 3), (0, 0)),
]
REDUCE = {
    "max": (np.nanmax, False),
    "average": (np.nanmean, False),
    "average_exc_pad": (np.nanmean, False),
    "average_inc_pad": (np.mean, True),
}


@pytest.mark.parametrize("mode", REDUCE)
@pytest.mark.parametrize("ignore_border", [True, False])
@pytest.mark.parametrize(("size", "stride", "pad"), WINDOWS)
def test_values_agree_with_loops(forward, mode, ignore_border, size, stride, pad):
    layer = Pool2DLayer(
        pool_size=size, stride=stride, pad=pad, mode=mode, ignore_border=ignore_border
    )
    expected = pooled(x, size, stride, pad, not ignore_border, *REDUCE[mode])
    np.testing.assert_allclose(forward(layer, {}, x), expected, atol=1e-12)


def test_the_maximum_is_the_default_mode(forward):
    expected = forward(MaxPool2DLayer(pool_size=2), {}, x)
    np.testing.assert_array_equal(forward(Pool2DLayer(pool_size=2), {}, x), expected)


@pytest.mark.parametrize("length", range(1, 9))
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_border_windows_hold_part_of_the_image(length, size, stride):
    for pad in range(size):
        layer = MaxPool2DLayer(pool_size=size, stride=stride, pad=pad, ignore_border=False)
        expected = len(starts(length, size, stride, pad, True))
        try:
            found = layer.output_shape((None, 1, length, length))[2]
        except LayerError:
            assert length + 2 * pad < size
        else:
            assert found == expected


def test_the_gradient_goes_to_the_maximum(float64):
    def total(x):
        return MaxPool2DLayer(pool_size=2).apply({}, {}, x, ctx=None)[0].sum()

    found = np.moveaxis(jax.grad(total)(jnp.moveaxis(x, 1, -1)), -1, 1)
    expected = np.zeros_like(x)
    for n, c, i, j in np.ndindex(2, 3, 3, 2):
        held = x[n, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        expected[n, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = held == held.max()
    np.testing.assert_array_equal(found, expected)


def test_the_stride_is_the_size_by_default():
    assert MaxPool2DLayer(pool_size=(3, 2)).window == ((3, 2), (3, 2))
    assert MaxPool2DLayer(pool_size=3, stride=2).window == ((3, 3), (2, 2))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pool_size": 2, "pad": 2}, r"pad=2 must be smaller than pool_size=2$"),
        (
            {"pool_size": 6},
            r"windows of \(6, 6\) are larger than the images that reach them, "
            r"\(None, 3, 7, 5\); use a smaller pool_size, or pool less before$",
        ),
        ({"pool_size": (2, 2, 2)}, r"pool_size=\(2, 2, 2\) has 3 numbers, 2 are needed$"),
    ],
)
def test_what_does_not_fit_the_images(fields, message):
    with pytest.raises(LayerError, match=message):
        MaxPool2DLayer(**fields).output_shape((None, 3, 7, 5))


def test_images_need_channels():
    with pytest.raises(LayerError, match=r"takes input of shape \(n, channels, height, width\)"):
        MaxPool2DLayer(pool_size=2).output_shape((None, 28, 28))


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, "pool_size is missing"),
        (
            {"pool_size": 2, "stride": 0},
            "stride=0 is not a whole number of 1 or more, or one for each axis",
        ),
        (
            {"pool_size": 2, "mode": "mean"},
            "mode='mean' is not one of 'max', 'average', 'average_exc_pad', 'average_inc_pad'",
        ),
    ],
)
def test_fields_that_cannot_be(fields, fault):
    assert list(Pool2DLayer(**fields).check()) == [fault]


@pytest.mark.parametrize("mode", ["max", "average_inc_pad"])
def test_sequences_are_images_of_one_row(forward, mode):
    given = x[:, :, 0]
    of_row = {"pool_size": (1, 3), "stride": (1, 2), "pad": (0, 1), "mode": mode}
    expected = forward(Pool2DLayer(**of_row), {}, given[:, :, None])[:, :, 0]
    fields = {"pool_size": 3, "stride": 2, "pad": 1}
    found = forward(Pool1DLayer(**fields, mode=mode), {}, given)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    if mode == "max":
        np.testing.assert_array_equal(forward(MaxPool1DLayer(**fields), {}, given), found)


@pytest.mark.parametrize(
    ("layer", "reduce"),
    [(MaxPool3DLayer, np.max), (Pool3DLayer, np.max), (Pool3DLayer, np.mean)],
)
def test_volumes_are_pooled_in_boxes(forward, layer, reduce):
    volumes = rng.normal(size=(2, 3, 4, 6, 2))
    fields = {"mode": "average"} if reduce is np.mean else {}
    boxes = volumes.reshape(2, 3, 2, 2, 2, 3, 2, 1)
    found = forward(layer(pool_size=(2, 3, 1), **fields), {}, volumes)
    np.testing.assert_allclose(found, reduce(boxes, axis=(3, 5, 7)), atol=1e-12)

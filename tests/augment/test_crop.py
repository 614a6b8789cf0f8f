import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from skimage.transform import AffineTransform, warp

from skconv.augment import RandomCrop, RandomResizedCrop
from skconv.errors import TransformError

X = np.random.default_rng(0).normal(size=(6, 2, 9, 7)).astype(np.float32)
y = jnp.arange(6)
key = jax.random.key(0)


@pytest.mark.parametrize("fill", ["constant", "edge", "reflect"])
@pytest.mark.parametrize("pad", [2, (3, 1)])
def test_crops_are_slices_of_padded_images(fill, pad):
    transform = RandomCrop(pad=pad, fill=fill, cval=0.5)
    found, _ = transform(key, jnp.asarray(X), y)
    value = {"constant_values": 0.5} if fill == "constant" else {}
    padded = np.pad(X, ((0, 0), (0, 0), (3, 3), (3, 3)), fill, **value)
    offsets = np.asarray(transform.offsets(key, 6), int) + 3
    assert len(np.unique(offsets, axis=0)) > 1
    for image, (right, down), crop in zip(padded, offsets, found, strict=True):
        np.testing.assert_array_equal(crop, image[:, down : down + 9, right : right + 7])


@pytest.mark.parametrize(("pad", "limits"), [(2, (2, 2)), ((3, 1), (3, 1)), (1.7, (1, 1))])
def test_places_of_crops_are_equally_likely(pad, limits):
    offsets = np.asarray(RandomCrop(pad=pad).offsets(key, 600))
    for offset, limit in zip(offsets.T, limits, strict=True):
        places, counts = np.unique(offset, return_counts=True)
        np.testing.assert_array_equal(places, np.arange(-limit, limit + 1))
        assert stats.chisquare(counts).pvalue > 1e-3


def test_resized_crops_are_those_of_scikit_image():
    transform = RandomResizedCrop(area=0.2, ratio=1.5)
    found, _ = transform(key, jnp.asarray(X), y)
    start, size = map(np.asarray, transform.boxes(key, 6))
    for image, first, part, moved in zip(X, start, size, found, strict=True):
        shift = first * [7, 9] + part / 2 - 0.5
        places = AffineTransform(scale=part, translation=shift)
        expected = [warp(channel.astype(float), places, order=1, mode="edge") for channel in image]
        np.testing.assert_allclose(moved, expected, atol=1e-4)


def test_resized_crops_are_drawn_evenly():
    start, size = map(np.asarray, RandomResizedCrop(area=0.3, ratio=1.0).boxes(key, 400))
    assert stats.kstest(size.prod(1), "uniform", (0.3, 0.7)).pvalue > 1e-3
    np.testing.assert_allclose(size[:, 0], size[:, 1], rtol=1e-6)
    for place in (start / (1 - size)).T:
        assert stats.kstest(place, "uniform").pvalue > 1e-3
    _, size = map(np.asarray, RandomResizedCrop(area=0.2, ratio=2.0).boxes(key, 400))
    inside = (size < 1).all(1)
    ratio = np.log2(size[:, 0] / size[:, 1])
    assert np.abs(ratio).max() <= 1
    small = inside & (size.prod(1) < 0.5)
    assert stats.kstest(ratio[small], "uniform", (-1, 2)).pvalue > 1e-3


@pytest.mark.parametrize(
    "transform",
    [
        RandomCrop(pad=5, target="keypoints"),
        RandomResizedCrop(area=0.5, target="keypoints"),
    ],
)
def test_keypoints_move_with_their_dots(transform, follow):
    follow(lambda X, y: transform(key, X, y), height=32, width=40)


@pytest.mark.parametrize(
    "transform",
    [
        RandomCrop(pad=2, cval=9, mask_cval=9, target="mask"),
        RandomResizedCrop(area=0.2, order="nearest", target="mask"),
    ],
)
def test_masks_move_with_the_images(transform):
    images, masks = transform(key, jnp.asarray(X), jnp.asarray(X[:, 1]))
    np.testing.assert_array_equal(masks, images[:, 1])


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (
            RandomCrop(pad=-1),
            "pad must be a finite number >= 0.0, or two of them for x and y, got -1",
        ),
        (RandomCrop(fill="wrap"), "fill must be one of 'constant', 'edge', 'reflect', got 'wrap'"),
        (
            RandomResizedCrop(area=1.2),
            "area must be a number between 0.0 and 1.0, or a range (low, high), got 1.2",
        ),
        (
            RandomResizedCrop(ratio=0.5),
            "ratio must be a finite number >= 1.0, or a range (low, high), got 0.5",
        ),
        (RandomResizedCrop(order=1), "order must be one of 'nearest', 'bilinear', got 1"),
    ],
)
def test_impossible_fields(transform, message):
    assert list(transform.check()) == [message]


@pytest.mark.parametrize("transform", [RandomCrop, RandomResizedCrop])
def test_what_does_not_fit(transform):
    with pytest.raises(TransformError, match=rf"^{transform.__name__}: X must have shape"):
        transform()(key, X[:, 0], y)
    with pytest.raises(TransformError, match=rf"^{transform.__name__}: keypoints must be floats"):
        transform(target="keypoints")(key, X, y)

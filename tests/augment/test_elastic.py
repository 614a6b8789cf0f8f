import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from skconv.augment import ElasticDeformation
from skconv.errors import TransformError

X = np.random.default_rng(0).normal(size=(3, 2, 13, 11)).astype(np.float32)
y = jnp.arange(3)
key = jax.random.key(0)


@pytest.mark.parametrize(("fill", "mode"), [("edge", "nearest"), ("reflect", "mirror")])
@pytest.mark.parametrize(("order", "number"), [("nearest", 0), ("bilinear", 1)])
def test_deformations_are_those_of_scipy(fill, mode, order, number):
    transform = ElasticDeformation(alpha=20, sigma=2, order=order, fill=fill)
    noise = np.asarray(jax.random.uniform(key, (3, 2, 13, 11), minval=-1, maxval=1), float)
    fields = 20 * gaussian_filter(noise, 2, mode="constant", axes=(2, 3))
    np.testing.assert_allclose(transform.fields(noise.astype(np.float32)), fields, atol=1e-5)
    found, _ = transform(key, jnp.asarray(X), y)
    rows, columns = np.mgrid[:13, :11]
    for image, (right, down), moved in zip(X, fields, found, strict=True):
        places = [rows + down, columns + right]
        expected = [
            map_coordinates(c.astype(float), places, order=number, mode=mode) for c in image
        ]
        np.testing.assert_allclose(moved, expected, atol=1e-4)
    assert np.abs(fields).max() > 1


def test_keypoints_move_with_their_dots(follow):
    transform = ElasticDeformation(alpha=60, sigma=5, target="keypoints", fill="edge")
    follow(lambda X, y: transform(key, X, y))


def test_keypoints_come_from_where_the_field_says():
    transform = ElasticDeformation(alpha=34, sigma=4, target="keypoints")
    shape = (3, 2, 29, 29)
    noise = jax.random.uniform(key, shape, minval=-1, maxval=1)
    fields = np.asarray(transform.fields(noise), float)
    points = np.random.default_rng(1).uniform(5, 23, (3, 4, 2))
    _, moved = transform(key, jnp.zeros((3, 1, 29, 29)), jnp.asarray(points, jnp.float32))
    assert np.abs(moved - points).max() > 1
    for field, given, found in zip(fields, points, np.asarray(moved, float), strict=True):
        away = [map_coordinates(f, found.T[::-1], order=1, mode="nearest") for f in field]
        np.testing.assert_allclose(found + np.transpose(away), given, atol=1e-3)


def test_masks_move_with_the_images():
    transform = ElasticDeformation(order="nearest", cval=9, mask_cval=9, target="mask")
    images, masks = transform(key, jnp.asarray(X), jnp.asarray(X[:, 1]))
    np.testing.assert_array_equal(masks, images[:, 1])


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (ElasticDeformation(alpha=-1), "alpha must be a finite number >= 0.0, got -1"),
        (ElasticDeformation(sigma=-1), "sigma must be a finite number >= 0.0, got -1"),
        (
            ElasticDeformation(order="cubic"),
            "order must be one of 'nearest', 'bilinear', got 'cubic'",
        ),
    ],
)
def test_impossible_fields(transform, message):
    assert list(transform.check()) == [message]


def test_what_does_not_fit():
    with pytest.raises(TransformError, match=r"^ElasticDeformation: keypoints must be floats"):
        ElasticDeformation(target="keypoints")(key, X, y)

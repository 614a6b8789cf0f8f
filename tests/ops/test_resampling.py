import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from skimage.transform import AffineTransform, warp

from skconv.ops.resampling import (
    affine_matrices,
    affine_places,
    affine_points,
    interpolate,
    sample,
)

rng = np.random.default_rng(0)
images = rng.normal(size=(3, 2, 9, 7)).astype(np.float32)
MATRICES = np.stack(
    [
        AffineTransform(rotation=0.4, scale=1.2, translation=(3.3, -1.2)).params,
        AffineTransform(rotation=-2.5, shear=0.3, translation=(7, 7)).params,
        AffineTransform(scale=(0.43, 0.61), translation=(1.97, 2.31)).params,
    ]
).astype(np.float32)


@pytest.mark.parametrize("fill", ["constant", "edge", "reflect"])
@pytest.mark.parametrize(("order", "number"), [("nearest", 0), ("bilinear", 1)])
def test_affine_maps_are_those_of_scikit_image(fill, order, number):
    places = affine_places(jnp.asarray(MATRICES), 9, 7)
    found = np.asarray(sample(images, *places, order=order, fill=fill, cval=0.3))
    for image, matrix, moved in zip(images, MATRICES, found, strict=True):
        inverse = AffineTransform(matrix.astype(float)).inverse
        options = {"order": number, "mode": fill, "cval": 0.3, "preserve_range": True}
        expected = [warp(channel.astype(float), inverse, **options) for channel in image]
        np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_points_move_with_the_pixels():
    points = np.array([[[0.0, 0.0], [3.0, 5.5]]] * 3, np.float32)
    found = affine_points(jnp.asarray(MATRICES), jnp.asarray(points))
    expected = [AffineTransform(m)(p) for m, p in zip(MATRICES, points, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_maps_are_about_the_center():
    turn = ((jnp.array([0.0]), jnp.array([-2.0])), (jnp.array([2.0]), jnp.array([0.0])))
    matrices = affine_matrices(turn, (jnp.array([1.0]), jnp.array([0.0])), 5, 9)
    center, right = affine_points(matrices, jnp.array([[[4.0, 2.0], [5.0, 2.0]]]))[0]
    np.testing.assert_allclose(center, [5, 2])
    np.testing.assert_allclose(right, [5, 4])


def test_positions_broadcast_over_rows_and_columns():
    rows, columns = jnp.array([[[0.5], [1.0]]] * 3), jnp.array([[[2.0, 0.0, 1.5]]] * 3)
    found = sample(images, rows, columns)
    assert found.shape == (3, 2, 2, 3)
    np.testing.assert_allclose(found[:, :, 1, 0], images[:, :, 1, 2])
    np.testing.assert_allclose(found[:, :, 0, 1], images[:, :, :2, 0].mean(-1), atol=1e-6)


@pytest.mark.parametrize("fill", ["constant", "edge", "reflect"])
def test_pixels_themselves_are_read_exactly(fill):
    places = jnp.arange(9.0)[None, :, None], jnp.arange(7.0)[None, None]
    np.testing.assert_array_equal(sample(images, *places, fill=fill), images)


@pytest.mark.parametrize("size", [(1, 4), (1, 1)])
def test_mirror_images_of_single_pixels(size):
    flat = jnp.ones((1, 1, *size))
    far = jnp.array([[[-3.2, 0.4, 99.0]]])
    np.testing.assert_allclose(sample(flat, far, far, fill="reflect"), np.ones((1, 1, 1, 3)))


def test_integers_keep_their_dtype():
    labels = jnp.arange(6).reshape(1, 1, 2, 3)
    rows, columns = jnp.array([[[0.4, 0.6, 2.0]]]), jnp.array([[[1.4, 1.6, 0.0]]])
    found = sample(labels, rows, columns, order="nearest", cval=255)
    assert found.dtype == labels.dtype
    assert found.ravel().tolist() == [1, 5, 255]


@pytest.mark.parametrize(
    ("border", "mode"), [("nearest", "nearest"), ("mirror", "mirror"), ("wrap", "grid-wrap")]
)
def test_interpolation_and_the_gradient_of_positions_agree_with_scipy(border, mode):
    rows, columns = rng.uniform(-10, 20, (2, 3, 30))
    image, cotangent = rng.normal(size=(3, 9, 7, 2)), rng.normal(size=(3, 30, 2))

    def expected(rows, columns):
        positions = list(zip(rows, columns, strict=True))
        return np.stack(
            [
                [map_coordinates(c, at, order=1, mode=mode) for c in np.moveaxis(one, -1, 0)]
                for one, at in zip(image, positions, strict=True)
            ]
        ).swapaxes(1, 2)

    with jax.enable_x64(True):
        found, back = jax.vjp(
            lambda *at: interpolate(jnp.asarray(image), *at, border), rows, columns
        )
        gradients = back(jnp.asarray(cotangent))
    np.testing.assert_allclose(found, expected(rows, columns), atol=1e-12)
    for axis, gradient in enumerate(gradients):
        moved = [
            expected(*(at + step * (i == axis) for i, at in enumerate((rows, columns))))
            for step in (1e-6, -1e-6)
        ]
        slopes = (moved[0] - moved[1]) / 2e-6
        np.testing.assert_allclose(gradient, (slopes * cotangent).sum(-1), atol=1e-6)

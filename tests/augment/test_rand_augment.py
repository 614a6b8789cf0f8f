import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from scipy import stats
from skimage.transform import AffineTransform, warp

from skconv.augment import RandAugment
from skconv.augment.rand_augment import OPERATIONS
from skconv.errors import TransformError

rng = np.random.default_rng(0)
smooth = np.linspace(0, 120, 20 * 22).reshape(20, 22)
X = (rng.integers(0, 90, (4, 3, 20, 22)) + smooth + 20).astype(np.uint8)
y = jnp.arange(4)
key = jax.random.key(0)


def applied(name, magnitude, images=X, high=255, **more):
    transform = RandAugment(1, magnitude, [name], high=high, **more)
    return np.asarray(transform(key, jnp.asarray(images, jnp.float32), y)[0])


def pictures():
    return [Image.fromarray(np.moveaxis(x, 0, -1)) for x in X]


def unpacked(image):
    return np.moveaxis(np.asarray(image, float), -1, 0)


@pytest.mark.parametrize(
    ("name", "magnitude", "reference", "tolerance"),
    [
        ("autocontrast", 5, ImageOps.autocontrast, 1.0),
        ("equalize", 5, ImageOps.equalize, 0.01),
        ("posterize", 7.5, lambda image: ImageOps.posterize(image, 5), 0.01),
        ("solarize", 6, lambda image: ImageOps.solarize(image, 102), 0.01),
        ("identity", 6, lambda image: image, 0),
    ],
)
def test_colors_are_those_of_pillow(name, magnitude, reference, tolerance):
    scaled = 255 * applied(name, magnitude, X / 255, 1)
    found = applied(name, magnitude)
    for image, *both in zip(pictures(), found, scaled, strict=True):
        for one in both:
            np.testing.assert_allclose(one, unpacked(reference(image)), atol=tolerance + 1e-4)


@pytest.mark.parametrize("name", ["brightness", "color", "contrast", "sharpness"])
def test_enhancements_are_those_of_pillow(name):
    signs = set()
    for found, image in zip(applied(name, 6), pictures(), strict=True):
        enhance = getattr(ImageEnhance, name.capitalize())(image).enhance
        apart = {sign: np.abs(found - unpacked(enhance(1 + sign * 0.54))).max() for sign in (-1, 1)}
        sign = min(apart, key=apart.get)
        signs.add(sign)
        assert apart[sign] < 1.6
        assert apart[-sign] > 10
    assert signs == {-1, 1}


@pytest.mark.parametrize(
    ("name", "move"),
    [
        ("rotate", {"rotation": np.deg2rad(24)}),
        ("translate_x", {"translation": (0.36 * 22, 0)}),
        ("translate_y", {"translation": (0, 0.36 * 20)}),
        ("shear_x", np.array([[1, 0.24, 0], [0, 1, 0], [0, 0, 1]])),
        ("shear_y", np.array([[1, 0, 0], [0.24, 1, 0], [0, 0, 1]])),
    ],
)
def test_moves_are_those_of_scikit_image(name, move):
    there = AffineTransform(translation=(10.5, 9.5)).params
    move = move if isinstance(move, np.ndarray) else AffineTransform(**move).params
    ways = [there @ way @ np.linalg.inv(there) for way in (move, np.linalg.inv(move))]
    for found, image in zip(applied(name, 8, cval=30), X, strict=True):
        expected = [
            [warp(c.astype(float), np.linalg.inv(way), cval=30, preserve_range=True) for c in image]
            for way in ways
        ]
        assert min(np.abs(found - way).max() for way in expected) < 0.02


def test_operations_are_equally_likely_in_each_round():
    ones = jnp.broadcast_to(jnp.linspace(0.2, 0.9, 16).reshape(1, 1, 4, 4), (600, 1, 4, 4))
    transform = RandAugment(1, 10, ["identity", "solarize", "posterize"])
    found = np.asarray(transform(key, ones, None)[0])
    _, counts = np.unique(found.round(3), axis=0, return_counts=True)
    assert len(counts) == 3
    assert stats.chisquare(counts).pvalue > 1e-3
    twice = RandAugment(2, 10, ["identity", "solarize"])
    same = (np.asarray(twice(key, ones, None)[0]) == np.asarray(ones)).all((1, 2, 3))
    assert abs(same.mean() - 0.25) < 0.1


def test_channels_that_are_no_colors():
    gray = X[:, :1]
    np.testing.assert_array_equal(applied("color", 9, gray), gray)
    assert np.abs(applied("contrast", 9, gray) - gray).max() > 10
    small = X[:, :, :2, :2]
    np.testing.assert_array_equal(applied("sharpness", 9, small), small)


def test_flat_images_have_no_contrast_to_stretch():
    flat = np.full((2, 3, 5, 5), 7.0)
    for name in ("autocontrast", "equalize"):
        np.testing.assert_array_equal(applied(name, 9, flat), flat)


def test_keypoints_move_with_their_dots(follow):
    transform = RandAugment(
        2, 3, ["rotate", "shear_x", "shear_y", "translate_x", "translate_y"], target="keypoints"
    )
    follow(lambda X, y: transform(key, X, y))


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (RandAugment(num_ops=0), "num_ops must be a positive integer, got 0"),
        (RandAugment(magnitude=11), "magnitude must be a number between 0.0 and 10.0, got 11"),
        (
            RandAugment(operations=["rotation"]),
            f"operations must be a list of names out of {', '.join(OPERATIONS)}, got ('rotation',)",
        ),
        (RandAugment(high=0), "low must be less than high=0, got 0.0"),
    ],
)
def test_impossible_fields(transform, message):
    assert list(transform.check()) == [message]


def test_what_does_not_fit():
    with pytest.raises(TransformError, match=r"^RandAugment: X must have shape"):
        RandAugment()(key, X[:, 0], y)


def test_a_single_operation_needs_no_list():
    assert RandAugment(operations="rotate") == RandAugment(operations=["rotate"])

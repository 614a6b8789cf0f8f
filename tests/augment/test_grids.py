import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import qmc
from skimage.transform import AffineTransform, warp

from skconv.augment import Dihedral, FiveCrop, QuasiAffine, TenCrop
from skconv.augment.tunable import float32_values, with_values
from skconv.errors import TransformError

X = np.random.default_rng(0).normal(size=(2, 3, 6, 6)).astype(np.float32)


def copies(grid, n, X=X):
    """All changes, as compiled programs make them: with a traced number."""

    @jax.jit
    def change(i, values):
        return with_values(grid, values)(i, n, jnp.asarray(X))

    return [np.asarray(change(i, float32_values(grid))) for i in range(n)]


def padded_crops(X, right, down, mode):
    whole = np.pad(X, ((0, 0), (0, 0), (down, down), (right, right)), mode=mode)
    h, w = X.shape[2:]
    corners = [(down, right), (0, 0), (0, 2 * right), (2 * down, 0), (2 * down, 2 * right)]
    return [whole[:, :, y : y + h, x : x + w] for y, x in corners]


@pytest.mark.parametrize(("fill", "mode"), [("constant", "constant"), ("reflect", "reflect")])
def test_ten_crops_are_those_of_padded_images_and_their_mirror_images(fill, mode):
    expected = padded_crops(X, 2, 1, mode)
    found = copies(TenCrop(pad=(2, 1.5), fill=fill), 10)
    np.testing.assert_array_equal(found, [*expected, *(crop[..., ::-1] for crop in expected)])
    np.testing.assert_array_equal(copies(FiveCrop(pad=(2, 1), fill=fill), 5), expected)


def test_padding_has_a_number():
    assert copies(FiveCrop(pad=1, cval=7.0), 2)[1][0, 0, 0, 0] == 7


def test_dihedral_changes_are_all_different_and_begin_with_none():
    found = copies(Dihedral(), 8)
    np.testing.assert_array_equal(found[0], X)
    expected = [np.rot90(X, k, axes=(2, 3)) for k in range(4)]
    np.testing.assert_array_equal(found, [*expected, *(turn[..., ::-1] for turn in expected)])
    assert len({one.tobytes() for one in found}) == 8
    assert (Dihedral().size, Dihedral(mirrored=False).size) == (8, 4)


@pytest.mark.parametrize("sequence", ["halton", "sobol"])
def test_quasi_random_parts_are_more_even_than_random_ones(sequence):
    parts = QuasiAffine(sequence=sequence).parts(64)
    assert parts.shape == (64, 5)
    assert not parts[0].any()
    assert -1 <= parts.min() < -0.9 < 0.9 < parts.max() <= 1
    uneven = qmc.discrepancy((parts + 1) / 2)
    drawn = [qmc.discrepancy(np.random.default_rng(i).random((64, 5))) for i in range(5)]
    assert uneven < 0.6 * min(drawn)
    assert QuasiAffine(sequence=sequence).parts(1).shape == (1, 5)


def test_quasi_random_moves_are_those_of_the_parts():
    grid = QuasiAffine(rotation=30, translation=(2, 1), scale=1.3, shear=10)
    image = np.random.default_rng(1).random((12, 10)).astype(np.float32)
    found = copies(grid, 4, image[None, None])
    np.testing.assert_allclose(found[0][0, 0], image, atol=1e-5)
    center = AffineTransform(translation=(-4.5, -5.5))
    back = AffineTransform(translation=(4.5, 5.5))
    for part, moved in zip(grid.parts(4).astype(float), found, strict=True):
        rotation, shear = np.deg2rad(part[:2] * [30, 10])
        factor = 1.3 ** part[2]
        c, s, lean = factor * np.cos(rotation), factor * np.sin(rotation), np.tan(shear)
        turn = [[c, c * lean - s, 2 * part[3]], [s, s * lean + c, part[4]], [0, 0, 1]]
        move = center + AffineTransform(np.array(turn)) + back
        expected = warp(image.astype(float), move.inverse, order=1)
        np.testing.assert_allclose(moved[0, 0, 3:-3, 3:-3], expected[3:-3, 3:-3], atol=1e-4)


@pytest.mark.parametrize(
    ("grid", "shape", "message"),
    [
        (Dihedral(), (2, 1, 4, 5), "Dihedral: images must be square, got 4 by 5 pixels"),
        (TenCrop(), (2, 4, 5), r"TenCrop: X must have shape \(n, channels, height, width\)"),
        (QuasiAffine(), (2, 4), "QuasiAffine: X must have shape"),
    ],
)
def test_images_that_do_not_fit_are_told(grid, shape, message):
    with pytest.raises(TransformError, match=message):
        grid(0, 5, jnp.zeros(shape))


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (FiveCrop(pad=-1, fill="no"), ["pad must be a finite number >= 0.0", "fill must be "]),
        (Dihedral(mirrored=2), ["mirrored must be True or False, got 2"]),
        (
            QuasiAffine(rotation=-1, sequence="x"),
            ["rotation must be", "sequence must be one of 'halton'"],
        ),
    ],
)
def test_impossible_fields_are_told(grid, message):
    problems = list(grid.check())
    assert len(problems) == len(message)
    assert all(error.startswith(start) for error, start in zip(problems, message, strict=True))

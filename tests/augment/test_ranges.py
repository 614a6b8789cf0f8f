import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.augment import Cutout, RandomAffine
from skconv.augment.ranges import log_scaled, scaled, uniform, uniform_factors

DRAWS = jnp.array([-1.0, 0.0, 1.0])
key = jax.random.key(0)


def test_numbers_are_limits_and_pairs_are_ranges():
    assert scaled(DRAWS, 3).tolist() == [-3, 0, 3]
    assert scaled(DRAWS, (3, 5)).tolist() == [3, 4, 5]
    np.testing.assert_allclose(log_scaled(DRAWS, 2), [0.5, 1, 2], rtol=1e-6)
    np.testing.assert_allclose(log_scaled(DRAWS, (1, 4)), [1, 2, 4], rtol=1e-6)
    np.testing.assert_allclose(
        uniform_factors(key, 9, 0.5), uniform_factors(key, 9, (0.5, 1.5)), rtol=1e-6
    )
    np.testing.assert_allclose(uniform(key, 9, 2), uniform(key, 9, (-2, 2)), atol=1e-6)


def test_sides_are_whole_numbers_from_low_to_high():
    X = jnp.ones((400, 1, 15, 15))
    holes = 225 - Cutout(size=(2, 4))(key, X, None)[0].sum((1, 2, 3))
    inside, counts = np.unique(holes, return_counts=True)
    assert {4.0, 9.0, 16.0} <= set(inside)
    assert inside.max() == 16
    assert all(60 < counts[inside == side * side].sum() < 200 for side in (2, 3, 4))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scale": 0.9}, "scale must be a finite number >= 1.0, or a range (low, high), got 0.9"),
        (
            {"rotation": (-200, 0)},
            "rotation must be a range (low, high) with low <= high, each a number between -180.0 "
            "and 180.0, got (-200, 0)",
        ),
        (
            {"translation": (-3, 5)},
            "translation must be a finite number >= 0.0, or two of them for x and y, or a range "
            "of each as ((low, high), (low, high)), got (-3, 5)",
        ),
        (
            {"translation_unit": "pixels"},
            "translation_unit must be one of 'pixel', 'fraction', got 'pixels'",
        ),
    ],
)
def test_impossible_ranges(given, message):
    assert list(RandomAffine(**given).check()) == [message]

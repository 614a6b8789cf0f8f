import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import Context, FeaturePoolLayer, FeatureWTALayer

x = np.random.default_rng(0).normal(size=(2, 6, 4, 3))


@pytest.mark.parametrize(("axis", "size"), [(1, 2), (1, 6), (2, 2), (3, 3)])
def test_groups_are_neighbours(forward, axis, size):
    expected = np.stack([part.max(axis) for part in np.split(x, x.shape[axis] // size, axis)], axis)
    found = forward(FeaturePoolLayer(pool_size=size, axis=axis), {}, x)
    np.testing.assert_array_equal(found, expected)


def test_other_functions_pool_as_well(forward):
    found = forward(FeaturePoolLayer(pool_size=3, pool_function=jnp.mean), {}, x)
    np.testing.assert_allclose(found[:, 1], x[:, 3:].mean(1), atol=1e-12)


@pytest.mark.parametrize(("axis", "size"), [(1, 2), (1, 3), (2, 4)])
def test_winners_stay_and_others_are_zero(forward, axis, size):
    found = forward(FeatureWTALayer(pool_size=size, axis=axis), {}, x)
    for part, given in zip(
        *(np.split(a, a.shape[axis] // size, axis) for a in (found, x)), strict=True
    ):
        np.testing.assert_array_equal(
            part, np.where(given == given.max(axis, keepdims=True), given, 0)
        )


def test_of_equal_ones_the_first_wins(forward):
    found = forward(FeatureWTALayer(pool_size=2), {}, np.ones((1, 4)))
    np.testing.assert_array_equal(found, [[1, 0, 1, 0]])


def test_the_gradient_goes_to_the_winners(float64):
    def total(x):
        return FeatureWTALayer(pool_size=2).apply({}, {}, x, ctx=Context(True))[0].sum()

    np.testing.assert_array_equal(
        jax.grad(total)(jnp.array([[1.0, 3.0, 5.0, 2.0]])), [[0, 1, 1, 0]]
    )


@pytest.mark.parametrize("layer", [FeaturePoolLayer, FeatureWTALayer])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pool_size": 4}, r"pool_size=4 does not divide axis 1 of \(None, 6, 4, 3\)$"),
        ({"pool_size": 2, "axis": 0}, r"axis=0 is no axis of \(None, 6, 4, 3\) besides the batch$"),
        ({"pool_size": 2, "axis": 4}, r"axis=4 is no axis of \(None, 6, 4, 3\) besides the batch$"),
    ],
)
def test_groups_that_cannot_be(layer, fields, message):
    with pytest.raises(LayerError, match=message):
        layer(**fields).output_shape((None, 6, 4, 3))

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.ops.untransformed import untransformed


@pytest.fixture
def product():
    """Return a product whose way is told by its sign."""
    return untransformed(lambda x, y: x * y, lambda x, y: -x * y)


def test_is_the_first_in_calls_and_compiled(product):
    assert product(2.0, 3.0) == jax.jit(product)(2.0, 3.0) == 6


@pytest.mark.parametrize("axes", [(0, 0), (0, None), (None, 0)])
def test_is_the_second_where_mapped(product, axes):
    x, y = (jnp.asarray([2.0, 4.0]) if axis == 0 else 3.0 for axis in axes)
    np.testing.assert_allclose(jax.vmap(product, axes)(x, y), -x * y)


def test_is_the_second_for_gradients_of_any_order(product):
    assert jax.value_and_grad(product)(2.0, 3.0) == (-6, -3)

    def squared(x):
        return jax.grad(product, argnums=1)(x, 3.0) ** 2

    assert jax.grad(squared)(2.0) == 4
    assert jax.vmap(jax.grad(squared))(jnp.asarray([2.0]))[0] == 4

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from skconv import nonlinearities

X = np.linspace(-6, 6, 25).reshape(5, 5)

FORMULAS = {
    "sigmoid": special.expit,
    "softmax": lambda x: special.softmax(x, axis=-1),
    "tanh": np.tanh,
    "rectify": lambda x: np.maximum(x, 0),
    "leaky_rectify": lambda x: np.where(x > 0, x, 0.01 * x),
    "softplus": lambda x: np.logaddexp(0, x),
    "linear": lambda x: x,
    "identity": lambda x: x,
}

SLOPES = {
    "sigmoid": lambda x: special.expit(x) * (1 - special.expit(x)),
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "rectify": lambda x: (x > 0).astype(float),
    "leaky_rectify": lambda x: np.where(x > 0, 1, 0.01),
    "softplus": special.expit,
    "linear": np.ones_like,
}


def test_every_public_function_has_its_formula_here():
    assert set(nonlinearities.__all__) == set(FORMULAS)


@pytest.mark.parametrize("name", FORMULAS)
def test_values_are_those_of_the_formula(name):
    found = getattr(nonlinearities, name)(jnp.asarray(X, jnp.float32))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, FORMULAS[name](X), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_are_those_of_the_formula(name):
    x = X[X != 0]
    slope = jax.vmap(jax.grad(getattr(nonlinearities, name)))(jnp.asarray(x, jnp.float32))
    np.testing.assert_allclose(slope, SLOPES[name](x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_extreme_inputs_give_finite_values_and_slopes(name):
    x = jnp.asarray([-1e4, -100.0, 0.0, 100.0, 1e4], jnp.float32)
    function = getattr(nonlinearities, name)
    assert np.isfinite(function(x)).all()
    assert np.isfinite(jax.grad(lambda x: function(x).sum())(x)).all()


def test_zero_lets_no_gradient_through_the_rectifier():
    assert jax.grad(nonlinearities.rectify)(0.0) == 0.0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-50, 50, width=32), min_size=3, max_size=3), st.floats(-50, 50, width=32))
def test_softmax_sums_to_one_and_ignores_a_common_shift(logits, shift):
    x = jnp.asarray(logits, jnp.float32)
    p = nonlinearities.softmax(x)
    assert float(p.sum()) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(nonlinearities.softmax(x + np.float32(shift)), p, atol=1e-4)


def test_softmax_works_along_the_last_axis_of_images():
    p = nonlinearities.softmax(jnp.asarray(X.reshape(1, 5, 1, 5), jnp.float32))
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-6)


def test_linear_returns_what_it_got():
    x = jnp.ones(3)
    assert nonlinearities.linear(x) is x
    assert nonlinearities.identity is nonlinearities.linear

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from skconv import nonlinearities
from skconv.nonlinearities import output_range

X = np.linspace(-7.1, 7.3, 49).reshape(7, 7)
"""Numbers on both sides of 0, -3, 3 and 6, where some functions bend, but not next to them."""

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

FORMULAS = {
    "LeakyRectify": lambda x: np.where(x > 0, x, 0.01 * x),
    "Power": lambda x: x,
    "SELU": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "ScaledTanH": np.tanh,
    "ScaledTanh": np.tanh,
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "exponential": np.exp,
    "gelu": lambda x: x * stats.norm.cdf(x),
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "relu6": lambda x: np.clip(x, 0, 6),
    "scaled_tanh": lambda x: 1.7159 * np.tanh(2 / 3 * x),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),
    "silu": lambda x: x * special.expit(x),
    "very_leaky_rectify": lambda x: np.where(x > 0, x, x / 3),
    "sigmoid": special.expit,
    "softmax": lambda x: special.softmax(x, axis=-1),
    "tanh": np.tanh,
    "rectify": lambda x: np.maximum(x, 0),
    "leaky_rectify": lambda x: np.where(x > 0, x, 0.01 * x),
    "softplus": lambda x: np.logaddexp(0, x),
    "linear": lambda x: x,
    "identity": lambda x: x,
}

PARAMETERS = {
    "LeakyRectify(0.2)": (nonlinearities.LeakyRectify(0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
    "Power(3, 0.5, 1)": (nonlinearities.Power(3, 0.5, 1), lambda x: (1 + 0.5 * x) ** 3),
    "Power(-0.75, 2, 20)": (nonlinearities.Power(-0.75, 2, 20), lambda x: (20 + 2 * x) ** -0.75),
    "ScaledTanH(0.5, 3)": (nonlinearities.ScaledTanH(0.5, 3), lambda x: 3 * np.tanh(0.5 * x)),
    "SELU(2, 0.5)": (
        nonlinearities.SELU(2, 0.5),
        lambda x: 2 * np.where(x > 0, x, np.expm1(np.minimum(x, 0)) / 2),
    ),
}


def named(name):
    """The function of a name; of a class, its object without arguments."""
    found = getattr(nonlinearities, name)
    return found() if isinstance(found, type) else found


def test_every_public_function_has_its_formula_here():
    assert set(nonlinearities.__all__) == {*FORMULAS, "as_nonlinearity"}


ALL = {name: (named(name), formula) for name, formula in FORMULAS.items()} | PARAMETERS


@pytest.mark.parametrize("name", ALL)
def test_values_are_those_of_the_formula(name):
    function, formula = ALL[name]
    found = function(jnp.asarray(X, jnp.float32))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, formula(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_values_and_slopes_in_double_precision(name):
    function, formula = ALL[name]
    direction, step = np.random.default_rng(0).normal(size=X.shape), 1e-5
    with jax.enable_x64(True):
        found, slope = jax.jvp(function, (jnp.asarray(X),), (jnp.asarray(direction),))
    np.testing.assert_allclose(found, formula(X), rtol=1e-12, atol=1e-14)
    ends = [formula(X + sign * step * direction) for sign in (1, -1)]
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", FORMULAS)
def test_extreme_inputs_give_finite_values_and_slopes(name):
    """Those of the exponential are finite where float32 holds them."""
    x = jnp.asarray([-1e4, -100.0, 0.0, 100.0, 1e4], jnp.float32)
    function = named(name)
    with np.errstate(over="ignore"):
        finite = np.isfinite(np.float32(FORMULAS[name](np.float64(x))))
    assert finite.all() or name == "exponential"
    np.testing.assert_array_equal(np.isfinite(function(x)), finite)
    slopes = jax.grad(lambda x: function(x).sum())(x)
    assert np.isfinite(slopes)[finite].all()


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
    p = nonlinearities.softmax(jnp.asarray(X.reshape(1, 7, 1, 7), jnp.float32))
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-6)


def test_linear_returns_what_it_got():
    x = jnp.ones(3)
    assert nonlinearities.linear(x) is x
    assert nonlinearities.identity is nonlinearities.linear


def test_functions_with_parameters_are_equal_where_these_are():
    assert nonlinearities.LeakyRectify(0.01) == nonlinearities.leaky_rectify
    assert hash(nonlinearities.LeakyRectify(0.2)) != hash(nonlinearities.leaky_rectify)


NAMES = {
    "relu": nonlinearities.rectify,
    "logistic": nonlinearities.sigmoid,
    "identity": nonlinearities.linear,
    "tanh": nonlinearities.tanh,
    "leaky_relu": nonlinearities.leaky_rectify,
    "swish": nonlinearities.silu,
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_scikit_learn_and_keras_are_known(name):
    assert nonlinearities.as_nonlinearity(name) is NAMES[name]


def test_our_functions_have_their_names():
    for name in set(FORMULAS) - {"LeakyRectify", "Power", "SELU", "ScaledTanH", "ScaledTanh"}:
        assert nonlinearities.as_nonlinearity(name) is getattr(nonlinearities, name)


def test_unknown_names_are_told_with_the_nearest():
    with pytest.raises(ValueError, match=r"name of a nonlinearity, got 'tanhh'. .* 'tanh'\?$"):
        nonlinearities.as_nonlinearity("tanhh")


@pytest.mark.parametrize("value", [None, nonlinearities.tanh, nonlinearities.LeakyRectify(0.2)])
def test_all_else_stays_as_it_is(value):
    assert nonlinearities.as_nonlinearity(value) is value


@pytest.mark.parametrize(
    ("function", "low", "high", "sums_to_one"),
    [
        (None, -np.inf, np.inf, False),
        (nonlinearities.sigmoid, 0, 1, False),
        (jax.nn.softmax, 0, 1, True),
        (jnp.tanh, -1, 1, False),
        (nonlinearities.scaled_tanh, -1.7159, 1.7159, False),
        (nonlinearities.rectify, 0, np.inf, False),
        (nonlinearities.softplus, 0, np.inf, False),
        (nonlinearities.elu, -1, np.inf, False),
        (nonlinearities.relu6, 0, 6, False),
        (jnp.exp, 0, np.inf, False),
        (lambda x: jnp.log1p(jnp.abs(x)), 0, np.inf, False),
        (lambda x: jax.nn.softmax(x / 3), 0, 1, True),
    ],
)
def test_the_range_of_a_function(function, low, high, sums_to_one):
    found = output_range(function)
    np.testing.assert_allclose(found[:2], (low, high), atol=1e-3)
    assert found.sums_to_one is sums_to_one
    assert found.is_probability is (low == 0 and high == 1)


@pytest.mark.parametrize("function", [lambda x: x[:, :1], jnp.log, lambda x: x @ x, len])
def test_other_functions_have_no_known_range(function):
    assert output_range(function) is None

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skconv import updates
from skconv.updates import apply_norm_constraint, norm_constraint, total_norm_constraint

RNG = np.random.default_rng(0)


def constrained(x, max_norm, axes, epsilon=1e-7):
    """Lasagne's formula in float64."""
    norms = np.sqrt((x**2).sum(axis=axes, keepdims=True))
    return x * np.clip(norms, 0, max_norm) / (epsilon + norms)


@pytest.mark.parametrize(
    ("shape", "given", "axes"),
    [
        ((5, 4), None, (0,)),
        ((4, 3, 5), None, (1, 2)),
        ((4, 3, 2, 2), None, (1, 2, 3)),
        ((4, 3, 2, 2, 2), None, (1, 2, 3, 4)),
        ((5, 4), (1,), (1,)),
        ((6,), (0,), (0,)),
        ((2, 2, 2, 2, 2, 2), [0, 5], (0, 5)),
    ],
)
def test_norms_are_those_of_a_units_weights(shape, given, axes):
    x = RNG.normal(size=shape) * RNG.uniform(0, 3, size=(shape[0], *[1] * (len(shape) - 1)))
    found = norm_constraint(x.astype(np.float32), 1.5, given)
    np.testing.assert_allclose(found, constrained(x, 1.5, axes), rtol=1e-5, atol=1e-7)
    norms = np.sqrt((np.asarray(found) ** 2).sum(axis=axes))
    assert norms.max() <= 1.5 + 1e-6


def test_weights_of_zero_stay_zero():
    assert not np.any(norm_constraint(np.zeros((3, 2), np.float32), 1.0))


@pytest.mark.parametrize("shape", [(), (3,), (1,) * 6])
def test_other_shapes_need_axes(shape):
    with pytest.raises(ValueError, match=f"norm_axes must be given for an array of {len(shape)}"):
        norm_constraint(np.zeros(shape), 1.0)


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_the_total_norm_is_that_of_all_arrays(max_norm):
    arrays = [RNG.normal(size=(3, 2)), RNG.normal(size=4)]
    norm = np.sqrt(sum((x**2).sum() for x in arrays))
    given = [jnp.asarray(x, jnp.float32) for x in arrays]
    scaled, found = total_norm_constraint(given, max_norm, return_norm=True)
    np.testing.assert_allclose(found, norm, rtol=1e-6)
    for x, y in zip(arrays, scaled, strict=True):
        np.testing.assert_allclose(y, x * min(norm, max_norm) / (1e-7 + norm), rtol=1e-5)
    assert isinstance(total_norm_constraint({"a": given}, max_norm)["a"], list)


def test_parameters_are_constrained_after_each_step():
    rule = apply_norm_constraint(updates.momentum(0.1, 0.9), 1.0)
    params = {"a": {"W": jnp.full((4, 3), 2.0), "b": jnp.full(3, 9.0)}}
    start = {name: np.asarray(x, np.float64) for name, x in params["a"].items()}
    W, b, v = start["W"], start["b"], {"W": 0.0, "b": 0.0}
    state = rule.init(params)
    for _ in range(3):
        g = {"W": RNG.normal(size=(4, 3)), "b": RNG.normal(size=3)}
        grads = {"a": {name: jnp.asarray(x, jnp.float32) for name, x in g.items()}}
        changes, state = jax.jit(rule.update)(grads, state, params)
        params = optax.apply_updates(params, changes)
        v = {name: 0.9 * v[name] - 0.1 * g[name] for name in v}
        W, b = constrained(W + v["W"], 1.0, (0,)), b + v["b"]
    np.testing.assert_allclose(params["a"]["W"], W, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(params["a"]["b"], b, rtol=1e-5)


def test_other_values_are_not_rules():
    with pytest.raises(TypeError, match=r"apply_norm_constraint\(sgd"):
        apply_norm_constraint(updates.sgd, 1.0)

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv import layers
from skconv.layers import Context


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="session")
def public_layers():
    """Names of all layers, each once."""
    values = [getattr(layers, name) for name in layers.__all__]
    classes = [value for value in values if isinstance(value, type)]
    found = {value.__name__ for value in classes if issubclass(value, layers.Layer)}
    return found - {"Layer", "MergeLayer"}


@pytest.fixture(scope="session")
def public_apply():
    """Apply a layer to arrays in their public shape, and check the shape that it promises."""

    def apply(layer, params, state, *inputs, train=False, key=0):
        last = layer.layout == "channels_last"
        laid = [jnp.moveaxis(x, 1, -1) if last else jnp.asarray(x) for x in inputs]
        ctx = Context(train, jax.random.key(key) if train else None)
        out, new = layer.apply(params, state, *laid, ctx=ctx)
        out = jnp.moveaxis(out, -1, 1) if last else out
        assert out.shape[1:] == layer.output_shape(*((None, *x.shape[1:]) for x in inputs))[1:]
        return out, new

    return apply


@pytest.fixture
def forward(float64, public_apply):
    """Apply a layer to arrays in their public shape."""

    def forward(layer, params, *inputs, train=False, state=None, key=0):
        out, new = public_apply(layer, params, state or {}, *inputs, train=train, key=key)
        return (np.asarray(out), new) if train else np.asarray(out)

    return forward


@pytest.fixture
def follows(float64):
    """Check a layer's output and slopes against a formula of its parameters and inputs in NumPy.

    The slope along a random direction of each parameter and input is compared with central
    differences of the formula; masks, which have two axes, have none.
    """

    def follows(layer, formula, params, *inputs):
        expected = formula(params, *inputs)
        assert expected.shape[1:] == layer.output_shape(*((None, *x.shape[1:]) for x in inputs))[1:]
        rng = np.random.default_rng(1)
        weights = rng.normal(size=expected.shape)
        places = [(0, name) for name in params]
        places += [(1, i) for i, x in enumerate(inputs) if x.ndim > 2]

        @jax.jit
        @functools.partial(jax.grad, has_aux=True)
        def apply(given):
            out, _ = layer.apply(given[0], {}, *given[1], ctx=Context(False))
            return (out * weights).sum(), out

        slopes, found = apply((params, list(inputs)))
        np.testing.assert_allclose(found, expected, atol=1e-10)
        for kind, name in places:
            direction = rng.normal(size=(params, inputs)[kind][name].shape)
            ends = []
            for step in (1e-5, -1e-5):
                given = dict(params), list(inputs)
                given[kind][name] = given[kind][name] + step * direction
                ends.append((formula(given[0], *given[1]) * weights).sum())
            found = (slopes[kind][name] * direction).sum()
            np.testing.assert_allclose(found, (ends[0] - ends[1]) / 2e-5, rtol=1e-6, atol=1e-8)

    return follows

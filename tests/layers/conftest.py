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
    found = {value.__name__ for value in vars(layers).values() if isinstance(value, type)}
    found = {name for name in found if issubclass(getattr(layers, name), layers.Layer)}
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

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from skconv.layers import Context
from skconv.layers.held_module import Row
from skconv.layers.nnx_module import NnxModule
from tests.foreign_modules import NnxNet

x = jnp.asarray(np.random.default_rng(0).normal(size=(20, 4)), jnp.float32)


def test_the_given_module_neither_changes_nor_matters_later():
    module = NnxNet(nnx.Rngs(0))
    held = NnxModule(module)
    before = module.dense.kernel[...]
    module.dense.kernel[...] = jnp.zeros((4, 8))
    arrays = held.draw(jax.random.key(0), Row((4,)))
    np.testing.assert_array_equal(arrays["params", "dense", "kernel"], before)
    held.call(arrays, x, Context(True, jax.random.key(0)))
    np.testing.assert_array_equal(module.norm.mean[...], jnp.zeros(8))


def test_outputs_are_those_of_the_module():
    module = NnxNet(nnx.Rngs(0))
    held = NnxModule(module)
    arrays = held.draw(jax.random.key(0), Row((4,)))
    module.eval()
    np.testing.assert_allclose(held.call(arrays, x, Context(False))[0], module(x), atol=1e-6)
    out, new = held.call(arrays, x, Context(True, jax.random.key(0)))
    module.train()
    module(x)
    np.testing.assert_allclose(new["state", "norm", "mean"], module.norm.mean[...], rtol=1e-5)
    assert (out != held.call(arrays, x, Context(True, jax.random.key(1)))[0]).any()

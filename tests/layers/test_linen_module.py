import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from skconv.layers import Context
from skconv.layers.held_module import Row
from skconv.layers.linen_module import LinenModule
from tests.foreign_modules import LinenNet

x = jnp.asarray(np.random.default_rng(0).normal(size=(20, 4)), jnp.float32)


def test_arrays_are_those_of_init():
    module = LinenNet()
    drawn = LinenModule(module).draw(jax.random.key(3), Row((4,)))
    expected = module.init(jax.random.key(3), x[:1])
    for path, array in drawn.items():
        value = expected
        for part in path:
            value = value[part]
        np.testing.assert_array_equal(array, value)
    assert len(drawn) == len(jax.tree.leaves(expected))


def test_inner_modules_are_told_whether_they_train():
    held = LinenModule(linen.Sequential([linen.BatchNorm(), linen.Dropout(0.5)]))
    arrays = held.draw(jax.random.key(0), Row((4,)))
    out, new = held.call(arrays, x, Context(True, jax.random.key(0)))
    assert 0.2 < np.mean(np.asarray(out) == 0) < 0.8
    mean = new["batch_stats", "layers_0", "mean"]
    np.testing.assert_allclose(mean, 0.01 * x.mean(axis=0), rtol=1e-4)
    still, new = held.call(arrays, x, Context(False))
    np.testing.assert_allclose(still, x, rtol=1e-4)
    assert new == {}


@pytest.mark.parametrize("told", [True, False])
def test_what_a_module_is_told_holds_in_training_only(told):
    held = LinenModule(linen.Dropout(0.5, deterministic=told))
    out, _ = held.call({}, x, Context(True, jax.random.key(0)))
    assert (out == x).all() == told
    np.testing.assert_array_equal(held.call({}, x, Context(False))[0], x)

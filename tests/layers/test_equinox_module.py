import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import Context
from skconv.layers.equinox_module import EquinoxModule
from skconv.layers.held_module import Row
from tests.foreign_modules import EquinoxNet

x = jnp.asarray(np.random.default_rng(0).normal(size=(20, 4)), jnp.float32)
ROW = Row((4,))


class Permuted(eqx.Module):
    order: jax.Array
    scale: jax.Array

    def __call__(self, x):
        return self.scale * x[self.order]


def test_integers_are_constants():
    held = EquinoxModule(Permuted(jnp.array([3, 0, 1, 2]), jnp.ones(4)))
    assert list(held.draw(jax.random.key(0), ROW)) == [("params", "scale")]
    out, _ = held.call({("params", "scale"): 2 * jnp.ones(4)}, x, Context(True))
    np.testing.assert_array_equal(out, 2 * x[:, [3, 0, 1, 2]])
    other = EquinoxModule(Permuted(jnp.array([0, 3, 1, 2]), jnp.ones(4)))
    assert held.structure != other.structure


def test_state_may_come_with_the_module():
    module = EquinoxNet(jax.random.key(0))
    pair = eqx.nn.make_with_state(lambda: module)()
    assert EquinoxModule(pair) == EquinoxModule(module)
    with pytest.raises(LayerError, match="module must hold its initial state, or come with it"):
        EquinoxModule(pair[0])


def test_outputs_are_those_of_the_module():
    pair = eqx.nn.make_with_state(EquinoxNet)(jax.random.key(0), p=0.0)
    held = EquinoxModule(pair)
    arrays = held.draw(jax.random.key(0), ROW)
    for ctx in (Context(True, jax.random.key(1)), Context(False)):
        module = pair[0] if ctx.train else eqx.nn.inference_mode(pair[0])
        mapped = jax.vmap(module, in_axes=(0, None), out_axes=(0, None), axis_name="rows")
        out, state = mapped(x, pair[1])
        made, new = held.call(arrays, x, ctx)
        np.testing.assert_allclose(made, out, rtol=1e-5, atol=1e-5)
        for one, other in zip(new.values(), jax.tree.leaves(state), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


def test_modules_in_inference_mode_stay_there():
    held = EquinoxModule(eqx.nn.Dropout(0.5, inference=True))
    np.testing.assert_array_equal(held.call({}, x, Context(True, jax.random.key(0)))[0], x)


def test_problems():
    class Several(eqx.Module):
        norms: list

        def __call__(self, x, state):
            return x, state

    norms = [eqx.nn.BatchNorm(4, name, mode="ema") for name in ("a", "b")]
    with pytest.raises(LayerError, match=r"axis_name must be the same in .*, got 'a', 'b'"):
        EquinoxModule(Several(norms)).output_shape(ROW)

    class Stateless(Several):
        def __call__(self, x):
            return x

    with pytest.raises(LayerError, match="its __call__ must take an argument state"):
        EquinoxModule(Stateless(norms[:1])).output_shape(ROW)

import functools
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from skconv.errors import LayerError
from skconv.layers.equinox_module import EquinoxModule
from skconv.layers.held_module import Row
from skconv.layers.linen_module import LinenModule
from skconv.layers.module_factory import ModuleFactory, hold
from skconv.layers.nnx_module import NnxModule

ROW = Row((4,))


def test_libraries_are_told_apart():
    dense = eqx.nn.Linear(4, 3, key=jax.random.key(0))
    assert type(hold(linen.Dense(3))) is LinenModule
    assert type(hold(nnx.Linear(4, 3, rngs=nnx.Rngs(0)))) is NnxModule
    assert type(hold(dense)) is EquinoxModule
    assert type(hold(lambda key: dense)) is ModuleFactory
    assert hold(hold(dense)).label == "Linear"
    for value in (3, "dense", None, linen.Dense, (1, 2)):
        assert hold(value) is value


def test_skconv_imports_neither_library():
    code = (
        "import sys, skconv.layers; skconv.layers.ModuleLayer(3); "
        "print({'flax', 'equinox'} & {*sys.modules})"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "set()"


@pytest.mark.parametrize(
    "function",
    [
        functools.partial(eqx.nn.Linear, 4, 3),
        lambda key: eqx.nn.Linear(4, 3, key=key),
        lambda rngs: nnx.Linear(4, 3, rngs=rngs),
        lambda seed: linen.Dense(3),
    ],
)
def test_functions_draw_anew(function):
    held = hold(function)
    assert held.output_shape(ROW) == (None, 3)
    one, same, other = (held.initial(jax.random.key(seed), ROW)[0] for seed in (1, 1, 2))
    for name in one:
        np.testing.assert_array_equal(one[name], same[name])
    assert any((one[name] != other[name]).any() for name in one)
    assert held.structure == hold(function(**{name_of(function): key_for(function)})).structure


def name_of(function):
    return "key" if isinstance(function, functools.partial) else function.__code__.co_varnames[0]


def key_for(function):
    return nnx.Rngs(5) if name_of(function) == "rngs" else jax.random.key(5)


def test_problems():
    with pytest.raises(LayerError, match=r"a function that returns a module .* returns 3"):
        hold(lambda key: 3).output_shape(ROW)
    with pytest.raises(LayerError, match="module failed for a random key: no"):
        hold(fail).output_shape(ROW)

    class Shifted(eqx.Module):
        steps: jax.Array

        def __call__(self, x):
            return jnp.roll(x, self.steps)

    held = hold(lambda key: Shifted(jax.random.randint(key, (), 0, 1000)))
    with pytest.raises(LayerError, match="must be a function whose modules differ in floating"):
        held.initial(jax.random.key(1), ROW)


def fail(key):
    raise ValueError("no")

import copy
import pickle

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from skconv.errors import LayerError
from skconv.layers.held_module import Row, Slot, mode_arguments, one_row_at_a_time
from skconv.layers.module_factory import hold
from skconv.utils.plain_objects import encode
from tests.foreign_modules import EquinoxNet, LinenNet, NnxNet

ROW = Row((4,))


def of_seed(seed):
    return [
        hold(linen.Dense(3)),
        hold(nnx.Linear(4, 3, rngs=nnx.Rngs(seed))),
        hold(eqx.nn.Linear(4, 3, key=jax.random.key(seed))),
    ]


def test_modules_are_equal_by_what_they_compute_and_start_from():
    for one, same, other in zip(of_seed(0), of_seed(0), of_seed(1), strict=True):
        assert one == same
        assert hash(one) == hash(same)
        assert (one == other) is (one.label == "Dense")
        assert one.structure == other.structure
        assert one.without_initial() is one.structure
    sizes = [hold(eqx.nn.Linear(4, n, key=jax.random.key(0))).structure for n in (3, 5)]
    assert sizes[0] != sizes[1]


def test_copies_are_the_module_itself_and_pickles_equal_it():
    for held in of_seed(0)[1:]:
        assert copy.copy(held) is held
        assert copy.deepcopy(held) is held
        held.output_shape(ROW)
        restored = pickle.loads(pickle.dumps(held))
        assert restored == held
        assert restored.structure == held.structure


def test_copies_of_the_module_share_a_structure():
    for module in (LinenNet(), NnxNet(nnx.Rngs(0)), EquinoxNet(jax.random.key(0))):
        assert hold(copy.deepcopy(module)).structure == hold(module).structure


def test_noise_is_found_by_tracing():
    for held in of_seed(0):
        assert held.noisy
        assert held.output_shape(ROW) == (None, 3)
        assert not held.noisy
    for module in (LinenNet(), NnxNet(nnx.Rngs(0)), EquinoxNet(jax.random.key(0))):
        held = hold(module)
        held.output_shape(ROW)
        assert held.noisy


def test_only_functions_and_modules_of_linen_can_be_written_without_pickle():
    encode(of_seed(0)[0])
    for held in of_seed(0)[1:]:
        with pytest.raises(TypeError, match=f"a module {held.label} cannot be saved without"):
            encode(held)


def test_shapes_must_be_the_same_in_training():
    class Fickle(linen.Module):
        @linen.compact
        def __call__(self, x, train):
            return x if train else x[:, 1:]

    with pytest.raises(LayerError, match=r"the same shape in .* got \(None, 4\) and \(None, 3\)"):
        hold(Fickle()).output_shape(ROW)


def test_names_are_different():
    module = {"a": {"b_c": jnp.zeros(1)}, "a_b": {"c": jnp.zeros(2)}}

    class Holder(eqx.Module):
        own: dict

        def __call__(self, x):
            return x

    names = [slot.name for slot in hold(Holder(module)).slots(ROW)]
    assert names == ["own_a_b_c", "own_a_b_c_1"]


def test_rows_and_slots():
    assert Row.of(jnp.zeros((2, 4), jnp.bfloat16)) == ROW
    assert Row.of(jnp.zeros((2, 4), jnp.int32)) == Row((4,), "int32")
    assert ROW.batch == (None, 4)
    weight = Slot("a_weight", ("params", "a", "weight"), (2,), "float32")
    assert weight.trainable
    assert weight.regularizable
    assert not weight._replace(path=("params", "a", "bias_n")).regularizable
    assert not weight._replace(path=("state", "a", "mean")).trainable


def test_arguments_for_training():
    class Told:
        inference = False

        def __call__(self, x, train, deterministic=None, inference=None):
            return x

    assert mode_arguments(Told(), train=True) == {"train": True, "deterministic": False}
    assert mode_arguments(Told(), train=False) == {"train": False, "deterministic": True}


def test_rows_one_at_a_time():
    out = one_row_at_a_time(lambda x: x - x.mean(), jnp.array([[1.0, 3.0], [0.0, 4.0]]))
    np.testing.assert_array_equal(out, [[-1, 1], [-2, 2]])

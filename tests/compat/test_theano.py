"""The few names of Theano."""

import copy

import jax.numpy as jnp
import numpy as np
import pytest

from skconv.compat.theano import RENAMED, config, instead_of_tensor, shared, tensor_types


def test_shared_variables():
    rate = shared(np.float32(0.03), borrow=True)
    assert rate.get_value().dtype == np.float32
    assert rate.get_value(borrow=True) == np.float32(0.03)
    assert float(rate.get_value() * 2) == pytest.approx(0.06)
    other = copy.deepcopy(rate)
    other.set_value(1)
    assert (float(rate.get_value()), float(other.get_value())) == (pytest.approx(0.03), 1.0)


@pytest.mark.parametrize(
    ("value", "got"),
    [(np.zeros((2, 3)), r"an array of shape \(2, 3\)"), ("fast", "'fast'"), (True, "True")],
)
def test_shared_variables_are_numbers(value, got):
    with pytest.raises(TypeError, match=f"value must be a number, got {got}; for initial weights"):
        shared(value)


def test_types_of_tensors():
    types = tensor_types()
    kinds = {name: (types[name].dtype, len(types[name].broadcastable)) for name in types}
    assert kinds["ivector"] == ("int32", 1)
    assert kinds["matrix"] == kinds["fmatrix"] == ("float32", 2)
    assert kinds["tensor4"] == ("float32", 4)
    assert kinds["lscalar"] == ("int64", 0)
    with pytest.raises(TypeError, match=r"^TensorType\(int32, 1 axes\) must not be called"):
        types["ivector"]("y")


def test_config():
    config.floatX = "float32"
    config.optimizer = "fast_run"
    assert config.floatX == "float32"
    with pytest.raises(ValueError, match=r"floatX must be 'float32', .* got 'float64'"):
        config.floatX = "float64"
    with pytest.raises(AttributeError, match=r"theano.config has floatX, but not device"):
        _ = config.device


def test_hints_name_functions_that_exist():
    for hint in RENAMED.values():
        if hint.startswith("jax.numpy."):
            assert hasattr(jnp, hint.removeprefix("jax.numpy."))
    assert instead_of_tensor("mean") == "write jax.numpy.mean"
    assert instead_of_tensor("nonsense").startswith("losses, nonlinearities and layers are")

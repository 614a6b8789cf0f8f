import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.init import Array
from skconv.layers import BatchNormLayer, DenseLayer, LSTMLayer
from skconv.utils.owned_values import plain


@pytest.mark.parametrize("make", [np.asarray, jnp.asarray])
def test_arrays_as_initial_values_compare_by_their_numbers(make):
    layer = DenseLayer(num_units=2, W=make([[1.0, 2.0]]))
    assert isinstance(plain(layer.W), Array)
    assert layer == DenseLayer(num_units=2, W=make([[1.0, 2.0]]))
    assert layer != DenseLayer(num_units=2, W=make([[1.0, 3.0]]))


def test_init_draws_each_parameter_from_a_key_of_its_own():
    keys = []

    def recorded(key, shape, dtype):
        keys.append(tuple(jax.random.key_data(key).tolist()))
        return jnp.zeros(shape, dtype)

    params, state = DenseLayer(num_units=3, W=recorded, b=recorded).init(
        jax.random.key(0), (None, 4)
    )
    assert {name: (a.shape, a.dtype.name) for name, a in params.items()} == {
        "W": ((4, 3), "float32"),
        "b": ((3,), "float32"),
    }
    assert state == {}
    assert len(set(keys)) == 2


def test_init_leaves_shared_parameters_to_their_keeper():
    params, _ = DenseLayer(num_units=3, W="other").init(jax.random.key(0), (None, 4))
    assert list(params) == ["b"]


def test_init_names_the_parameter_that_cannot_be_drawn():
    layer = DenseLayer(num_units=3, b=np.zeros(2))
    message = r"^b: the array must have shape \(3,\), got \(2,\)$"
    with pytest.raises(LayerError, match=message):
        layer.init(jax.random.key(0), (None, 4))


def test_what_layers_end_in():
    assert DenseLayer().ends_in_nonlinearity()
    assert not BatchNormLayer().ends_in_nonlinearity()
    assert not LSTMLayer().ends_in_nonlinearity()

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from skconv import NeuralNet
from skconv.init import Constant
from skconv.layers import (
    ConcatLayer,
    CustomRecurrentLayer,
    DenseLayer,
    InputLayer,
    Layer,
    NormalizationLayer,
    ParamSpec,
    RecurrentLayer,
    SliceLayer,
    get_all_param_values,
    get_all_params,
    set_all_param_values,
)


def rows():
    return InputLayer((None, 2))


def test_a_parameter_has_name_shape_and_values():
    layer = DenseLayer(rows(), 3, W=Constant(0.5), name="hidden")
    assert (layer.W.name, layer.W.shape) == ("hidden.W", (2, 3))
    assert (DenseLayer(rows(), 3).b.name, layer.b.shape) == ("b", (3,))
    values = layer.W.get_value(borrow=True)
    np.testing.assert_array_equal(values, np.full((2, 3), 0.5))
    assert values.dtype == np.float32
    values[:] = 7
    layer.b.set_value([1, 2, 3], borrow=True)
    np.testing.assert_array_equal(layer.W.get_value(), np.full((2, 3), 0.5))
    np.testing.assert_array_equal(layer.b.get_value(), [1, 2, 3])
    np.testing.assert_array_equal(layer.get_output_for(np.ones((1, 2))), [[2, 3, 4]])
    assert layer.own_params() == [layer.W, layer.b]
    assert layer.own_params(regularizable=False)[0] is layer.b


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros(3), r"^parameter 'hidden.W' must have shape \(2, 3\), got \(3,\)$"),
        (np.full((2, 3), np.inf), r"^parameter 'hidden.W' must hold finite numbers$"),
        (np.full((2, 3), "a"), r"^parameter 'hidden.W' must hold finite numbers$"),
    ],
)
def test_values_that_do_not_fit_change_nothing(value, message):
    layer = DenseLayer(rows(), 3, W=0.5, name="hidden")
    with pytest.raises(ValueError, match=message):
        layer.W.set_value(value)
    np.testing.assert_array_equal(layer.W.get_value(), np.full((2, 3), 0.5))


def test_initial_values_that_cannot_be_drawn_name_the_layer():
    layer = DenseLayer(rows(), 3, W=np.zeros((5, 5)), name="hidden")
    with pytest.raises(
        ValueError, match=r"^layer 'hidden' \(DenseLayer\): W: the array must have "
    ):
        layer.W.get_value()
    with pytest.raises(
        ValueError, match=r"^layer 'hidden' \(DenseLayer\): b: value must be the na"
    ):
        DenseLayer(rows(), 3, b="zeroes", name="hidden").b.get_value()
    with pytest.raises(
        ValueError, match=r"^DenseLayer: num_units must be a positive integer, got "
    ):
        DenseLayer(rows(), 0).W.get_value()


def test_attributes_of_lasagnes_layers_say_what_to_write():
    layer = DenseLayer(rows(), 3)
    with pytest.raises(
        AttributeError, match=r"has no attribute 'params'; write layer.own_params\("
    ):
        layer.params  # noqa: B018
    with pytest.raises(
        AttributeError, match=r"no attribute 'get_params'; write layer.own_params\("
    ):
        layer.get_params(trainable=True)
    with pytest.raises(AttributeError, match=r"^'DenseLayer' object has no attribute 'num_unit'$"):
        layer.num_unit  # noqa: B018
    assert not hasattr(layer, "get_params")


def test_several_inputs_come_as_a_list():
    merged = ConcatLayer([rows(), rows()])
    X = np.ones((1, 2), np.uint8)
    np.testing.assert_array_equal(merged.get_output_for([X, 2 * X]), [[1, 1, 2, 2]])


def test_sequences_start_from_the_values():
    layer = RecurrentLayer((None, 1, 2), 2, hid_init=1.0, nonlinearity=None)
    W = {"W_in_to_hid": np.eye(2), "W_hid_to_hid": 2 * np.eye(2)}
    for name, value in W.items():
        getattr(layer, name).set_value(value)
    np.testing.assert_array_equal(layer.get_output_for(np.ones((1, 1, 2))), [[[3, 3]]])


def test_parameters_of_inner_layers_are_those_of_the_layer_around_them():
    shared = DenseLayer(InputLayer((None, 1)), 2, name="shared")
    look = DenseLayer(InputLayer((None, 3)), 2, b=None, nonlinearity=None)
    keep = DenseLayer(InputLayer((None, 2)), 2, b=shared.b, nonlinearity=None)
    steps = InputLayer((None, 4, 3))
    layer = CustomRecurrentLayer(steps, look, keep, name="rnn")
    names = ["hid_init", "input_to_hidden_dense1_W", "hidden_to_hidden_dense1_W"]
    names += ["hidden_to_hidden_dense1_b"]
    last = ConcatLayer([SliceLayer(layer, -1, 1), shared])
    found = get_all_params(last)
    assert [one.name for one in found] == [*(f"rnn.{n}" for n in names), "shared.W"]
    set_all_param_values(last, [np.zeros(one.shape) + i for i, one in enumerate(found)])
    values = [one.get_value() for one in found]
    net = NeuralNet(DenseLayer(last, 2)).initialize()
    assert all(map(np.array_equal, values, get_all_param_values(net.layers_[-2])))
    net.layers_["rnn"].input_to_hidden_dense1_W.set_value(np.full((3, 2), 9.0))
    assert (look.W.get_value() == 9).all()
    assert look.W is found[1]


@dataclass(frozen=True)
class _Shift(Layer):
    by: Any = 1.0

    def output_shape(self, *input_shapes):
        return input_shapes[0]

    def param_specs(self, *input_shapes):
        return {"offset": ParamSpec(input_shapes[0][1:], self.by)}

    def apply(self, params, state, *inputs, ctx):
        return inputs[0] + jnp.asarray(params["offset"]), state


def test_parameters_need_fields_of_their_own_to_be_set():
    message = r"^_Shift: offset must be a field made by initial\(\) for its values to be known bef"
    with pytest.raises(ValueError, match=message):
        _Shift(rows()).own_params()
    with pytest.raises(
        ValueError, match=r"^layer 'n' \(NormalizationLayer\): mean must be given for"
    ):
        NormalizationLayer(rows(), name="n").own_params()

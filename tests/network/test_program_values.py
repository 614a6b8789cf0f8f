import numpy as np

from skconv.layers import DenseLayer, DropoutLayer, InputLayer
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.network.program_values import as_float32, program_values, runtime_values
from skconv.nonlinearities import tanh

ROWS = ("input", InputLayer((None, 3)))


def node(layer):
    return build_network(
        read_layers([ROWS, ("own", layer), ("end", DenseLayer(num_units=1))]), {}
    ).node("own")


def test_numbers_are_no_part_of_a_program_but_their_presence_is():
    plain, other = program_values(DropoutLayer(p=0.1)), program_values(DropoutLayer(p=0.9))
    assert plain == other
    dense = program_values(DenseLayer(num_units=2))
    penalized = program_values(DenseLayer(num_units=2, l1=0.1))
    assert dense != penalized == program_values(DenseLayer(num_units=2, l1=0.2))
    assert dense != program_values(DenseLayer(num_units=3))
    assert dense != program_values(DenseLayer(num_units=2, nonlinearity=tanh))


def test_runtime_values_leave_out_what_a_layer_does_not_set():
    values = runtime_values(node(DropoutLayer(p=0.3)))
    assert values["p"] == 0.3
    assert "l1" not in values
    assert runtime_values(node(DenseLayer(num_units=2, l1=0.2)))["l1"] == 0.2


def test_values_become_float32():
    (value,) = as_float32({"own": {"p": 0.5}})["own"].values()
    assert (value, value.dtype) == (0.5, np.float32)

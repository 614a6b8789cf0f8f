import jax
import pytest

from skconv import nonlinearities as own
from skconv.export.functions import NoCounterpartError, write_function
from skconv.export.writer import Writer
from skconv.layers import NonlinearityLayer

FUNCTIONS = [
    *(own.rectify, own.sigmoid, own.tanh, own.softmax, own.elu, own.selu, own.gelu, own.silu),
    *(own.relu6, own.hard_swish, own.softplus, own.exponential, own.leaky_rectify, own.scaled_tanh),
    *(own.Power(2.0, 0.5, 1.0), own.Power(1.0, 2.0, 3.0), own.SELU(1.1, 0.4)),
    *(jax.nn.gelu, jax.nn.selu, jax.nn.leaky_relu),
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: getattr(f, "__name__", repr(f)))
def test_outputs(same, function):
    same((4, 3, 2), (NonlinearityLayer, {"nonlinearity": function}))


def test_units_of_sequences_come_second_for_a_nonlinearity(same):
    same((4, 3), (NonlinearityLayer, {"nonlinearity": own.softmax}))


def test_other_functions_have_no_counterpart():
    with pytest.raises(NoCounterpartError, match="lambda"):
        write_function(Writer(), lambda x: x, "x", 1)

import jax
import optax
import pytest

from skconv.augment import RandomAffine
from skconv.config.parameters import (
    _variables,
    constructed_with,
    default_parameters,
    factory_call,
)
from skconv.handlers import EarlyStopping, Handler
from skconv.layers import DenseLayer, InputLayer, Layer

RATE, STEPS = 0.1, 20

SCHEDULES = [
    optax.constant_schedule(RATE),
    optax.cosine_decay_schedule(RATE, STEPS, 0.1),
    optax.exponential_decay(RATE, STEPS, 0.5),
    optax.exponential_decay(RATE, STEPS, 0.5, 2, True, 0.01),
    optax.linear_schedule(RATE, 0.0, STEPS, 3),
    optax.polynomial_schedule(RATE, 0.0, 2, STEPS),
    optax.piecewise_constant_schedule(RATE, {5: 0.1, 10: 0.5}),
    optax.warmup_cosine_decay_schedule(0.0, RATE, 5, STEPS),
    optax.warmup_constant_schedule(0.0, RATE, 5),
    optax.warmup_exponential_decay_schedule(0.0, RATE, 5, STEPS, 0.5),
    optax.sgdr_schedule(
        [{"init_value": 0.0, "peak_value": RATE, "decay_steps": STEPS, "warmup_steps": 2}]
    ),
    optax.join_schedules([optax.constant_schedule(RATE), optax.constant_schedule(0.2)], [5]),
]


def called(function):
    """Return the function that its call makes again; those among the arguments included."""
    name, params = factory_call(function)
    module, _, own = name.rpartition(".")
    factory = getattr({"optax": optax, "jax.nn.initializers": jax.nn.initializers}[module], own)
    return factory(**params)


@pytest.mark.parametrize("i", range(len(SCHEDULES)))
def test_schedules_are_made_again(i):
    again = called(SCHEDULES[i])
    assert [float(again(n)) for n in (0, 4, 30)] == [float(SCHEDULES[i](n)) for n in (0, 4, 30)]


@pytest.mark.parametrize(
    "made", [jax.nn.initializers.he_normal(), jax.nn.initializers.normal(0.3)], ids=range(2)
)
def test_initializers_of_jax_are_made_again(made):
    again = called(made)
    assert again.__code__ is made.__code__
    assert _variables(again) == _variables(made)


def test_other_functions_are_not_made_by_a_call():
    def outer(rate):
        return lambda count: rate

    assert factory_call(outer(0.1)) is None
    assert factory_call(outer) is None
    assert factory_call(print) is None


def test_only_what_differs_from_the_defaults_is_given():
    assert constructed_with(EarlyStopping()) == {}
    assert constructed_with(EarlyStopping(patience=3)) == {"patience": 3}
    assert constructed_with(RandomAffine(rotation=10)) == {"rotation": 10}
    assert constructed_with(DenseLayer(num_units=3, name="a")) == {"num_units": 3, "name": "a"}


def test_a_number_of_another_type_is_no_default():
    assert constructed_with(EarlyStopping(min_delta=0)) == {"min_delta": 0}


def test_a_shared_parameter_is_given_although_its_initial_value_is_the_default():
    one = DenseLayer(InputLayer((None, 3)), 3)
    assert "W" not in constructed_with(one)
    assert constructed_with(DenseLayer(one, 3, W=one.W))["W"] is one.W


def test_values_that_were_set_are_given():
    layer = DenseLayer(InputLayer((None, 3)), 2)
    layer.b.set_value([1.0, 2.0])
    assert constructed_with(layer)["b"].start.tolist() == [1.0, 2.0]


def test_layers_in_the_way_of_lasagne_know_their_arguments():
    class Scaled(Layer):
        def __init__(self, incoming, factor=2, **kwargs):
            super().__init__(incoming, **kwargs)
            self.by = factor

        def get_output_for(self, input, **kwargs):
            return input * self.by

    below = InputLayer((None, 3))
    assert constructed_with(Scaled(below, 3, name="x")) == {
        "incoming": below,
        "factor": 3,
        "name": "x",
    }


def test_parameters_must_be_attributes():
    class Own(Handler):
        def __init__(self, count=1):
            self.number = count

    assert default_parameters(Own) == {"count": 1}
    with pytest.raises(
        TypeError, match="must keep its parameter 'count' as an attribute, got a Own"
    ):
        constructed_with(Own(2))

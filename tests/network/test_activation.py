from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import pytest

from skconv.layers import (
    Conv1DLayer,
    Conv2DLayer,
    DenseLayer,
    DimshuffleLayer,
    DropoutLayer,
    GRULayer,
    InputLayer,
    NonlinearityLayer,
)
from skconv.network.activation import (
    Activation,
    repeat_mask,
    takes_channels,
    unit_axis,
    wants_channels_last,
)

IMAGES = jnp.arange(24.0).reshape(1, 2, 3, 4)
FIRST, LAST = Activation(IMAGES, False), Activation(jnp.moveaxis(IMAGES, 1, -1), True)


@pytest.mark.parametrize("activation", [FIRST, LAST])
def test_axes_move_to_the_layout_asked_for(activation):
    np.testing.assert_array_equal(activation.to_layout(False), FIRST.array)
    np.testing.assert_array_equal(activation.to_layout(True), LAST.array)
    assert activation.to_layout(activation.last) is activation.array


def test_rows_of_numbers_have_no_layout():
    array = jnp.ones((3, 2))
    assert Activation(array, False).to_layout(True) is array


def test_elementwise_layers_keep_the_layout():
    assert wants_channels_last(Conv2DLayer(num_filters=1, filter_size=1), [FIRST])
    assert not wants_channels_last(DenseLayer(num_units=1), [LAST])
    assert [wants_channels_last(DropoutLayer(), [x]) for x in (FIRST, LAST)] == [False, True]


def test_a_mask_repeats_with_the_copies_of_the_rows():
    mask = jnp.array([1.0, 0.0])
    copies = [Activation(jnp.ones((4, 3)), False)]
    assert repeat_mask(mask, copies).tolist() == [1, 0, 1, 0]
    assert repeat_mask(None, copies) is None


def test_channels_are_taken_directly_or_through_elementwise_layers():
    layers = {
        "input": InputLayer((None, 3, 9, 9)),
        "dropout": DropoutLayer(),
        "conv": Conv2DLayer(num_filters=1, filter_size=1),
        "other": InputLayer((None, 5)),
        "dense": DenseLayer(num_units=1),
        "after": Conv2DLayer(num_filters=1, filter_size=1),
    }
    incomings = {"dropout": ["input"], "conv": ["dropout"], "dense": ["other"], "after": ["dense"]}
    assert takes_channels("input", layers, incomings)
    assert not takes_channels("other", layers, incomings)


@pytest.mark.parametrize(
    ("layers", "axis"),
    [
        ({"conv": Conv2DLayer(num_filters=3, filter_size=1)}, 1),
        ({"gru": GRULayer(num_units=3)}, -1),
        ({"steps": DenseLayer(num_units=3, num_leading_axes=2)}, -1),
        ({"conv": Conv1DLayer(num_filters=3, filter_size=1), "drop": DropoutLayer()}, 1),
        ({"gru": GRULayer(num_units=3), "drop": DropoutLayer()}, -1),
        ({"gru": GRULayer(num_units=3), "bend": NonlinearityLayer()}, -1),
        ({"gru": GRULayer(num_units=3), "turn": DimshuffleLayer(pattern=(0, 2, "x", 1))}, 1),
    ],
)
def test_units_are_where_the_last_layer_that_makes_them_has_them(layers, axis):
    names = list(layers)
    incomings = {name: (other,) for other, name in pairwise(names)}
    ranks = {name: 4 if name == "turn" else 3 for name in names}
    assert unit_axis(names[-1], layers, incomings, ranks) == axis

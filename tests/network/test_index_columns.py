import numpy as np
import pytest

from skconv.layers import (
    ConcatLayer,
    DenseLayer,
    DimshuffleLayer,
    EmbeddingLayer,
    FlattenLayer,
    InputLayer,
    NonlinearityLayer,
    PadLayer,
    ReshapeLayer,
    SliceLayer,
)
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers


def embedding(size=9, **fields):
    return EmbeddingLayer(input_size=size, output_size=2, **fields)


def found(shape, *layers, **fields):
    """Return the positions of an input of this shape that an embedding after the layers reads."""
    named = [("input", InputLayer((None, *shape)))]
    named += [(f"l{i}", layer) for i, layer in enumerate(layers)]
    named += [("words", embedding(**fields))]
    indices = build_network(read_layers(named), {}).indices
    return {name: [one.positions.tolist() for one in many] for name, many in indices.items()}


@pytest.mark.parametrize(
    ("shape", "layers", "positions"),
    [
        ((4,), [], [0, 1, 2, 3]),
        ((4,), [SliceLayer(indices=slice(1, 3))], [1, 2]),
        ((2, 3), [SliceLayer(indices=-1, axis=1)], [3, 4, 5]),
        ((2, 3), [SliceLayer(indices=0, axis=2)], [0, 3]),
        ((2, 3), [DimshuffleLayer(pattern=(0, 2, 1)), SliceLayer(indices=1, axis=1)], [1, 4]),
        ((6,), [ReshapeLayer(shape=([0], 3, 2)), SliceLayer(indices=1, axis=2)], [1, 3, 5]),
        ((2, 3), [FlattenLayer(), SliceLayer(indices=slice(0, 5, 4))], [0, 4]),
        ((2, 3), [PadLayer(width=2, val=1.0, batch_ndim=2)], [0, 1, 2, 3, 4, 5]),
    ],
)
def test_values_are_followed_through_layers_that_move_them(shape, layers, positions):
    assert found(shape, *layers) == {"input": [positions]}


def test_values_that_a_layer_computes_are_not_known():
    assert found((4,), DenseLayer(num_units=3)) == {}
    assert found((4,), NonlinearityLayer(nonlinearity=np.abs)) == {}


def test_an_embedding_with_a_row_for_unknown_values_takes_everything():
    assert found((4,), unknown=True) == {}


def test_each_column_has_the_range_of_its_embedding():
    layers = [
        ("input", InputLayer((None, 3))),
        ("day", SliceLayer(indices=slice(0, 1))),
        ("days", embedding(7)),
        ("hour", SliceLayer(indices=slice(2, 3), incoming="input")),
        ("hours", embedding(24)),
        ("both", ConcatLayer(incomings=["days", "hours"])),
    ]
    network = build_network(read_layers(layers), {})
    day, hour = network.indices["input"]
    assert (day.positions.tolist(), day.size, day.layer) == (
        [0],
        7,
        "layer 'days' (EmbeddingLayer)",
    )
    assert (hour.positions.tolist(), hour.size) == ([2], 24)
    assert day.hint == ", or set days_unknown=True, which gives all other values one vector"


def test_several_inputs_meet_in_one_embedding():
    layers = [
        ("a", InputLayer((None, 3))),
        ("b", InputLayer((None, 2))),
        ("ab", ConcatLayer(incomings=["b", "a"])),
        ("part", SliceLayer(indices=slice(1, 4))),
        ("words", embedding()),
    ]
    indices = build_network(read_layers(layers), {}).indices
    assert {name: one.positions.tolist() for name, (one,) in indices.items()} == {
        "a": [0, 1],
        "b": [1],
    }

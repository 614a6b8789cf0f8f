import numpy as np
import pytest

from skconv.layers import (
    ConcatLayer,
    DenseLayer,
    EmbeddingLayer,
    FlattenLayer,
    InputLayer,
    SliceLayer,
)
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers

COLUMNS = [
    (InputLayer, {"name": "table"}),
    (SliceLayer, {"name": "city", "indices": slice(0, 1)}),
    (EmbeddingLayer, {"name": "city_vector"}),
    (SliceLayer, {"name": "day", "indices": slice(1, 2), "incoming": "table"}),
    (EmbeddingLayer, {"name": "day_vector"}),
    (ConcatLayer, {"name": "both", "axis": 2, "incomings": ["city_vector", "day_vector"]}),
    (DenseLayer, {"name": "output", "num_units": 1}),
]


def network(layers, shapes, **options):
    return build_network(read_layers(layers), {}, input_shapes=shapes, **options)


def sizes(network):
    layers = [node.layer for node in network.nodes if isinstance(node.layer, EmbeddingLayer)]
    return [(layer.input_size, layer.output_size) for layer in layers]


def test_each_layer_is_sized_for_the_values_that_reach_it():
    found = network(COLUMNS, {None: (2,)}, largest={None: np.array([30.0, 6.0])})
    assert sizes(found) == [(31, 16), (7, 4)]
    assert found.sized == {"city_vector": 30, "day_vector": 6}


def test_inputs_have_values_of_their_own():
    layers = [
        (InputLayer, {"name": "a"}),
        (FlattenLayer, {"name": "flat"}),
        (InputLayer, {"name": "b"}),
        (ConcatLayer, {"name": "both", "incomings": ["flat", "b"]}),
        (EmbeddingLayer, {"name": "vectors"}),
        (DenseLayer, {"name": "output", "num_units": 1}),
    ]
    largest = {"a": np.array([3.0]), "b": np.array([2.0, 9.0])}
    assert sizes(network(layers, {"a": (5, 2), "b": (2,)}, largest=largest)) == [(10, 5)]


def test_sizes_that_are_known_come_first():
    layers = [("input", InputLayer), ("words", EmbeddingLayer), (DenseLayer, {"num_units": 1})]
    shapes, largest = {None: (4,)}, {None: np.full(4, 7.0)}
    assert sizes(network(layers, shapes, largest=largest, sized={"words": 11})) == [(12, 6)]
    given = [layers[0], (EmbeddingLayer, {"input_size": 3, "output_size": 2}), layers[2]]
    found = network(given, shapes, largest=largest)
    assert (sizes(found), found.sized) == ([(3, 2)], {})


@pytest.mark.parametrize(
    ("between", "largest", "message"),
    [
        ([], {}, r"layer 'words' \(EmbeddingLayer\): input_size is missing; it follows only from"),
        ([(DenseLayer, {"num_units": 3})], {None: np.full(4, 7.0)}, "input_size is missing"),
        ([], {None: np.full(4, np.inf)}, "must be a positive integer up to 16777216, got 16777217"),
    ],
)
def test_values_that_are_not_known_or_too_large(between, largest, message):
    layers = [("input", InputLayer), *between, ("words", EmbeddingLayer)]
    layers += [(DenseLayer, {"num_units": 1})]
    with pytest.raises(ValueError, match=message):
        network(layers, {None: (4,)}, largest=largest)

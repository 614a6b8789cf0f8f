import copy
import pickle

import pytest

from skconv.errors import LayerError
from skconv.init import Constant
from skconv.layers import DenseLayer, ElemwiseSumLayer, GRULayer, InputLayer
from skconv.layers.subgraph import Subgraph
from skconv.nonlinearities import rectify, tanh


def branches(**fields):
    steps = InputLayer((None, None))
    left = DenseLayer(steps, 3, nonlinearity="tanh", name="left")
    right = DenseLayer(steps, 3, **fields)
    return Subgraph.of("graph", ElemwiseSumLayer([left, right]))


def test_layers_come_after_those_that_feed_them():
    graph = branches()
    assert graph.names == ("input0", "left", "dense2", "elemwisesum3")
    assert graph.feeds == ((), (0,), (0,), (1, 2))
    assert [layer.nonlinearity for layer in graph.layers[1:3]] == [tanh, rectify]
    assert graph.output_shape((None, 5)) == (None, 3)
    assert list(graph.param_specs("graph", (None, 5))) == [
        "graph_left_W",
        "graph_left_b",
        "graph_dense2_W",
        "graph_dense2_b",
    ]


def test_copies_are_equal_and_structures_ignore_initial_values():
    graph = branches(W=0.5)
    for other in (copy.deepcopy(graph), pickle.loads(pickle.dumps(graph)), branches(W=0.5)):
        assert other == graph
        assert hash(other) == hash(graph)
    assert branches(W=0.1) != graph
    assert branches(W=0.1).without_initial() == graph.without_initial()
    assert branches(b=None).without_initial() != graph.without_initial()


def test_initial_values_have_the_names_of_parameters():
    graph = branches(W=0.5)
    assert dict(graph.initial_values("graph"))["graph_dense2_W"] == 0.5
    changed = graph.with_initial("graph", lambda name, value: Constant(len(name)))
    specs = changed.param_specs("graph", (None, 5))
    assert specs["graph_left_W"].init == Constant(12)


def test_further_inputs_are_fed():
    """A mask, which is a further input of a recurrent layer, comes from the same input."""
    steps = InputLayer((None, 5))
    times = DenseLayer(steps, 5, nonlinearity=None)
    wide = GRULayer(steps, 2, mask_input=times)
    graph = Subgraph.of("graph", wide)
    assert graph.feeds[-1] == (0, 1)
    assert graph.layers[-1].mask_input == "dense1"
    with pytest.raises(LayerError, match=r"layer 'gru2' \(GRULayer\): input must have shape"):
        graph.output_shape((None, 5))

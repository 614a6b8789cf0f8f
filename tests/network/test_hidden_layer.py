import pytest

from skconv.layers import (
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    FlattenLayer,
    GaussianNoiseLayer,
    GlobalPoolLayer,
    InputLayer,
    NonlinearityLayer,
)
from skconv.network.builder import build_network
from skconv.network.hidden_layer import find_hidden_layer
from skconv.network.layer_list import read_layers

IMAGE = ("input", InputLayer((None, 1, 4, 4)))
CONV = ("conv", Conv2DLayer(num_filters=2, filter_size=3))
DENSE = ("hidden", DenseLayer(num_units=3))
OUT = ("out", DenseLayer(num_units=2))


def network(*layers):
    return build_network(read_layers(list(layers)), {})


@pytest.mark.parametrize(
    ("layers", "name"),
    [
        ([IMAGE, DENSE, OUT], "hidden"),
        ([IMAGE, DENSE, ("drop", DropoutLayer()), OUT], "hidden"),
        ([IMAGE, DENSE, ("a", DropoutLayer()), ("b", GaussianNoiseLayer()), OUT], "hidden"),
        ([IMAGE, DENSE, ("relu", NonlinearityLayer()), ("drop", DropoutLayer()), OUT], "relu"),
        ([IMAGE, CONV, ("flat", FlattenLayer()), OUT], "flat"),
        ([IMAGE, DENSE, OUT, ("softmax", NonlinearityLayer())], "hidden"),
        (
            [
                IMAGE,
                CONV,
                ("last", Conv2DLayer(num_filters=2, filter_size=1)),
                ("pool", GlobalPoolLayer()),
            ],
            "conv",
        ),
        ([IMAGE, OUT], "input"),
        ([IMAGE, ("drop", DropoutLayer()), OUT], "input"),
        ([IMAGE, ("two", ConcatLayer(("input", "input"))), OUT], "two"),
    ],
)
def test_the_last_hidden_layer_feeds_the_units_of_the_output(layers, name):
    assert find_hidden_layer(network(*layers)) == name


@pytest.mark.parametrize("layer", ["hidden", 1, -2])
def test_a_layer_is_chosen_by_name_or_index(layer):
    assert find_hidden_layer(network(IMAGE, DENSE, OUT), layer) == "hidden"


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("hiden", r"transform_layer must be .*, got 'hiden'\. Did you mean 'hidden'\?"),
        ("xyz", r"got 'xyz'\. Valid names: input, hidden, out\."),
        (3, "got 3; indices are -3 to 2"),
        (-4, "got -4; indices are -3 to 2"),
        (True, "got True"),
    ],
)
def test_other_layers_are_refused(layer, message):
    with pytest.raises(ValueError, match=message):
        find_hidden_layer(network(IMAGE, DENSE, OUT), layer)

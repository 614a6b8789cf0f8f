import pytest

from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    NonlinearityLayer,
    NormalizationLayer,
)
from skconv.network.frozen_part import find_frozen_part, without_part
from tests.network.parts import built

frozen = {"grad_scale": 0}


def network(*layers, given=None):
    first = ("input", InputLayer((None, 4)))
    last = (DenseLayer, {"name": "output", "num_units": 2})
    return built([first, *layers, last], given)


def dense(name, **fields):
    return (DenseLayer, {"name": name, "num_units": 3, **fields})


def part(net):
    return find_frozen_part(net, net.runtime())


CASES = {
    "nothing": ([dense("one")], ["input"], ["input"]),
    "a layer": ([dense("one", **frozen), dense("two")], ["input", "one"], ["one"]),
    "what follows a trained layer": (
        [dense("one"), dense("two", **frozen)],
        ["input"],
        ["input"],
    ),
    "layers without parameters": (
        [dense("one", **frozen), ("act", NonlinearityLayer)],
        ["input", "one", "act"],
        ["act"],
    ),
    "noise": (
        [dense("one", **frozen), ("drop", DropoutLayer), dense("two", **frozen)],
        ["input", "one"],
        ["one"],
    ),
    "noise that is turned off": (
        [dense("one", **frozen), (DropoutLayer, {"name": "drop", "p": 0.0})],
        ["input", "one", "drop"],
        ["drop"],
    ),
    "batch normalization": (
        [(BatchNormLayer, {"name": "norm", **frozen})],
        ["input", "norm"],
        ["norm"],
    ),
    "statistics that nothing freezes": (
        [(BatchNormLayer, {"name": "norm", "beta": None, "gamma": None})],
        ["input"],
        ["input"],
    ),
    "statistics of the training rows": (
        [("scale", NormalizationLayer)],
        ["input", "scale"],
        ["scale"],
    ),
    "an output": ([], ["input"], ["input"]),
    "shared weights": (
        [dense("one", num_units=4, **frozen), dense("two", num_units=4, W="one", b=None)],
        ["input"],
        ["input"],
    ),
    "two branches": (
        [
            dense("one", **frozen),
            dense("two", incoming="input"),
            (ConcatLayer, {"name": "join", "incomings": ["one", "two"]}),
        ],
        ["input", "one"],
        ["input", "one"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_frozen_part_is_what_no_epoch_changes(case):
    layers, names, features = CASES[case]
    found = part(network(*layers))
    assert (list(found.layers), list(found.features)) == (names, features)


def test_the_rest_of_a_network_starts_from_the_features():
    net = network(dense("one", **frozen), dense("two"))
    rest = without_part(net, part(net))
    assert list(rest.inputs.items()) == [("one", (None, 3))]
    assert [place for place, _ in rest.places()] == [
        ("two", "W"),
        ("two", "b"),
        ("output", "W"),
        ("output", "b"),
    ]
    assert rest.key != net.key


def test_layers_keep_the_numbers_that_their_noise_is_drawn_with():
    net = network(dense("one", **frozen), ("drop", DropoutLayer))
    rest = without_part(net, part(net))
    assert [node.name for node in rest.nodes] == ["one", "drop", "output"]
    assert rest.numbers == (1, 2, 3)

import re

import pytest

from skconv.errors import ProblemsError
from skconv.estimator.heads import read_heads
from skconv.layers import (
    BiasLayer,
    DenseLayer,
    InputLayer,
    InverseLayer,
    MaxPool2DLayer,
)
from skconv.network.layer_list import read_layers
from skconv.network.target_info import TargetInfo
from tests.network.parts import built, conv, dense, image, rows


def test_penalties_without_parameters_name_the_layers_that_have_some():
    pool = (MaxPool2DLayer, {"name": "pool", "pool_size": 2, "l1": 0.1, "grad_scale": 0.0})
    bare = ("bias", BiasLayer(l2=0.5, grad_scale=0.1))
    with pytest.raises(ProblemsError) as caught:
        built([image, conv(l2=0.1), bare, pool, dense("fc", grad_scale=0.0)])
    assert [str(error) for error in caught.value.problems] == [
        "layer 'pool' (MaxPool2DLayer): l1 must be None for a layer without parameters that it "
        "acts on, got 0.1; layers with such parameters: conv, fc",
        "layer 'bias' (BiasLayer): l2 must be None for a layer without parameters that it "
        "acts on, got 0.5; layers with such parameters: conv, fc",
        "layer 'pool' (MaxPool2DLayer): grad_scale must be None for a layer without parameters "
        "that it acts on, got 0.0; layers with such parameters: conv, bias, fc",
    ]


BRANCHES = [
    rows,
    ("early", DenseLayer),
    dense("trunk", incoming="input"),
    ("digit", DenseLayer),
    (DenseLayer, {"name": "age", "incoming": "trunk"}),
]


def with_heads(outputs, aux, tasks, given=None):
    heads = read_heads(outputs, aux, ["input", "early", "trunk", "digit", "age"])
    return built(BRANCHES, given, heads=heads, tasks=tasks)


def test_an_auxiliary_output_has_the_shape_of_the_one_that_it_helps():
    message = (
        r"^layer 'early' \(DenseLayer\) must have the output shape \(None, 10\) of 'digit' to be "
        r"trained on its target, got \(None, 4\)$"
    )
    given = {"early": {"num_units": 4}, "age": {"num_units": 4}}
    with pytest.raises(ValueError, match=message):
        with_heads(
            ["digit", "age"], {"early": 0.3}, [TargetInfo(lambda shape: 10), TargetInfo()], given
        )


def ends(*layers, outputs=None, aux=()):
    names = [entry.name for entry in read_layers(list(layers))]
    heads = read_heads(outputs, aux, names)
    tasks = [TargetInfo()] * len(heads)
    return built(list(layers), heads=heads, tasks=tasks)


@pytest.mark.parametrize(
    ("layers", "outputs", "message"),
    [
        (
            [rows, dense("a"), dense("b", incoming="input")],
            None,
            "layer 'a' (DenseLayer) must feed another layer or be an output; name it in "
            "outputs=['a', 'b'] or aux_outputs, feed it to another layer, or remove it",
        ),
        (
            [rows, dense("a"), dense("b"), dense("c"), dense("d", incoming="a")],
            None,
            "layer 'c' (DenseLayer) must feed another layer or be an output; name it in "
            "outputs=['c', 'd'] or aux_outputs, feed it to another layer, or remove it with 'b', "
            "used by it alone",
        ),
        (
            [rows, dense("a"), dense("b")],
            ["a"],
            "layer 'b' (DenseLayer) must feed another layer or be an output; name it in "
            "outputs=['a', 'b'] or aux_outputs, feed it to another layer, or remove it",
        ),
        (
            [("x", InputLayer((None, 3))), rows, dense("a")],
            None,
            "layer 'x' (InputLayer) must feed another layer or be an output; "
            "feed it to another layer, or remove it",
        ),
        (
            [rows, dense("a"), dense("b", incoming="input", W="a"), dense("c", incoming="input")],
            None,
            "layer 'b' (DenseLayer) must feed another layer or be an output; name it in "
            "outputs=['b', 'c'] or aux_outputs, feed it to another layer, or remove it with 'a', "
            "used by it alone",
        ),
    ],
)
def test_each_layer_contributes_to_an_output(layers, outputs, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ends(*layers, outputs=outputs)


def test_all_layers_that_feed_nothing_are_told_at_once():
    layers = [rows, dense("a"), dense("b", incoming="input"), dense("c", incoming="input")]
    with pytest.raises(ProblemsError, match=r"(?s)layer 'a' .*layer 'b' "):
        ends(*layers)


def test_a_layer_contributes_as_an_auxiliary_output_or_by_its_parameters():
    two = [rows, dense("a"), dense("b", incoming="input")]
    assert len(ends(*two, aux=["a"]).nodes) == 3
    assert len(ends(*two, outputs=["a", "b"]).nodes) == 3
    assert len(ends(*two[:2], dense("b", incoming="input", W="a")).nodes) == 3
    assert len(ends(*two[:2], ("c", InverseLayer(layer="a"))).nodes) == 3

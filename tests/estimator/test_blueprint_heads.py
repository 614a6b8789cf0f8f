import re

import pytest

from skconv.data.output_targets import as_tuple, by_output, regression_by_output, unwrap_single
from skconv.estimator.blueprint import head_weights, read_heads
from skconv.network.graph import Head

LAYERS = ["input", "early", "digit", "parity"]


def raises(message):
    return pytest.raises(ValueError, match=f"^{re.escape(message)}")


def test_the_last_layer_is_the_output_where_none_is_named():
    assert read_heads(None, [], LAYERS) == (Head("parity"),)
    assert read_heads("digit", [], LAYERS) == (Head("digit"),)


def test_each_output_has_a_target_of_its_own_and_auxiliary_ones_share_the_first():
    assert read_heads(["parity", "digit"], ["early"], LAYERS) == (
        Head("parity", 0),
        Head("digit", 1),
        Head("early", 0, predicted=False),
    )


@pytest.mark.parametrize(
    ("outputs", "aux", "message"),
    [
        (["digt"], [], "outputs: there is no layer 'digt'. Did you mean 'digit'?"),
        (None, ["erly"], "aux_outputs: there is no layer 'erly'. Did you mean 'early'?"),
        (["digit", "digit"], [], "outputs: 'digit' is there twice"),
        (None, ["parity"], "aux_outputs: 'parity' is an output already"),
        (["digit"], ["digit"], "aux_outputs: 'digit' is an output already"),
        (
            ["digt"],
            ["erly"],
            "2 problems:\n"
            " - outputs: there is no layer 'digt'. Did you mean 'digit'?\n"
            " - aux_outputs: there is no layer 'erly'. Did you mean 'early'?",
        ),
    ],
)
def test_outputs_that_cannot_be(outputs, aux, message):
    with raises(message):
        read_heads(outputs, aux, LAYERS)


def test_weights_are_one_where_nothing_is_said():
    heads = read_heads(["digit", "parity"], ["early"], LAYERS)
    assert head_weights(heads, {}, {"early": 0.3}) == (1.0, 1.0, 0.3)
    assert head_weights(heads, {"parity": 0}, {"early": 2}) == (1.0, 0, 2)
    message = "output_weights has 'early', which is none of the outputs. Valid names: digit, parity."
    with raises(message):
        head_weights(heads, {"early": 0.3}, {"early": 0.3})


@pytest.mark.parametrize(
    ("value", "found"),
    [(5, (5, 5)), ([1, 2], (1, 2)), ((1, 2), (1, 2)), ({"b": 2}, (0, 2)), ({}, (0, 0))],
)
def test_values_by_output(value, found):
    assert by_output("loss", value, ["a", "b"], 0) == found


@pytest.mark.parametrize(
    ("value", "names", "message"),
    [
        (
            {"digt": 1},
            ["digit"],
            "x has 'digt', which is none of the outputs. Did you mean",
        ),
        ({"digit": 1}, [None], "x has 'digit', which is none of the outputs."),
        ([1], ["a", "b"], "x has 1 entries, but outputs has 2"),
    ],
)
def test_values_without_an_output(value, names, message):
    with raises(message):
        by_output("x", value, names, 0)


@pytest.mark.parametrize(
    ("regression", "outputs", "found"),
    [
        (False, None, (False,)),
        (1, "age", (True,)),
        (True, ["a", "b"], (True, True)),
        ({"b": True, "c": True}, ["a", "b"], (False, True)),
        ([True], ["a", "b"], (True, False)),
        ([True, False, True], ["a", "b"], (True, False)),
        (False, 5, (False,)),
    ],
)
def test_kinds_are_told_of_parameters_that_may_be_wrong(regression, outputs, found):
    assert regression_by_output(regression, outputs) == found


@pytest.mark.parametrize("values", [(1,), (1, 2), ("ab",)])
def test_one_value_stands_alone(values):
    assert as_tuple(unwrap_single(values)) == values
    assert unwrap_single((1,)) == 1
    assert unwrap_single([1, 2]) == (1, 2)

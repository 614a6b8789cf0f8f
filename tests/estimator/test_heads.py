import re

import pytest

from skconv.estimator.heads import head_weights, read_heads
from skconv.network.head import Head

HEAD_NAMES = ["input", "early", "digit", "parity"]


def raises(message):
    return pytest.raises(ValueError, match=f"^{re.escape(message)}")


def test_the_last_layer_is_the_output_where_none_is_named():
    assert read_heads(None, [], HEAD_NAMES) == (Head("parity"),)
    assert read_heads("digit", [], HEAD_NAMES) == (Head("digit"),)


def test_each_output_has_a_target_of_its_own_and_auxiliary_ones_share_the_first():
    assert read_heads(["parity", "digit"], ["early"], HEAD_NAMES) == (
        Head("parity", 0),
        Head("digit", 1),
        Head("early", 0, predicted=False),
    )


@pytest.mark.parametrize(
    ("outputs", "aux", "message"),
    [
        (["digt"], [], "outputs must name layers of the net, got 'digt'. Did you mean 'digit'?"),
        (
            None,
            ["erly"],
            "aux_outputs must name layers of the net, got 'erly'. Did you mean 'early'?",
        ),
        (["digit", "digit"], [], "outputs must name each layer once, got 'digit' twice"),
        (None, ["parity"], "aux_outputs must not name layers of outputs, got 'parity'"),
        (["digit"], ["digit"], "aux_outputs must not name layers of outputs, got 'digit'"),
        (
            ["digt"],
            ["erly"],
            "2 problems:\n"
            " - outputs must name layers of the net, got 'digt'. Did you mean 'digit'?\n"
            " - aux_outputs must name layers of the net, got 'erly'. Did you mean 'early'?",
        ),
    ],
)
def test_outputs_that_cannot_be(outputs, aux, message):
    with raises(message):
        read_heads(outputs, aux, HEAD_NAMES)


def test_weights_are_one_where_nothing_is_said():
    heads = read_heads(["digit", "parity"], ["early"], HEAD_NAMES)
    assert head_weights(heads, {}, {"early": 0.3}) == (1.0, 1.0, 0.3)
    assert head_weights(heads, {"parity": 0}, {"early": 2}) == (1.0, 0, 2)
    assert head_weights(heads, {"parity": 0, "digit": 0}, {"early": 2}) == (0, 0, 2)
    none = {"parity": 0, "digit": 0.0}
    with raises(f"output_weights must give some output a positive weight, got {none!r}"):
        head_weights(heads, none, {"early": 0})
    message = (
        "output_weights must have names of outputs as keys, got 'early'. "
        "Valid names: digit, parity."
    )
    with raises(message):
        head_weights(heads, {"early": 0.3}, {"early": 0.3})

import re

import pytest

from skconv.targets.by_output import as_tuple, by_output, regression_by_output, unwrap_single


def raises(message):
    return pytest.raises(ValueError, match=f"^{re.escape(message)}")


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
            "x must have names of outputs as keys, got 'digt'. Did you mean",
        ),
        ({"digit": 1}, [None], "x must have names of outputs as keys, got 'digit'."),
        ([1], ["a", "b"], "x must have an entry for each of the 2 outputs, got 1"),
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

import re
from decimal import Decimal
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import InvalidParameterError
from skconv.training.metrics import (
    compute_score,
    concatenate_batches,
    join_rows,
    rows_of_batches,
    wait_for_previous,
    weighted_means,
)


def test_batches_are_joined_to_rows():
    parts = [jnp.arange(8.0).reshape(2, 2, 2), jnp.arange(8.0, 16).reshape(2, 2, 2)]
    assert concatenate_batches(parts, 7).tolist() == np.arange(16.0).reshape(8, 2)[:7].tolist()
    one, other = concatenate_batches([(part, part[..., 0]) for part in parts], 5)
    assert one.shape == (5, 2)
    assert other.tolist() == [0, 2, 4, 6, 8]


def test_copies_of_all_rows_follow_each_other():
    """A batch of two rows holds both rows, copy after copy."""
    batch = jnp.array([[0, 1, 10, 11], [2, 3, 12, 13]])
    assert concatenate_batches([batch], 3, copies=2).tolist() == [0, 1, 2, 10, 11, 12]


def test_results_are_joined_as_they_come_and_may_be_written_to():
    def parts():
        for start in (0, 2, 4):
            rows = np.arange(start, min(start + 2, 5))
            batch = jnp.array([rows[:1], rows[-1:]])
            yield rows_of_batches(batch, len(rows)), [rows.astype(str), None]

    numbers, (texts, none) = join_rows(parts(), 5)
    assert numbers.tolist() == [0, 1, 2, 3, 4]
    assert texts.tolist() == list("01234")
    assert none is None
    (one,) = join_rows([(rows_of_batches(jnp.ones((1, 2, 3)), 2),)], 2)
    one += 1
    assert one.tolist() == [[2] * 3] * 2


def test_sums_become_means_of_each_epoch():
    sums = [jnp.array([[6.0, 2.0], [0.0, 0.0]]), jnp.array([[4.0, 3.0], [8.0, 2.0]])]
    assert [row["loss"] for row in weighted_means(sums, ["loss", "weight"])] == [2.0, 4.0]
    assert weighted_means(sums, ["loss", "weight"])[0].keys() == {"loss"}


def test_all_but_the_last_are_waited_for():
    class Array:
        def __init__(self):
            self.waited = False

        def block_until_ready(self):
            self.waited = True
            return self

    found = [Array(), Array(), Array()]
    wait_for_previous(found[:1])
    wait_for_previous(found)
    assert [one.waited for one in found] == [False, True, False]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, 0.5),
        (True, 1.0),
        (np.float32(0.5), 0.5),
        (np.bool_(False), 0.0),
        (np.array([[2]]), 2.0),
        (jnp.ones(()), 1.0),
        (Fraction(1, 4), 0.25),
        (Decimal("0.5"), 0.5),
    ],
)
def test_a_score_is_any_number(value, expected):
    found = compute_score("mine", lambda y, output: value, None, None)
    assert type(found) is float
    assert found == expected


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (None, "None"),
        ("0.5", "'0.5'"),
        (1j, "1j"),
        ({"f1": 0.5}, "{'f1': 0.5}"),
        ([0.5, 0.5], "an array of shape (2,)"),
        (np.ones((3, 1)), "an array of shape (3, 1)"),
        (np.array([]), "an array of shape (0,)"),
        (np.array(["a"]), "an array of shape (1,)"),
    ],
)
def test_anything_else_is_told_with_the_name_of_the_score(value, got):
    message = f"the score 'mine' of custom_scores must return a number, got {got}"
    with pytest.raises(InvalidParameterError, match=f"^{re.escape(message)}$"):
        compute_score("mine", lambda y, output: value, None, None)


@pytest.mark.parametrize("error", [KeyError("a"), StopIteration(), RuntimeError("no luck")])
def test_a_score_that_fails_is_told_by_name(error):
    def fail(y, output):
        raise error

    message = f"the score 'mine' of custom_scores failed with {type(error).__name__}: {error}"
    with pytest.raises(InvalidParameterError, match=f"^{re.escape(message)}$") as caught:
        compute_score("mine", fail, None, None)
    assert caught.value.__cause__ is error

import numpy as np
import pandas as pd

from skconv.preprocessing.category_codes import CategoryCodes


def test_codes_are_in_order_and_the_last_is_for_missing_values():
    codes = CategoryCodes.of(["b", "a", None, "b", np.nan, pd.NA])
    assert (codes.categories, codes.missing, codes.size) == (("a", "b"), True, 4)
    found, unknown, missing = codes.encode(["b", "c", float("nan"), "a", "c", pd.NaT])
    assert (found.tolist(), found.dtype) == ([2, 0, 3, 1, 0, 3], np.int32)
    assert (unknown, missing) == (["c"], True)


def test_missing_values_that_were_not_in_fit_are_as_unknown_ones():
    codes = CategoryCodes.of(["a", "b"])
    found, unknown, missing = codes.encode(["a", None])
    assert (found.tolist(), unknown, missing, codes.size) == ([1, 0], [], True, 3)


def test_rare_categories_share_a_code_and_are_known():
    values = ["a"] * 5 + ["b"] * 3 + ["c"] * 3 + ["d"]
    by_count = CategoryCodes.of(values, at_least=3)
    assert (by_count.categories, by_count.rare) == (("a", "b", "c"), {"d"})
    most = CategoryCodes.of(values, at_most=2)
    assert most.categories == ("a", "b")
    found, unknown, _ = most.encode(["c", "d", "e"])
    assert (found.tolist(), unknown) == ([0, 0, 0], ["e"])


def test_numbers_are_the_same_as_integers_and_floats():
    codes = CategoryCodes.of([10, 2, True])
    assert codes.categories == (True, 2, 10)
    assert codes.encode([2.0, np.float32(10), np.nan])[0].tolist() == [2, 3, 0]


def test_values_that_cannot_be_compared():
    assert CategoryCodes.of(["b", 2, "a", 1]).categories == (1, 2, "a", "b")


def test_no_values_but_missing_ones():
    codes = CategoryCodes.of([None, None])
    assert (codes.size, codes.encode([None, "a"])[0].tolist()) == (2, [1, 0])

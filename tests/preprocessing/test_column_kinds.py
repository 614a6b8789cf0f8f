import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skconv.preprocessing.column_kinds import (
    column_kind,
    column_of,
    floats,
    holds_flags,
    is_missing,
    objects,
)

DAY = datetime.date(2024, 1, 1)

COLUMNS = {
    "text": (pd.Series(["a", None]), "category"),
    "text of objects": (pd.Series(["a", None], dtype=object), "category"),
    "string": (pd.Series(["a", None], dtype="string"), "category"),
    "categories": (pd.Series([1, None], dtype="category"), "category"),
    "bool": (pd.Series([True, False]), "category"),
    "boolean": (pd.Series([True, None], dtype="boolean"), "category"),
    "flags of objects": (pd.Series([True, None], dtype=object), "category"),
    "none at all": (pd.Series([None, np.nan], dtype=object), "category"),
    "mixed": (pd.Series(["a", 1], dtype=object), "category"),
    "Int64": (pd.Series([1, None], dtype="Int64"), "number"),
    "float": (pd.Series([1.5, None]), "number"),
    "numbers of objects": (pd.Series([1, None, 2.5], dtype=object), "number"),
    "decimals": (pd.Series([decimal.Decimal(1), None]), "number"),
    "datetime": (pd.Series([pd.Timestamp(DAY)]), "date"),
    "with zone": (pd.Series([pd.Timestamp(DAY, tz="UTC")]), "date"),
    "timedelta": (pd.Series([pd.Timedelta(1)]), "date"),
    "period": (pd.Series([pd.Period("2024-01")]), "date"),
    "dates of objects": (pd.Series([DAY, None]), "date"),
    "lists": (pd.Series([[1], [2]]), "other"),
    "array of text": (np.array(["a", "b"]), "category"),
    "array of numbers": (np.array([1, 2], np.uint8), "number"),
    "array of objects": (np.array([1, None], object), "number"),
    "array of dates": (np.array(["2024-01-01"], "M8[D]"), "date"),
    "complex": (np.array([1j]), "other"),
    "polars text": (pl.Series(["a", None]), "category"),
    "polars categories": (pl.Series(["a", None]).cast(pl.Categorical), "category"),
    "polars enum": (pl.Series(["a", None], dtype=pl.Enum(["a"])), "category"),
    "polars flags": (pl.Series([True, None]), "category"),
    "polars numbers": (pl.Series([1, None]), "number"),
    "polars dates": (pl.Series([DAY, None]), "date"),
    "polars lists": (pl.Series([[1], [2]]), "other"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_kind(name):
    column, kind = COLUMNS[name]
    assert column_kind(column) == kind


@pytest.mark.parametrize("name", [name for name, (_, kind) in COLUMNS.items() if kind == "number"])
def test_numbers_become_floats(name):
    column, _ = COLUMNS[name]
    expected = [np.nan if is_missing(value) else float(value) for value in objects(column)]
    found = floats(column)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


def test_text_is_no_number():
    with pytest.raises(ValueError, match="could not convert string to float: 'a'"):
        floats(pd.Series([1, "a"], dtype=object))


@pytest.mark.parametrize("value", [None, np.nan, float("nan"), np.float32("nan"), pd.NA, pd.NaT])
def test_missing(value):
    assert is_missing(value)


@pytest.mark.parametrize("value", ["", "nan", 0, False, [1], np.float32(0)])
def test_not_missing(value):
    assert not is_missing(value)


def test_columns_of_each_table():
    for table in (pd.DataFrame({"a": [1], "b": [2]}), pl.DataFrame({"a": [1], "b": [2]})):
        assert objects(column_of(table, 1)) == [2]
    assert objects(column_of(np.array([[1, 2]]), 1)) == [2]


def test_flags():
    assert holds_flags(pd.Series([True, None], dtype="boolean"))
    assert holds_flags(pl.Series([True]))
    assert not holds_flags(pd.Series(["True"]))

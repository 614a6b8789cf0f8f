import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.compose import make_column_selector

from skconv.preprocessing.columns import as_numbers, column_names, positions_of, select_columns

FRAME = pd.DataFrame(
    {
        "p0": np.arange(3, dtype=np.uint8),
        "p1": np.array([7, 8, 9], np.uint8),
        "age": [1.5, 2.5, 3.5],
        "sex": ["f", "m", "f"],
    }
)
ARRAY = np.arange(12.0).reshape(3, 4)

TABLES = {
    "pandas": FRAME,
    "polars": pl.DataFrame(FRAME.to_dict("list")),
    "array": ARRAY,
    "csr": sparse.csr_matrix(ARRAY),
    "coo": sparse.coo_array(ARRAY),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (1, [1]),
        ([2, 0], [2, 0]),
        ([-1, -4], [3, 0]),
        (np.array([1, 2], np.uint8), [1, 2]),
        (range(2), [0, 1]),
        (slice(1, 3), [1, 2]),
        (slice(None, None, 2), [0, 2]),
        ([True, False, False, True], [0, 3]),
        (lambda X: [X.shape[1] - 1], [3]),
    ],
)
def test_columns_by_position(table, selection, expected):
    assert positions_of("columns", selection, table).tolist() == expected


@pytest.mark.parametrize("name", ["pandas", "polars"])
@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("age", [2]),
        (["sex", "p0"], [3, 0]),
        (pd.Index(["p0", "p1"]), [0, 1]),
        (("age",), [2]),
        (slice("p0", "age"), [0, 1, 2]),
        (slice("p1", None), [1, 2, 3]),
        (slice(None, "p1"), [0, 1]),
        (lambda X: [name for name in X.columns if name.startswith("p")], [0, 1]),
    ],
)
def test_columns_by_name(name, selection, expected):
    assert positions_of("columns", selection, TABLES[name]).tolist() == expected


def test_columns_by_selector():
    assert positions_of("columns", make_column_selector("^p"), FRAME).tolist() == [0, 1]
    selector = make_column_selector(dtype_include=np.number)
    assert positions_of("columns", selector, FRAME).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("selection", "table", "message"),
    [
        ("agee", FRAME, "must be names of columns of X, got 'agee'. Did you mean 'age'"),
        (["p0", "x"], FRAME, ".*got 'x'. Valid names: p0, p1, age, sex"),
        (
            "age",
            ARRAY,
            ".*got 'age'; X has no names of columns: give their positions, or pass a Da",
        ),
        (slice("a", "b"), FRAME, ".*got 'a'"),
        ([], FRAME, "must select at least one column of X, got none"),
        (lambda X: [], FRAME, "must select at least one column of X, got none from <function"),
        (slice(2, 2), FRAME, r".*at least one column of X, got none from \[2, 2\]"),
        ([4], FRAME, "must be positions of 4 columns, got 4"),
        ([-5], ARRAY, "must be positions of 4 columns, got -5"),
        ([True, False], FRAME, "must be a mask of 4 columns, got 2 booleans"),
        (1.5, FRAME, "must be names or positions of columns, a slice, a mask, or .*, got 1.5"),
        (None, FRAME, "must be names or positions"),
        ([[0, 1]], FRAME, "must be names or positions"),
        (["p0", 1], FRAME, ".*names of columns of X, got 1"),
    ],
)
def test_what_is_not_in_the_table_is_refused(selection, table, message):
    with pytest.raises(ValueError, match=f"columns {message}"):
        positions_of("columns", selection, table)


def test_columns_are_named_by_position_if_they_have_no_names():
    assert column_names(FRAME) == ["p0", "p1", "age", "sex"]
    assert column_names(TABLES["csr"]) == [0, 1, 2, 3]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("positions", [[0, 1], [2, 0], [1]])
def test_selected_columns(name, positions):
    found = as_numbers("table", select_columns(TABLES[name], np.array(positions)))
    expected = (ARRAY if name in ("array", "csr", "coo") else FRAME.to_numpy())[:, positions]
    assert sparse.issparse(found) == (name in ("csr", "coo"))
    found = found.toarray() if sparse.issparse(found) else found
    np.testing.assert_array_equal(found, expected.astype(float))


def test_columns_side_by_side_are_a_view():
    assert np.shares_memory(select_columns(ARRAY, np.array([1, 2])), ARRAY)
    assert not np.shares_memory(select_columns(ARRAY, np.array([2, 1])), ARRAY)


@pytest.mark.parametrize(
    ("columns", "dtype"),
    [(["p0", "p1"], np.uint8), (["p0", "age"], np.float64), (["p1"], np.uint8)],
)
def test_the_common_dtype_is_kept(columns, dtype):
    assert as_numbers("table", FRAME[columns]).dtype == dtype


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (FRAME, "'sex'"),
        (FRAME.astype({"sex": "category"}), "'sex'"),
        (pd.DataFrame({"a": [1, 2], "day": pd.to_datetime(["2020-01-01", "2020-01-02"])}), "'day'"),
        (pd.DataFrame({"x": [1j, 2]}), "'x'"),
        (np.array([["1", "x"], ["2", "y"]]), "1"),
        (TABLES["polars"], "'sex'"),
    ],
)
def test_columns_without_numbers_are_named(table, columns):
    message = rf"^inputs\['t'\] must select columns of numbers, got .* in {columns}; encode cat"
    with pytest.raises(ValueError, match=message):
        as_numbers("t", table)


def test_numbers_written_as_text_and_missing_numbers_are_numbers():
    table = pd.DataFrame({"a": ["1", "2"], "b": pd.array([3, None], dtype="Int64")})
    np.testing.assert_array_equal(as_numbers("t", table), [[1, 3], [2, np.nan]])
    np.testing.assert_array_equal(as_numbers("t", np.array([["1.5"], ["2"]])), [[1.5], [2]])

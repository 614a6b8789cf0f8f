import copy
import pickle

import jax.numpy as jnp
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.utils import _safe_indexing, check_array, indexable

from skconv.errors import ProblemsError
from skconv.preprocessing import SliceDict

N = 6
IMAGE = np.arange(N * 4, dtype=np.uint8).reshape(N, 1, 2, 2)
TABLE = np.arange(N * 3.0).reshape(N, 3)

KINDS = {
    "array": TABLE,
    "list": TABLE.tolist(),
    "device": jnp.asarray(TABLE, np.float32),
    "frame": pd.DataFrame(TABLE, columns=list("abc"), index=range(10, 10 + N)),
    "polars": pl.DataFrame(TABLE, schema=["a", "b", "c"]),
    "csr": sparse.csr_matrix(TABLE),
    "coo": sparse.coo_array(TABLE),
}

SELECTIONS = {
    "integers": np.array([4, 0, 0]),
    "negative": [-1, 2],
    "unsigned": np.array([5, 1], np.uint8),
    "mask": np.array([True, False, True, True, False, False]),
    "list of booleans": [False, True, False, False, False, True],
    "slice": slice(1, 5, 2),
    "reversed": slice(None, None, -1),
    "nothing": [],
    "as scikit-learn writes it": (np.array([3, 1]), ...),
}


def dense(values):
    return values.toarray() if sparse.issparse(values) else np.asarray(values)


@pytest.mark.parametrize("rows", SELECTIONS.values(), ids=SELECTIONS)
def test_all_arrays_are_indexed_by_the_same_rows(rows):
    X = SliceDict(image=IMAGE, **KINDS)
    found = X[rows]
    expected = np.arange(N)[np.asarray(rows, int) if isinstance(rows, list) and not rows else rows]
    assert isinstance(found, SliceDict)
    assert found.shape == (len(found),) == (len(expected),)
    np.testing.assert_array_equal(found["image"], IMAGE[expected])
    assert found["image"].dtype == np.uint8
    for name, values in KINDS.items():
        taken = dense(found[name]).reshape(-1, 3)
        np.testing.assert_array_equal(taken, TABLE[expected], err_msg=name)
        assert type(found[name]) is type(values) or name == "coo"


def test_it_is_a_dict_with_as_many_rows_as_its_arrays():
    X = SliceDict({"image": IMAGE}, table=TABLE)
    assert list(X) == list(X.keys()) == ["image", "table"]
    assert [len(X), len(X.keys()), len(dict(X)), len({**X})] == [N, 2, 2, 2]
    assert dict(X.items())["image"] is X["image"] is next(iter(X.values())) is IMAGE
    assert "table" in X
    assert 0 not in X
    assert X.get("sound") is None
    assert SliceDict([("a", TABLE)]) == {"a": TABLE}
    assert len(SliceDict()) == 0


def test_arrays_are_not_copied(tmp_path):
    file = np.memmap(tmp_path / "X", np.float32, "w+", shape=(N, 2))
    X = SliceDict(file=file, csr=KINDS["csr"], frame=KINDS["frame"])
    assert X["file"] is file
    assert X["csr"] is KINDS["csr"]
    assert X["frame"] is KINDS["frame"]
    assert np.shares_memory(X[2:4]["file"], file)


def test_items_are_set_and_deleted():
    X = SliceDict(image=IMAGE)
    X["table"] = TABLE
    X.update(table=2 * TABLE)
    np.testing.assert_array_equal(X["table"], 2 * TABLE)
    with pytest.raises(ValueError, match="the same number of rows, got 2 in 'new', 6 in 'image'"):
        X["new"] = TABLE[:2]
    with pytest.raises(TypeError, match="the names of arrays must be strings, got 3"):
        X[3] = TABLE
    assert list(X) == ["image", "table"]
    del X["image"]
    with pytest.raises(KeyError, match="'image' is not the name of an array"):
        del X["image"]
    X["table"] = TABLE[:2]
    assert len(X) == 2


def test_copies_have_the_same_arrays():
    X = SliceDict(image=IMAGE, table=TABLE)
    for found in (X.copy(), copy.copy(X), SliceDict(X)):
        assert found == X
        assert found["image"] is IMAGE
        found["more"] = TABLE
        assert "more" not in X
    for found in (copy.deepcopy(X), pickle.loads(pickle.dumps(X))):
        assert found == X
        assert not np.shares_memory(found["image"], IMAGE)


def test_equality_is_that_of_names_and_arrays():
    X = SliceDict(KINDS)
    assert X == dict(KINDS) == SliceDict(reversed(KINDS.items()))
    assert SliceDict(array=TABLE) != X
    assert SliceDict(a=TABLE) != SliceDict(a=TABLE + 1)
    assert SliceDict(a=TABLE) != SliceDict(b=TABLE)
    assert SliceDict(a=TABLE) != SliceDict(a=TABLE[:3])
    assert SliceDict(a=TABLE) != 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(X)


def test_the_repr_names_shapes_and_types():
    assert repr(SliceDict(image=IMAGE, rest=[1] * N, table=KINDS["frame"])) == (
        "SliceDict(image=<uint8 of shape (6, 1, 2, 2)>, rest=<list of 6>, "
        "table=<DataFrame of shape (6, 3)>)"
    )


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": TABLE, "b": TABLE[:2]}, "the same number of rows, got 6 in 'a', 2 in 'b'"),
        ({"a": 3}, "'a' must be an array, a list, a DataFrame or a sparse matrix, got 3"),
        ({"a": np.float32(3)}, "'a' must be an array"),
        ({"a": "text"}, "'a' must be an array, .* got 'text'"),
        ({"a": {"b": TABLE}}, "'a' must be an array, .* got {'b'"),
        ({"a": None}, "'a' must be an array"),
        ({0: TABLE}, "the names of arrays must be strings, got 0"),
    ],
)
def test_what_is_not_rows_by_name_is_refused(arrays, message):
    with pytest.raises((ValueError, TypeError), match=message):
        SliceDict(arrays)


def test_all_problems_are_told_at_once():
    message = r"(?s)2 problems:\n - 'c' must be .*\n - the arrays must have the same number"
    with pytest.raises(ProblemsError, match=message):
        SliceDict(a=TABLE, b=TABLE[:2], c=None)


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (3, TypeError, r"got 3; X\[\[3\]\] is a single row, and X\[name\]"),
        (np.int64(3), TypeError, "a single row"),
        (2.5, TypeError, "indexed by the name of an array, or by rows"),
        (None, TypeError, "got None"),
        (["image"], TypeError, r"got \['image'\]"),
        (([1], [2]), TypeError, "of one axis"),
        (slice("a", "b"), TypeError, "rows must be sliced by integers, got slice"),
        ("imaeg", KeyError, "'imaeg' is not the name of an array. Did you mean 'image'"),
        ([True, False], IndexError, "a mask of rows must have 6 booleans, .* got 2"),
        ([6], IndexError, "out of bounds"),
    ],
)
def test_what_is_not_an_index_is_refused(key, error, message):
    with pytest.raises(error, match=message):
        SliceDict(image=IMAGE)[key]


def test_scikit_learn_splits_it():
    X, y = SliceDict(image=IMAGE, table=KINDS["frame"]), np.arange(N) % 2
    assert indexable(X, y)[0] is X
    np.testing.assert_array_equal(_safe_indexing(X, [1, 3])["image"], IMAGE[[1, 3]])
    train, test, y_train, y_test = train_test_split(X, y, test_size=2, stratify=y, random_state=0)
    assert [len(train), len(test), sorted(y_test)] == [4, 2, [0, 1]]
    np.testing.assert_array_equal(y_train, train["image"].ravel()[::4] // 4 % 2)
    for train_rows, _ in StratifiedKFold(3).split(X, y):
        assert sorted(X[train_rows]["table"].index - 10) == sorted(train_rows)


def test_targets_by_name_are_stratified_by_one_of_them():
    y = SliceDict(kind=np.arange(N) % 2, size=np.arange(N))
    with pytest.raises(TypeError, match=r"for y stratify by one output, as in cv=list\(Stratified"):
        next(StratifiedKFold(3).split(IMAGE, y))
    for train, _ in StratifiedKFold(3).split(IMAGE, y["kind"]):
        assert y[train]["kind"].sum() == len(train) / 2


def test_it_is_not_one_array():
    X = SliceDict(image=IMAGE, table=TABLE)
    for convert in (np.asarray, check_array):
        with pytest.raises(TypeError, match="must be single arrays here, got a SliceDict of 'im"):
            convert(X)

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skconv.targets.checks import (
    check_labels,
    check_numbers,
    kind_of_labels,
    warn_if_many,
    warn_if_one_hot,
)


def raises(message, kind=ValueError):
    return pytest.raises(kind, match=re.escape(message))


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (np.array([1, 0], object), np.int64),
        (np.array([1.0, 0], object), np.float64),
        (np.array([True, False], object), np.bool_),
        (np.array(["b", "a"], object), np.object_),
        (pd.Series([1, 0], dtype="Int64"), np.int64),
        (pd.Series([1, 0], dtype="UInt8"), np.uint8),
        (pd.Series([True, False], dtype="boolean"), np.bool_),
        (pd.Series([1, 0]).astype("category").cat.add_categories([2]), np.int64),
        (np.array(["2026-01-01", "2026-01-02"], "datetime64[D]"), "datetime64[D]"),
        (["b", "a"], "<U1"),
    ],
)
def test_labels_keep_their_values_in_a_dtype_of_their_own(y, dtype):
    found = check_labels(y)
    assert found.dtype == dtype
    assert found.tolist() == np.asarray(y).tolist()


def test_sparse_indicators_pass():
    y = sparse.csr_array([[0, 1], [1, 1]])
    assert check_labels(y) is y


@pytest.mark.parametrize(
    ("y", "message", "kind"),
    [
        (["a", None], "y must have a label in each row, got None in row 1", ValueError),
        ([None, 1], "y must have a label in each row, got None in row 0", ValueError),
        (["a", 1, 2.0], "y must hold labels of one type, got float and int and str", TypeError),
        (np.array(["a", True], object), "of one type, got bool and str", TypeError),
        (["a", np.nan], "y must hold labels of one type, got float and str", TypeError),
        (np.array([1.0, np.nan], object), "Input contains NaN", ValueError),
        ([1.0, np.nan], "Input y contains NaN", ValueError),
        (pd.Series([1, None], dtype="Int64"), "Input y contains NaN", ValueError),
        (
            np.array([pd.Timestamp(0), pd.Timestamp(1)], object),
            "y must hold text, integers or bools as labels, got Timestamp('1970-01-01 00:00:00') "
            "of type Timestamp",
            ValueError,
        ),
        (
            [["a"], ["a", "b"]],
            "got lists of several lengths; for sets of labels use "
            "sklearn.preprocessing.MultiLabelBinarizer",
            ValueError,
        ),
    ],
)
def test_labels_that_cannot_be_meant(y, message, kind):
    with raises(message, kind):
        check_labels(y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([0.5, 1.0]), "y must hold labels, got 0.5 (Unknown label type: continuous)"),
        (np.array([[1.0, 0.0], [0.75, 0.25]]), "y must hold labels, got 0.75 (Unknown label type"),
        (sparse.csr_array([[1.0, 0.0], [0.0, 0.25]]), "y must hold labels, got 0.25"),
        (np.array([0, -1e20]), "y must hold labels, got 1e+20 (Unknown label type: continuous)"),
    ],
)
def test_numbers_that_are_not_whole_point_to_regression(y, message):
    with raises(message) as caught:
        kind_of_labels(y)
    end = "; use regression=True or NeuralNetRegressor to predict numbers"
    assert str(caught.value).endswith(end)


ONE_OF_3 = (
    r"exactly one of 3 labels.* pass y.argmax\(axis=1\) or set out_nonlinearity=skconv.nonlineari"
    "ties.softmax; .* without this warning, set objective_loss_function='binary_crossentropy'"
)

ONE_HOT = np.eye(3, dtype=int)[[0, 2, 1, 0]]


@pytest.mark.parametrize(
    "y", [ONE_HOT, ONE_HOT.astype(float), ONE_HOT == 1, sparse.csr_array(ONE_HOT)]
)
def test_one_hot_classes_warn(y):
    assert kind_of_labels(y) == "indicators"
    dense = y.toarray() if hasattr(y, "tocsr") else y
    with pytest.warns(UserWarning, match=ONE_OF_3):
        warn_if_one_hot(dense.astype(np.float32), "out")


@pytest.mark.parametrize("y", [ONE_HOT | np.eye(3, dtype=int)[0], np.array([0, 1, 1, 0])])
def test_other_labels_do_not_warn(y):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kind_of_labels(y) == ("indicators" if y.ndim == 2 else "classes")
        if y.ndim == 2:
            warn_if_one_hot(y.astype(np.float32), "out")


@pytest.mark.parametrize("dtype", [int, float, np.uint8])
def test_numbers_that_hardly_repeat_are_doubtful_labels(dtype):
    message = (
        "The number of unique classes is greater than 50% of the number of samples: y has 12 "
        "distinct labels in 22 rows; use regression=True or NeuralNetRegressor to predict numbers"
    )
    with pytest.warns(UserWarning, match=message):
        warn_if_many(np.arange(12).astype(dtype), 22)


def test_text_that_hardly_repeats_is_doubtful_but_no_number():
    with pytest.warns(UserWarning, match=r"y has 12 distinct labels in 22 rows$"):
        warn_if_many(np.arange(12).astype(str), 22)


def test_floats_that_rarely_repeat_are_doubtful_labels():
    message = "Labels are floats that rarely repeat: y has 214 distinct labels in 442 rows; use reg"
    with pytest.warns(UserWarning, match=message):
        warn_if_many(np.arange(214.0), 442)


@pytest.mark.parametrize(
    ("classes", "n"),
    [
        (np.arange(11), 22),
        (np.arange(20), 20),
        (np.arange(2), 30),
        (np.arange(214), 442),
        (np.arange(20.0), 150),
        (np.arange(40.0), 400),
    ],
)
def test_labels_that_repeat_or_are_few_do_not_warn(classes, n):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_many(classes, n)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([0, 1, 2], [0, 1, 2]),
        (np.array([1.5, 2], object), [1.5, 2.0]),
        (["1.5", "2"], [1.5, 2.0]),
        (pd.Series([3, 1], dtype="Int64"), [3.0, 1.0]),
        (pd.DataFrame({"a": [1, 2], "b": [0.5, 1]}), [[1.0, 0.5], [2.0, 1.0]]),
    ],
)
def test_numbers_are_read(y, expected):
    found = check_numbers(y)
    assert found.dtype.kind in "fiu"
    assert found.tolist() == expected


LABELS = "; use regression=False or NeuralNetClassifier to predict labels"


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a", "b"], f"y must hold numbers, got 'a'{LABELS}"),
        (np.array([1.0, "b"], object), f"y must hold numbers, got 'b'{LABELS}"),
        ([True, False], f"y must hold numbers, got bools{LABELS}, or pass y.astype(float)"),
        (np.array([True, False], object), f"y must hold numbers, got bools{LABELS}"),
        (pd.Series([True, False], dtype="boolean"), f"y must hold numbers, got bools{LABELS}"),
        (pd.Series([3, 4], dtype="category"), f"y must hold numbers, got categories{LABELS}"),
        (
            pd.DataFrame({"a": [1, 2], "b": [True, False]}),
            f"y must hold numbers, got bools{LABELS}",
        ),
        (
            pd.date_range("2026", periods=2),
            "y must hold numbers, got dates or times of dtype datetime64",
        ),
        (np.array([1, 2], "m8[s]"), "y must hold numbers, got dates or times of dtype timedelta64"),
        (np.array([1.0, None], object), "Input y contains NaN."),
        ([1j, 0], "Complex data not supported"),
    ],
)
def test_labels_and_dates_are_not_numbers(y, message):
    with raises(message):
        check_numbers(y)

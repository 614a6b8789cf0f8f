import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_selector
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import QuantileTransformer
from sklearn.utils import estimator_html_repr
from sklearn.utils.estimator_checks import parametrize_with_checks

from skconv.errors import InvalidParameterError, ProblemsError
from skconv.preprocessing import EncodeColumns, SliceDict

DATA = {
    "city": ["Rome", "Oslo", None, "Rome"],
    "size in m": [1.0, 3.0, None, 2.0],
    "lift": [True, False, True, True],
    "floor": [0, 2, 4, 2],
}
FRAME = pd.DataFrame(DATA)
NUMERIC = [
    [-1.224745, -1.414214, 0],
    [1.224745, 0, 0],
    [0, 1.414214, 1],
    [0, 0, 0],
]


class SideBySide(EncodeColumns):
    """Returns one array, which is what scikit-learn's checks compare."""

    def fit_transform(self, X, y=None):
        return np.hstack(list(super().fit_transform(X, y).values()))

    def transform(self, X):
        return np.hstack(list(super().transform(X).values()))


@parametrize_with_checks([SideBySide()])
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, "objects"])
def test_tables_of_all_kinds(kind):
    table = FRAME.to_numpy(dtype=object) if kind == "objects" else kind(DATA)
    found = EncodeColumns().fit_transform(table)
    assert isinstance(found, SliceDict)
    city, lift, numeric = found.values()
    np.testing.assert_array_equal(city, [[2], [1], [3], [2]])
    np.testing.assert_array_equal(lift, [[2], [1], [2], [2]])
    assert (city.dtype, numeric.dtype) == (np.int32, np.float64)
    np.testing.assert_allclose(numeric, NUMERIC, atol=1e-6)
    names = ["x0", "x2", "numeric"] if kind == "objects" else ["city", "lift", "numeric"]
    assert list(found) == names


def test_other_rows_are_encoded_as_those_of_fit():
    encode = EncodeColumns().fit(FRAME)
    assert encode.categories_ == {"city": ["Oslo", "Rome"], "lift": [False, True]}
    other = pd.DataFrame(
        {"city": ["Bonn", "Rome"], "size in m": [2.0, None], "lift": None, "floor": None}
    )
    found = encode.transform(other)
    assert found["city"].ravel().tolist() == [0, 2]
    assert found["lift"].ravel().tolist() == [0, 0]  # none was missing in fit
    np.testing.assert_allclose(found["numeric"], [[0, 0, 0], [0, 0, 1]], atol=1e-12)


def test_names_of_features():
    encode = EncodeColumns().fit(FRAME)
    names = ["city", "lift", "size in m", "floor", "missingindicator_size in m"]
    assert encode.get_feature_names_out().tolist() == names
    unnamed = EncodeColumns().fit(np.eye(2))
    assert unnamed.get_feature_names_out(["a", "b"]).tolist() == ["a", "b"]
    width = sum(values.shape[1] for values in encode.transform(FRAME).values())
    assert width == len(names)


def test_columns_of_categories_may_be_chosen():
    floor = EncodeColumns(["city", "floor"]).fit(FRAME)
    assert list(floor.transform(FRAME)) == ["city", "floor", "numeric"]
    assert floor.get_feature_names_out()[2:4].tolist() == ["size in m", "lift"]
    chosen = EncodeColumns(make_column_selector("^(?:city|lift)$")).fit_transform(FRAME)
    assert chosen == EncodeColumns().fit_transform(FRAME)
    assert list(EncodeColumns([]).fit_transform(FRAME.drop(columns="city"))) == ["numeric"]
    dates = FRAME.assign(day=pd.Timestamp("2024-01-01"))
    assert "day" in EncodeColumns(["city", "day"]).fit_transform(dates)
    with pytest.raises(ValueError, match=r"all columns of text and .*, got none for 'city'"):
        EncodeColumns(["lift"]).fit(FRAME)
    with pytest.raises(ValueError, match=r"must be names of .*, got 'citi'. Did you mean 'city'\?"):
        EncodeColumns(["citi"]).fit(FRAME)


def test_rare_categories():
    table = pd.DataFrame({"a": list("xxxyyz")})
    encode = EncodeColumns(min_frequency=2).fit(table)
    assert encode.categories_ == {"a": ["x", "y"]}
    assert EncodeColumns(min_frequency=0.5).fit(table).categories_ == {"a": ["x"]}
    assert EncodeColumns(max_categories=1).fit(table).categories_ == {"a": ["x"]}
    strict = encode.set_params(handle_unknown="error").fit(table)
    assert strict.transform(table)["a"].ravel().tolist() == [1, 1, 1, 2, 2, 0]


def test_the_transformer_of_the_numbers():
    table = pd.DataFrame({"a": [1.0, 10.0, 100.0, np.nan]})
    encode = EncodeColumns(numeric_transformer=QuantileTransformer(n_quantiles=3))
    found = encode.fit_transform(table)["numeric"]
    np.testing.assert_allclose(found, [[0, 0], [0.5, 0], [1, 0], [0.5, 1]])
    assert encode.set_params(numeric_transformer__n_quantiles=2).get_params()["numeric_transformer"]
    kept = EncodeColumns(numeric_transformer="passthrough").fit(table)
    np.testing.assert_allclose(kept.transform(table)["numeric"][:, 0], [1, 10, 100, 37])
    assert kept.get_feature_names_out().tolist() == ["a", "missingindicator_a"]


def test_a_column_without_any_number():
    table = pd.DataFrame({"a": [np.nan, np.nan], "b": [1.0, 3.0]})
    found = EncodeColumns(numeric_transformer="passthrough").fit_transform(table)["numeric"]
    np.testing.assert_array_equal(found, [[0, 1, 1], [0, 3, 1]])


def test_what_is_unknown_or_missing_may_be_an_error():
    strict = EncodeColumns(handle_unknown="error", handle_missing="error").fit(FRAME.dropna())
    other = FRAME.assign(city=["Bonn", "Oslo", None, "Kyiv"])
    message = (
        r"(?s)categories of fit in 'city', got 'Bonn', 'Kyiv'; handle_unknown='encode'.*"
        r"no missing values, got some in 'city', 'size in m'; handle_missing='encode'"
    )
    with pytest.raises(ProblemsError, match=message):
        strict.transform(other)
    with pytest.raises(ValueError, match="no missing values, got some in 'city', 'size in m'"):
        EncodeColumns(handle_missing="error").fit(FRAME)


@pytest.mark.parametrize(
    ("params", "messages"),
    [
        (
            {"handle_unknown": "ignore", "handle_missing": None},
            [
                "handle_unknown must be one of 'encode', 'error', got 'ignore'",
                "handle_missing must be",
            ],
        ),
        ({"min_frequency": 1.5}, ["min_frequency must be a positive integer, a number between"]),
        ({"max_categories": 0}, ["max_categories must be a positive integer or None, got 0"]),
        ({"numeric_transformer": "drop"}, ["must be a transformer, 'passthrough' or None, got"]),
    ],
)
def test_parameters_that_are_not_valid(params, messages):
    with pytest.raises(InvalidParameterError, match="(?s)" + ".*".join(messages)):
        EncodeColumns(**params).fit(FRAME)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            FRAME.assign(d=pd.Timestamp("2024")),
            "got dates or times in 'd'; replace them by numbers",
        ),
        (pl.DataFrame({"d": [[1]]}), "must have columns of categories and numbers, got other obj"),
        (FRAME.assign(f=np.inf), "X contains infinity"),
        (FRAME[:0], "at least one row"),
        (SliceDict(a=np.eye(2)), "must be a table of shape"),
        ({"a": np.eye(2)}, r"must be a table of shape \(n, columns\), got dict"),
        (FRAME.rename(columns={"city": "numeric"}), "'numeric' for 'numeric' and for that of all"),
        (FRAME.rename(columns={"city": "a b", "lift": "a-b"}), "got 'a_b' for 'a-b' and for 'a b'"),
    ],
)
def test_tables_that_cannot_be_encoded(table, message):
    encode = EncodeColumns()
    with pytest.raises(ValueError, match=message):
        encode.fit(table)
    assert not hasattr(encode, "categories_")


def test_sparse_tables_are_refused():
    with pytest.raises(TypeError, match="Sparse data was passed"):
        EncodeColumns().fit(sparse.eye_array(3).tocsr())


def test_later_tables_have_the_same_columns():
    encode = EncodeColumns().fit(FRAME)
    with pytest.raises(ValueError, match="feature names should match"):
        encode.transform(FRAME.rename(columns={"city": "town"}))
    with pytest.raises(ValueError, match="must hold numbers in 'floor', as in fit: could not conv"):
        encode.transform(FRAME.assign(floor="first"))
    with pytest.raises(NotFittedError):
        EncodeColumns().transform(FRAME)


def test_names_of_inputs_are_identifiers():
    table = pd.DataFrame({"hours per__week": ["a"], "2nd": ["b"], "größe": ["c"]})
    assert list(EncodeColumns().fit_transform(table)) == ["hours_per_week", "x2nd", "größe"]


def test_it_is_cloned_pickled_and_shown():
    encode = EncodeColumns().set_output(transform="pandas").fit(FRAME)
    assert clone(encode).get_params() == encode.get_params()
    assert pickle.loads(pickle.dumps(encode)).transform(FRAME) == encode.transform(FRAME)
    assert "EncodeColumns" in estimator_html_repr(encode)

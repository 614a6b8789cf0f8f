import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.utils import estimator_html_repr

from skconv.errors import InvalidParameterError, ProblemsError
from skconv.preprocessing import SliceDict, SplitColumns

rng = np.random.default_rng(0)
PIXELS = rng.integers(0, 256, (6, 4), dtype=np.uint8)
FRAME = pd.DataFrame(PIXELS, columns=[f"pixel{i}" for i in range(4)]).assign(
    age=rng.normal(size=6), size=np.arange(6)
)
INPUTS = {"image": make_column_selector("^pixel"), "table": ["age", "size"]}


def test_each_input_gets_its_columns_in_their_dtype():
    found = SplitColumns(INPUTS).fit_transform(FRAME)
    assert isinstance(found, SliceDict)
    assert (list(found), len(found)) == (["image", "table"], 6)
    assert found["image"].dtype == np.uint8
    np.testing.assert_array_equal(found["image"], PIXELS)
    np.testing.assert_array_equal(found["table"], FRAME[["age", "size"]])


def test_the_rows_of_an_input_may_have_a_shape():
    split = SplitColumns(INPUTS, shapes={"image": (1, 2, 2)}).fit(FRAME)
    found = split.transform(FRAME[2:])
    np.testing.assert_array_equal(found["image"], PIXELS[2:].reshape(-1, 1, 2, 2))
    assert split.columns_["table"].tolist() == [4, 5]


def test_arrays_are_split_without_a_copy(tmp_path):
    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(5, 6))
    X[:] = rng.normal(size=(5, 6))
    found = SplitColumns({"image": slice(0, 4), "table": [4, 5]}).fit_transform(X)
    assert np.shares_memory(found["image"], X)
    assert np.shares_memory(found["table"], X)
    np.testing.assert_array_equal(found["table"], X[:, 4:])


def test_sparse_columns_stay_sparse():
    X = sparse.random_array((5, 6), density=0.5, rng=0, format="coo")
    found = SplitColumns({"left": slice(0, 2), "right": slice(2, 6)}).fit_transform(X)
    assert found["right"].format == "csr"
    np.testing.assert_array_equal(found["right"].toarray(), X.toarray()[:, 2:])
    with pytest.raises(ValueError, match=r"'left', .* sparse .* as in left_shape=\(None, 2, 1\)"):
        SplitColumns({"left": [0, 1]}, remainder="drop", shapes={"left": (2, 1)}).fit(X)


def test_columns_may_be_shared_but_none_is_left_out_unasked():
    shared = SplitColumns({"a": [0, 1], "b": [1, 2]}).fit_transform(np.eye(3))
    np.testing.assert_array_equal(shared["a"][:, 1], shared["b"][:, 0])
    with pytest.raises(ValueError, match="inputs must use all columns of X, got none for 'age'; a"):
        SplitColumns(INPUTS | {"table": "size"}).fit(FRAME)
    with pytest.raises(ValueError, match=r"none for 0, 1, 2, 3, 4 and 3 more; .*remainder='drop'"):
        SplitColumns({"a": -1}).fit(np.eye(9)[:, :9])
    found = SplitColumns({"table": "size"}, remainder="drop").fit_transform(FRAME)
    assert found["table"].shape == (6, 1)


@pytest.mark.parametrize(
    ("split", "error", "messages"),
    [
        (SplitColumns([0, 1]), InvalidParameterError, ["inputs must be a dict of columns by nam"]),
        (
            SplitColumns({1: [0]}),
            InvalidParameterError,
            ["columns by name of the input layer"],
        ),
        (SplitColumns({}), InvalidParameterError, ["inputs must be a dict"]),
        (
            SplitColumns(INPUTS, remainder="passthrough"),
            InvalidParameterError,
            ["remainder must be 'error' or 'drop', got 'passthrough'"],
        ),
        (
            SplitColumns({"a": "agee", "b": [9]}),
            ProblemsError,
            [r"inputs\['a'\] .* Did you mean 'age'", r"inputs\['b'\] must be positions of 6 col"],
        ),
        (
            SplitColumns(INPUTS, shapes={"imag": (2, 2), "table": (3,), "image": (2, 2.0)}),
            ProblemsError,
            ["got 'imag'. Did you mean 'image'", "row of 2 values, got", "row of 4 values, got"],
        ),
    ],
)
def test_what_cannot_be_is_refused(split, error, messages):
    with pytest.raises(error, match="(?s)" + ".*".join(messages)):
        split.fit(FRAME)


def test_text_is_refused_in_all_inputs():
    table = FRAME.assign(sex=list("mfmfmf"), day=pd.Timestamp("2020-01-01"))
    split = SplitColumns({"image": slice("pixel0", "pixel3"), "a": ["age", "sex"], "b": ["day"]})
    message = r"(?s)inputs\['a'\] .* in 'sex'; encode .*OneHotEncoder.*inputs\['b'\] .* in 'day'"
    with pytest.raises(ProblemsError, match=message):
        split.set_params(remainder="drop").fit(table)
    assert not hasattr(split, "columns_")


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((3, 1, 2, 2)), r"X must be a table of shape \(n, columns\), got shape \(3, 1,"),
        (np.zeros(3), r"got shape \(3,\)"),
        ({"a": np.zeros((3, 2))}, "got dict"),
        (SliceDict(a=np.zeros((3, 2))), r"got shape \(3,\)"),
    ],
)
def test_only_tables_have_columns(X, message):
    with pytest.raises(ValueError, match=message):
        SplitColumns({"a": [0]}).fit(X)


def test_later_tables_have_the_same_columns():
    split = SplitColumns(INPUTS).fit(FRAME)
    with pytest.raises(ValueError, match=r"(?s)feature names should match.*unseen.*- weight"):
        split.transform(FRAME.rename(columns={"age": "weight"}))
    with pytest.raises(ValueError, match="must be in the same order"):
        split.transform(FRAME[FRAME.columns[::-1]])
    with pytest.raises(ValueError, match="X has 3 features, but SplitColumns is expecting 6"):
        SplitColumns({"a": slice(0, 6)}).fit(PIXELS[:, [0] * 6]).transform(np.zeros((2, 3)))
    with pytest.raises(NotFittedError):
        SplitColumns(INPUTS).transform(FRAME)


def test_names_of_features():
    split = SplitColumns(INPUTS).fit(FRAME)
    names = ["image__pixel0", "image__pixel1", "image__pixel2", "image__pixel3"]
    assert split.get_feature_names_out().tolist() == [*names, "table__age", "table__size"]
    unnamed = SplitColumns({"a": [1], "b": [0, 1]}).fit(np.eye(2))
    assert unnamed.get_feature_names_out().tolist() == ["a__x1", "b__x0", "b__x1"]
    assert unnamed.get_feature_names_out(["l", "r"]).tolist() == ["a__r", "b__l", "b__r"]


def test_it_is_cloned_pickled_and_shown():
    split = SplitColumns({"image": slice("pixel0", "pixel3"), "table": ["age", "size"]}).fit(FRAME)
    assert clone(split).get_params() == split.get_params()
    assert pickle.loads(pickle.dumps(split)).transform(FRAME) == split.transform(FRAME)
    shown = estimator_html_repr(make_pipeline(StandardScaler(), split))
    assert "SplitColumns" in shown


def test_after_a_column_transformer_that_makes_frames():
    table = FRAME.assign(sex=list("mfmfmf"))
    prepare = ColumnTransformer(
        [
            ("number", StandardScaler(), ["age", "size"]),
            ("category", OneHotEncoder(sparse_output=False), ["sex"]),
        ],
        remainder="passthrough",
    )
    split = SplitColumns(
        {
            "image": make_column_selector("^remainder__"),
            "table": make_column_selector("^(?:number|category)__"),
        }
    )
    pipeline = make_pipeline(prepare, split).set_output(transform="pandas")
    found = pipeline.fit_transform(table)
    assert isinstance(found, SliceDict)
    np.testing.assert_array_equal(found["image"], PIXELS)
    assert found["image"].dtype == np.uint8
    np.testing.assert_allclose(
        found["table"][:, :2], StandardScaler().fit_transform(FRAME.iloc[:, 4:])
    )
    np.testing.assert_array_equal(found["table"][:, 2], table["sex"] == "f")
    assert pipeline.get_feature_names_out()[-1] == "table__category__sex_m"


def test_after_a_union_and_for_all_outputs():
    union = FeatureUnion([("standard", StandardScaler()), ("range", MinMaxScaler())])
    split = SplitColumns({"standard": slice(0, 6), "range": slice(6, 12)})
    with sklearn.config_context(transform_output="pandas"):
        found = make_pipeline(union, split).fit_transform(FRAME)
    np.testing.assert_allclose(found["range"], MinMaxScaler().fit_transform(FRAME))
    np.testing.assert_allclose(found["standard"], StandardScaler().fit_transform(FRAME))

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skconv import NeuralNet
from skconv.layers import DenseLayer
from skconv.model_selection import BatchedGridSearchCV
from skconv.models import embed_columns
from skconv.preprocessing import EncodeColumns, SliceDict

rng = np.random.default_rng(0)
X = pd.DataFrame(
    {
        "city": rng.choice(["Rome", "Oslo", "Bonn", "Kyiv", "Lima"], 60),
        "day of week": rng.choice(["Mon", "Tue"], 60),
        "area": rng.normal(50, 20, 60),
    }
)
X.loc[59, "city"] = "Riga"  # in one of the folds alone
y = X["city"].str.contains("o") & (X["area"] > 30)


def layers(table):
    return [*embed_columns(EncodeColumns().fit_transform(table)), (DenseLayer, {"name": "output"})]


@pytest.fixture(scope="module")
def model():
    return make_pipeline(EncodeColumns(), NeuralNet(layers(X), max_epochs=2, random_state=0))


def test_layers_by_dtype_of_the_inputs():
    found = embed_columns(SliceDict(a=np.ones((2, 3), int), b=np.ones((2, 2)), c=np.eye(2) > 0))
    assert [(cls.__name__, given["name"]) for cls, given in found] == [
        ("InputLayer", "a"),
        ("EmbeddingLayer", "a_embedding"),
        ("FlattenLayer", "a_vector"),
        ("InputLayer", "b"),
        ("InputLayer", "c"),
        ("ConcatLayer", "columns"),
    ]
    assert found[-1][1]["incomings"] == ["a_vector", "b", "c"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (X, "must be a dict of arrays by input, got DataFrame; pass what EncodeColumns"),
        ({}, "must be a dict of arrays"),
        ({"a": np.ones(3)}, r"X\['a'\] must be an array of numbers of 2 axes, got shape \(3,\)"),
        ({"a": np.full((2, 1), "x")}, "got dtype <U1"),
    ],
)
def test_other_values(given, message):
    with pytest.raises(ValueError, match=message):
        embed_columns(given)


def test_searches_find_the_sizes_of_each_fold(model):
    grid = {"neuralnet__city_embedding_output_size": [2, 4]}
    split = [(np.arange(59), np.arange(50, 60))]  # without the sixth city
    search = BatchedGridSearchCV(model, grid, cv=split, error_score="raise", refit=False)
    assert np.isfinite(search.fit(X, y).cv_results_["mean_test_score"]).all()


def test_a_fold_may_have_fewer_categories(model):
    fewer = clone(model).fit(X[:59], y[:59])
    layers = fewer[-1].layers_
    assert layers["city_embedding"].W.shape == (6, 3)
    assert layers["day_of_week_embedding"].W.shape == (3, 2)
    unknown = np.asarray(layers["city_embedding"].W)[0]
    assert np.abs(unknown).max() < 0.05  # the vector of unknown categories stays small
    assert np.isfinite(fewer.predict_proba(X[59:])).all()


@pytest.mark.parametrize("columns", [["city", "day of week"], ["city"]])
def test_a_table_without_numbers(columns):
    net = NeuralNet(layers(X[columns]), max_epochs=0, random_state=0)
    fitted = make_pipeline(EncodeColumns(), net).fit(X[columns], y)
    assert fitted[-1].layers_["city_embedding"].W.shape == (7, 4)

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skconv import NeuralNet
from skconv.layers import DenseLayer, InputLayer
from skconv.preprocessing import Standardize, standardize

rng = np.random.default_rng(0)
images = rng.integers(0, 256, (40, 3, 4, 5), dtype=np.uint8)
images[:, 1, 2, 3] = 7
AXES = {"channel": (0, 2, 3), "pixel": 0, "all": None}


@parametrize_with_checks([Standardize(), Standardize("pixel")])
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("per", AXES)
def test_mean_and_deviation_are_those_of_the_training_rows(per):
    found = Standardize(per).fit(images[:30]).transform(images)
    train = images[:30].astype(float)
    mean = train.mean(AXES[per], keepdims=True)
    deviation = train.std(AXES[per], keepdims=True)
    expected = (images - mean) / np.where(deviation == 0, 1, deviation)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_rows_in_several_blocks_are_the_same(monkeypatch):
    expected = Standardize().fit_transform(images)
    monkeypatch.setattr(standardize, "ROWS", 7)
    np.testing.assert_allclose(Standardize().fit_transform(images), expected, rtol=1e-6)


@pytest.mark.parametrize("per", ["channel", "pixel"])
def test_tables_are_scaled_as_scikit_learn_scales_them(per):
    X = 1e6 + rng.normal(size=(50, 4)) * [1, 10, 100, 0]
    scaler = StandardScaler().fit(X)
    found = Standardize(per).fit(X)
    np.testing.assert_allclose(found.transform(X), scaler.transform(X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.mean_, scaler.mean_)
    np.testing.assert_allclose(found.scale_, scaler.scale_)


def test_sequences_have_channels_too():
    X = rng.normal(size=(20, 2, 9)) * [[1], [5]]
    found = Standardize().fit(X)
    assert found.mean_.shape == (2, 1)
    np.testing.assert_allclose(found.transform(X).std((0, 2)), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "options", [{}, {"per": "pixel"}, {"with_mean": False}, {"with_std": False}, {"per": "all"}]
)
def test_the_inverse_gives_the_rows_back(options):
    standardize = Standardize(**options).fit(images)
    back = standardize.inverse_transform(standardize.transform(images))
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, images, atol=1e-4)


def test_parts_can_be_left_out():
    shifted = Standardize(with_std=False).fit(images)
    assert shifted.scale_ is None
    np.testing.assert_allclose(shifted.transform(images), images - shifted.mean_, atol=1e-4)
    scaled = Standardize(with_mean=False).fit(images)
    assert scaled.mean_ is None
    np.testing.assert_allclose(scaled.transform(images), images / scaled.scale_, rtol=1e-6)


def test_the_rows_of_the_caller_stay_as_they_are():
    before, floats = images.copy(), images.astype(np.float32)
    for X in (images, floats):
        Standardize().fit_transform(X)
        np.testing.assert_array_equal(X, before)


def test_names_of_columns_stay():
    table = pd.DataFrame(rng.normal(size=(9, 2)), columns=["height", "width"])
    found = Standardize().fit(table)
    assert found.get_feature_names_out().tolist() == ["height", "width"]
    assert list(found.set_output(transform="pandas").transform(table)) == ["height", "width"]
    assert Standardize().fit(images).get_feature_names_out().tolist() == ["x0", "x1", "x2"]


def test_copies_and_pickles():
    fitted = Standardize("pixel").fit(images)
    expected = fitted.transform(images)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(images), expected)
    assert not hasattr(clone(fitted), "mean_")


@pytest.mark.parametrize(
    ("options", "X", "message"),
    [
        ({"per": "row"}, images, r"^per must be one of 'channel', 'pixel', 'all', got 'row'$"),
        ({}, np.full((3, 1, 2, 2), np.nan), "Input X contains NaN"),
        ({}, images[:0], r"Found array with 0 sample\(s\)"),
        (
            {"data_format": "last"},
            images,
            r"^data_format must be one of 'channels_first', 'channels_last', got 'last'$",
        ),
        (
            {},
            np.zeros((2, 9, 9, 3)),
            r"^X must have shape \(n, channels, height, width\), got \(n, 9, 9, 3\); images are "
            r"channels first: X.transpose\(0, 3, 1, 2\), or set data_format='channels_last'$",
        ),
        (
            {"data_format": "channels_last"},
            np.zeros((2, 3, 9, 9)),
            r"^X must have shape \(n, height, width, channels\), got \(n, 3, 9, 9\); "
            r"set data_format='channels_first'$",
        ),
    ],
)
def test_what_cannot_be_fitted(options, X, message):
    with pytest.raises(ValueError, match=message):
        Standardize(**options).fit(X)


def test_rows_of_another_shape_are_refused():
    message = r"^X must have rows of shape \(3, 4, 5\), as in fit, got \(3, 5, 4\)$"
    with pytest.raises(ValueError, match=message):
        Standardize().fit(images).transform(images.swapaxes(2, 3))


@pytest.mark.parametrize("per", AXES)
def test_channels_last_are_standardized_where_they_are(per):
    last = images.transpose(0, 2, 3, 1)
    first = Standardize(per).fit(images)
    found = Standardize(per, data_format="channels_last").fit(last)
    np.testing.assert_array_equal(found.mean_, first.mean_.transpose(1, 2, 0))
    expected = first.transform(images).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(found.transform(last), expected)
    np.testing.assert_allclose(found.inverse_transform(expected), last, atol=1e-4)
    tables = (Standardize(per, data_format=f"channels_{f}") for f in ("first", "last"))
    one, other = (table.fit_transform(images[:, :, 0, 0]) for table in tables)
    np.testing.assert_array_equal(one, other)


def test_images_without_channels_are_told_of():
    X = rng.normal(size=(5, 9, 8))
    message = r"^X of shape \(n, 9, 8\) is standardized as sequences of 9 channels; give images a"
    with pytest.warns(UserWarning, match=message):
        Standardize().fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for per, given in (
            ("all", X),
            ("pixel", X),
            ("channel", X[:, None]),
            ("channel", X[..., :4]),
        ):
            Standardize(per).fit(given)


def test_a_single_image_is_told_of():
    message = (
        r"^X must have shape \(n, 3, 4, 5\), got \(3, 4, 5\); give a single image as X\[None\]$"
    )
    with pytest.raises(ValueError, match=message):
        Standardize().fit(images).transform(images[0])


def test_a_pipeline_of_images_and_a_search_over_it():
    y = (images[:, 0].mean((1, 2)) > 127).astype(int)
    net = NeuralNet(
        [("input", InputLayer), ("output", DenseLayer)],
        max_epochs=40,
        train_split=None,
        update_learning_rate=0.02,
        random_state=0,
    )
    model = make_pipeline(Standardize(), net)
    search = GridSearchCV(model, {"standardize__per": ["channel", "pixel"]}, cv=2)
    assert search.fit(images, y).score(images, y) > 0.8
    assert search.best_estimator_[-1].layers_["input"].output_shape == (None, 3, 4, 5)

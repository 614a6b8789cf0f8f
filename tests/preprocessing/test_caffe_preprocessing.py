import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skconv.preprocessing import CaffePreprocessing

X = np.random.default_rng(0).integers(0, 256, (2, 3, 7, 6), dtype=np.uint8)


def test_images_are_cropped_reversed_centered_and_scaled():
    images = CaffePreprocessing((104, 117, 123), scale=0.5, crop_size=4).transform(X)
    means = np.reshape([104, 117, 123], (3, 1, 1))
    np.testing.assert_allclose(images, (X[:, ::-1, 1:5, 1:5].astype(float) - means) / 2)
    assert images.dtype == np.float32
    assert images.flags.c_contiguous


def test_colors_may_keep_their_order():
    images = CaffePreprocessing(10, color_order="rgb").fit_transform(X)
    np.testing.assert_array_equal(images, X.astype(np.float32) - 10)
    gray = CaffePreprocessing(10).transform(X[:, :1].tolist())
    np.testing.assert_array_equal(gray, X[:, :1].astype(np.float32) - 10)


def test_x_stays_as_it_is():
    given = X.astype(np.float32)
    CaffePreprocessing(1.0, color_order="rgb").transform(given)
    np.testing.assert_array_equal(given, X)


def test_it_is_a_step_of_a_pipeline():
    steps = make_pipeline(clone(CaffePreprocessing([1, 2, 3])))
    assert steps.fit(X).transform(X).shape == X.shape
    assert steps[0].mean_value == [1, 2, 3]


@pytest.mark.parametrize(
    ("fields", "images", "message"),
    [
        ({"mean_value": "x"}, X, "mean_value must be a number or a sequence of numbers, got 'x'"),
        ({"mean_value": ()}, X, "mean_value must be a number or a sequence of numbers"),
        ({"mean_value": (1, np.nan)}, X, "mean_value must be a number or a sequence of numbers"),
        ({"mean_value": (1, 2)}, X, r"one for each of 3 channels, got \(1, 2\)"),
        ({"scale": None}, X, "scale must be a finite number, got None"),
        ({"crop_size": 0}, X, "crop_size must be a positive integer or None, got 0"),
        ({"crop_size": 7}, X, r"crop_size must be at most the height and width of \(2, 3, 7, 6\)"),
        ({"color_order": "gbr"}, X, "color_order must be one of 'bgr', 'rgb', got 'gbr'"),
        (
            {},
            X[0],
            r"X must be numbers of shape \(n, channels, height, width\), got uint8 of shape",
        ),
        ({}, X.astype(str), "X must be numbers of shape"),
    ],
)
def test_invalid_parameters_and_images(fields, images, message):
    for call in ("fit", "transform"):
        with pytest.raises(ValueError, match=message):
            getattr(CaffePreprocessing(**fields), call)(images)


def test_all_problems_are_told_at_once():
    with pytest.raises(ValueError, match="2 problems"):
        CaffePreprocessing(scale="x", crop_size=1.5).fit(X)

import re

import numpy as np
import pytest
import torchvision
from PIL import Image
from skimage import data
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from timm.data import create_transform

from skconv.preprocessing import PrepareImages, ReadImages, RowView

PICTURES = {"astronaut": data.astronaut(), "cat": data.chelsea()}
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 3, 20, 30), np.uint8)


def channels_first(picture):
    return picture.transpose(2, 0, 1)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(
    ("given", "config"),
    [
        (
            {"size": 224, "resize_to": 235, "resample": "bicubic"},
            {"input_size": (3, 224, 224), "crop_pct": 0.95, "interpolation": "bicubic"},
        ),
        (
            {"size": (192, 224), "resize_to": (213, 248), "resample": "bicubic"},
            {"input_size": (3, 192, 224), "crop_pct": 0.9, "interpolation": "bicubic"},
        ),
        (
            {"size": 64, "resize": "stretch", "resize_to": 64, "mean": [0.5] * 3, "std": [0.5] * 3},
            {
                **{"input_size": (3, 64, 64), "crop_pct": 1.0, "crop_mode": "squash"},
                **{"interpolation": "bilinear", "mean": (0.5,) * 3, "std": (0.5,) * 3},
            },
        ),
    ],
)
def test_pictures_are_those_of_timm(name, given, config):
    expected = create_transform(**config)(Image.fromarray(PICTURES[name])).numpy()
    found = PrepareImages(**given).fit_transform(channels_first(PICTURES[name])[None])
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_by_default_those_of_torchvision(name):
    transform = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.transforms()
    expected = transform(Image.fromarray(PICTURES[name])).numpy()
    found = PrepareImages().fit_transform(channels_first(PICTURES[name])[None])
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_images_of_several_sizes():
    pictures = [channels_first(picture)[:, ::4, ::4] for picture in PICTURES.values()]
    prepare = PrepareImages(size=32)
    found = prepare.fit_transform(pictures)
    assert found.shape == (2, 3, 32, 32)
    objects = np.empty(2, object)
    objects[:] = pictures
    np.testing.assert_array_equal(prepare.transform(objects), found)
    for picture, image in zip(pictures, found, strict=True):
        np.testing.assert_array_equal(prepare.transform(picture[None])[0], image)


def test_floats_are_from_0_to_1():
    prepare = PrepareImages(size=8).fit(IMAGES)
    found = prepare.transform(IMAGES / 255)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, prepare.transform(IMAGES), atol=1.01 / 255 / 0.22)
    np.testing.assert_array_equal(prepare.transform(IMAGES.astype(int)), prepare.transform(IMAGES))


def test_any_number_of_channels_with_one_mean():
    prepare = PrepareImages(size=8, resize_to=8, mean=0.5, std=0.25).fit(IMAGES[:, :1])
    assert prepare.get_feature_names_out().tolist() == ["x0"]
    assert prepare.transform(np.full((1, 5, 8, 8), 255, np.uint8)).tolist() == [
        [[[2.0] * 8] * 8] * 5
    ]


def test_images_that_are_read_when_they_are_wanted(tmp_path):
    for i, image in enumerate(IMAGES):
        Image.fromarray(image.transpose(1, 2, 0)).save(tmp_path / f"{i}.png")
    names = sorted(map(str, tmp_path.iterdir()))
    lazy = make_pipeline(ReadImages(lazy=True), PrepareImages(size=8)).fit_transform(names)
    assert isinstance(lazy, RowView)
    assert (lazy.shape, lazy.dtype) == ((2, 3, 8, 8), np.float32)
    np.testing.assert_array_equal(lazy, PrepareImages(size=8).fit_transform(IMAGES))


def test_clones_and_feature_names():
    prepare = clone(PrepareImages(size=(8, 9), resize_to=(10, 11)))
    assert prepare.transform(IMAGES).shape == (2, 3, 8, 9)
    assert prepare.fit(IMAGES).get_feature_names_out().tolist() == ["x0", "x1", "x2"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size": 0}, "size must be a positive integer, or (height, width), got 0"),
        (
            {"resize_to": (8, 8, 8)},
            "resize_to must be a positive integer, or (height, width) or None",
        ),
        ({"resize_to": 100}, "resize_to must be at least size=224, got 100"),
        ({"resize": "pad"}, "resize must be one of 'crop', 'stretch', got 'pad'"),
        (
            {"resample": "cubic"},
            "resample must be one of 'bilinear', 'bicubic', 'box', 'lanczos', got",
        ),
        ({"std": 0}, "std must be a positive number, or one for each channel, got 0"),
        ({"mean": "imagenet"}, "mean must be a number, or one for each channel, got 'imagenet'"),
        ({"mean": [0.5, 0.5]}, "std must be 2 numbers, as mean has, got (0.229, 0.224, 0.225)"),
    ],
)
def test_other_parameters(given, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        PrepareImages(**given).fit(IMAGES)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (IMAGES[0], "got (3, 20, 30); give a single image as X[None], and gray images as"),
        (
            IMAGES[:, :1],
            "X must have 3 channels, as mean and std have, got images of shape "
            "(1, 20, 30); repeat gray images, np.repeat(X, 3, axis=1)",
        ),
        (IMAGES.transpose(0, 2, 3, 1), "got images of shape (20, 30, 3); "),
        (np.zeros((1, 4, 8, 8)), "leave out their transparency, X[:, :3]"),
        (np.zeros((0, 3, 8, 8)), "X must hold at least one image, got shape (0, 3, 8, 8)"),
        ([], "X must hold at least one image"),
        (IMAGES * 1.0, "X must hold floats from 0 to 1, got 0 to 255; give pixels from 0 to 255"),
        (np.full((1, 3, 8, 8), np.nan), "X must hold floats from 0 to 1, got nan to nan"),
        (IMAGES.astype("i4") * 256, "X must hold integers from 0 to 255, got 0 to 65280; divide"),
        (IMAGES.astype(str), "X must hold integers or floats, got <U3"),
        ([IMAGES[0], IMAGES[0, :1]], "X must have 3 channels, as mean and std have, got images of"),
    ],
)
def test_what_are_not_images(X, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        PrepareImages(size=8).fit_transform(X)

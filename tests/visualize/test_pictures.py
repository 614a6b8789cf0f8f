import base64
import io

import numpy as np
import pytest
from PIL import Image

from skconv.visualize.pictures import IGNORED, MAX_SIDE, PALETTE, class_picture, number_picture


def pixels(picture):
    data = picture.partition("base64,")[2].partition('"')[0]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_numbers_are_gray_and_three_channels_are_colors():
    image = np.array([[[0.0, 1.0]], [[1.0, 1.0]]])
    assert pixels(number_picture(image, 0, 1, "input")).tolist() == [[128, 255]]
    colors = np.array([[[0.0]], [[0.5]], [[2.0]]])
    assert pixels(number_picture(colors, 0, 1, "input")).tolist() == [[[0, 128, 255]]]
    assert pixels(number_picture(np.ones((2, 2)), 1, 1, "input")).max() == 0


def test_classes_have_colors_and_what_does_not_count_is_gray():
    labels, counts = np.array([["a", "b"]]), np.array([[True, False]])
    drawn = pixels(class_picture(labels, np.array(["a", "b"]), counts, "classes"))
    np.testing.assert_array_equal(drawn, [[PALETTE[0], IGNORED]])


@pytest.mark.parametrize("side", [MAX_SIDE, MAX_SIDE + 1, 1000])
def test_large_pictures_lose_pixels(side):
    assert max(pixels(number_picture(np.zeros((side, 4)), 0, 1, "input")).shape) <= MAX_SIDE


def test_no_two_classes_share_a_color():
    assert len(np.unique(PALETTE, axis=0)) == len(PALETTE)

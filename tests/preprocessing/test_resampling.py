import numpy as np
import pytest
from PIL import Image

from skconv.preprocessing.resampling import FILTERS, resample

IMAGE = np.random.default_rng(0).integers(0, 256, (41, 60, 3), np.uint8)


@pytest.mark.parametrize("method", FILTERS)
@pytest.mark.parametrize("size", [(20, 30), (100, 23), (41, 61), (60, 90), (41, 60)])
def test_results_are_those_of_pillow(method, size):
    filter = Image.Resampling[method.upper()]
    expected = np.asarray(Image.fromarray(IMAGE).resize(size[::-1], filter)).transpose(2, 0, 1)
    np.testing.assert_array_equal(resample(IMAGE.transpose(2, 0, 1), size, method), expected)
    part = slice(0, size[0] // 2 + 1), slice(size[1] // 3, None)
    found = resample(IMAGE.transpose(2, 0, 1), size, method, part)
    np.testing.assert_array_equal(found, expected[:, *part])


def test_floats_are_not_rounded():
    image = np.float32(IMAGE[..., 0] / 255)
    expected = Image.fromarray(image).resize((25, 33), Image.Resampling.BICUBIC)
    found = resample(image, (33, 25), "bicubic")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)

import base64
import io

import numpy as np
import pytest
from PIL import Image

from skconv.visualize.png import data_uri


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (1, 1)])
def test_pillow_reads_the_same_pixels(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    kind, _, data = data_uri(pixels).partition(",")
    assert kind == "data:image/png;base64"
    read = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    np.testing.assert_array_equal(read, pixels)
    assert data_uri(pixels[::-1][::-1]) == data_uri(pixels)

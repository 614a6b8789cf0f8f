import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import InputLayer


def test_data_pass():
    x = np.arange(12.0).reshape(2, 1, 2, 3)
    out, _ = InputLayer((None, 1, 2, 3)).apply({}, {}, x, ctx=None)
    np.testing.assert_array_equal(out, x)


@pytest.mark.parametrize("shape", [(None, 1, 28, 28), (128, 1, 28, 28), [None, 1, 28, 28]])
def test_the_size_of_the_batch_is_open(shape):
    assert InputLayer(shape).output_shape() == (None, 1, 28, 28)


def test_sizes_from_numpy_become_plain():
    shape = InputLayer((None, np.int64(4))).output_shape()
    assert shape == (None, 4)
    assert type(shape[1]) is int


@pytest.mark.parametrize("shape", [(None,), (), 5, (None, 0), (None, 4.0), (None, None), "abc"])
def test_shapes_that_cannot_be(shape):
    message = (
        r"^shape must be a batch size or None, then positive sizes, as in \(None, 1, 28, 28\), got "
    )
    with pytest.raises(LayerError, match=message):
        InputLayer(shape).output_shape()


def test_an_input_takes_no_incoming():
    with pytest.raises(TypeError, match="incoming"):
        InputLayer((None, 4), incoming="x")

import jax
import numpy as np
import pytest

from skconv.utils.aligned_arrays import LARGE, aligned_zeros, take_aligned


@pytest.mark.parametrize("rows", [0, 3, LARGE // 8 + 1])
def test_zeros_begin_where_the_cpu_takes_them_as_they_are(rows):
    array = aligned_zeros((rows, 2), np.float32)
    assert (array.shape, array.dtype) == ((rows, 2), np.float32)
    assert not array.any()
    array += 1
    device = jax.devices("cpu")[0]
    if rows:
        assert jax.device_put(array, device).unsafe_buffer_pointer() == array.ctypes.data


@pytest.mark.parametrize("shape", [(7,), (7, 3), (7, 2, 3)])
def test_rows_are_taken_in_any_order(shape):
    array, index = np.arange(np.prod(shape)).reshape(shape), np.array([6, 0, -2, 0, 3, -7])
    np.testing.assert_array_equal(take_aligned(array, index), array[index])

import tracemalloc

import numpy as np
import pytest
import torch

from skconv.utils.derived_arrays import DerivedArray, read_array


def test_shapes_come_without_values():
    class Late:
        shape, dtype = (3, 10**6, 10**6), np.dtype("f4")

        def __array__(self, dtype=None, copy=None):
            raise AssertionError

    tracemalloc.start()
    array = DerivedArray("W", [Late()], lambda x: x.reshape(len(x), -1).T)
    assert array.shape == (10**12, 3)
    assert tracemalloc.get_traced_memory()[1] < 1e5
    tracemalloc.stop()


def test_values_of_several_sources():
    array = DerivedArray("b", [np.arange(4), np.ones(4)], lambda x: x[:2], np.add)
    np.testing.assert_array_equal(array, [1, 2])
    assert array.shape == (2,)


def test_sources_of_several_shapes():
    with pytest.raises(ValueError, match=r"^b must come from arrays of one shape, got \[\(4,\)"):
        np.asarray(DerivedArray("b", [np.arange(4), np.ones(3)], combine=np.add))


def test_what_cannot_be_rearranged():
    assert (
        DerivedArray("W", [np.float32(1)], lambda x: x.reshape(len(x), -1)).shape_or_none() is None
    )


def test_unusual_types_are_named():
    array = DerivedArray("b", [np.ones(2), np.ones(2, "c8")], combine=np.add)
    assert (array.dtype, array.type_name) == (np.dtype("c8"), "complex64")


def test_tensors():
    half = torch.ones(2, dtype=torch.bfloat16, requires_grad=True)
    array = DerivedArray("b", [half])
    assert (array.type_name, np.asarray(array).dtype) == ("bfloat16", np.float32)
    with pytest.raises(ValueError, match=r"^b must hold values, got a tensor without: "):
        read_array("b", torch.ones(2, device="meta"))
    assert DerivedArray("b", [torch.empty(2, dtype=torch.bits8)]).dtype is None

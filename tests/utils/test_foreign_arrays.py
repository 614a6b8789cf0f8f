import numpy as np
import pytest

from skconv.utils.foreign_arrays import as_numpy, is_tensor


class Tensor:
    """A tensor as torch has them."""

    def __init__(self, values, error=None):
        self.values, self.error = values, error

    def __array__(self, dtype=None, copy=None):
        if self.error:
            raise self.error
        return np.array(self.values, dtype)

    def detach(self):
        return Tensor(self.values)


def test_tensors_become_arrays():
    np.testing.assert_array_equal(as_numpy("X", Tensor([[1, 2]])), [[1, 2]])
    assert as_numpy("X", 2.5).shape == ()
    assert is_tensor(Tensor([1]))
    assert not is_tensor(np.ones(1))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Can't call numpy() on Tensor that requires grad."),
        TypeError("Got unsupported ScalarType BFloat16"),
    ],
)
def test_what_torch_refuses_says_what_to_write(error):
    reason = str(error).rstrip(".").replace("(", r"\(").replace(")", r"\)")
    message = rf"y must be an array .* got Tensor: {reason}; give it as tensor\.detach\(\)"
    with pytest.raises(ValueError, match=message):
        as_numpy("y", Tensor([1], error))


def test_other_objects_say_their_type():
    with pytest.raises(
        ValueError, match="X must be an array that NumPy can read, got list: setting"
    ):
        as_numpy("X", [[1], [1, 2]])

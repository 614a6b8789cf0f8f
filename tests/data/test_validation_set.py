import numpy as np
import pytest

from skconv.data.iterators import BatchIterator

from .fits import Unfold, X, datasets, read, y


@pytest.mark.parametrize(("given", "missing"), [((None, y), "X_val"), ((X, None), "y_val")])
def test_both_parts_of_a_validation_set_are_needed(given, missing):
    message = f"^{missing} is missing; X_val and y_val must be given together$"
    with pytest.raises(ValueError, match=message):
        datasets(read(valid=given)[0])


def test_targets_for_validation_are_named():
    message = r"^validation set: y contains previously unseen labels: \['c'\]; known labels: "
    with pytest.raises(ValueError, match=message):
        datasets(read(valid=(X[:2], ["a", "c"]))[0])
    with pytest.raises(ValueError, match=r"^validation set: .*inconsistent.*\[2, 1\]$"):
        datasets(read(valid=(X[:2], ["a"]))[0])


def test_a_transform_in_training_needs_one_in_validation():
    data, _ = read(params={"batch_iterator_train": Unfold(4)})
    message = (
        r"^validation set: .*; batch_iterator_train has a transform, so batch_iterator_test needs "
        r"one that returns rows of the same shape$"
    )
    with pytest.raises(ValueError, match=message):
        datasets(data, inputs=(None, 1, 3, 3))


class Crop(BatchIterator):
    def transform(self, Xb, yb):
        return Xb[:, :, 1:3, 1:3], yb


def test_a_transform_brings_rows_of_another_size_to_that_of_the_network():
    images = np.arange(160.0).reshape(10, 1, 4, 4)
    params = {"batch_iterator_train": Crop(4), "batch_iterator_test": Crop(3)}
    data, _ = read(images, y, params=params, valid=(images[:5], y[:5]))
    _, _, valid = datasets(data, inputs=(None, 1, 2, 2))
    batches = [X["input"][weights > 0] for X, weights in valid.batches()]
    np.testing.assert_array_equal(np.concatenate(batches), images[:5, :, 1:3, 1:3])
    with pytest.raises(ValueError, match=r"^X_val: X must have shape \(n, 1, 2, 2\) for the input"):
        datasets(read(valid=(images[:5], y[:5]))[0], inputs=(None, 1, 2, 2))

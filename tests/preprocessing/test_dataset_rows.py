import re
import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skconv.preprocessing import DatasetRows
from skconv.utils.late_arrays import is_late

from .test_map_dataset import Dataset, Tensor, X, columns, pairs, y


@pytest.mark.parametrize(
    "dataset",
    [
        pairs(),
        Dataset(*X),
        Dataset(*((x,) for x in X)),
        Dataset(*map(Tensor, X)),
        Dataset(*({"image": x} for x in X)),
    ],
)
@pytest.mark.parametrize("workers", [1, 3])
def test_rows_are_those_of_the_dataset(dataset, workers):
    rows = DatasetRows(dataset, workers=workers)
    assert (rows.shape, rows.dtype, rows.ndim, len(rows)) == (X.shape, X.dtype, 3, 6)
    for index in (slice(None), slice(1, 5, 2), [4, 0, 4], np.array([5]), np.arange(6) % 2 == 0):
        assert_array_equal(rows[index], X[index])
    assert_array_equal(rows[-1], X[-1])
    assert is_late(rows)


def test_targets_are_those_of_the_dataset():
    assert DatasetRows(pairs()).targets().tolist() == y.tolist()
    assert DatasetRows(Dataset(*X)).targets() is None
    named = Dataset(*({"x": x, "kind": str(k)} for x, k in zip(X, y, strict=True)))
    rows = DatasetRows(named, "kind")
    assert rows.targets().tolist() == y.astype(str).tolist()
    assert_array_equal(rows[:], X)
    two = Dataset(*((x, (k, 2.0 * k)) for x, k in zip(X, y, strict=True)))
    first, second = DatasetRows(two).targets()
    assert (first.tolist(), second.tolist()) == (y.tolist(), (2.0 * y).tolist())


def test_only_the_rows_wanted_are_asked_for():
    dataset = pairs()
    rows = DatasetRows(dataset)
    dataset.asked.clear()
    rows[[1, 4]]
    assert dataset.asked == [1, 4]


def test_workers_ask_at_the_same_time():
    class Slow(Dataset):
        most = now = 0
        lock = threading.Lock()

        def __getitem__(self, index):
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(0.02)
            with self.lock:
                self.now -= 1
            return super().__getitem__(index)

    dataset = Slow(*X)
    assert_array_equal(DatasetRows(dataset, workers=2)[:], X)
    assert dataset.most == 2


class Endless:
    def __getitem__(self, index):
        return X[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DatasetRows(Endless()), "dataset must have a length of at least 1, got none"),
        (lambda: DatasetRows(Dataset()), "dataset must have a length of at least 1, got 0"),
        (lambda: DatasetRows(pairs(), workers=0), "workers must be a positive integer, got 0"),
        (lambda: DatasetRows(columns(), "kind"), "a single input in each row, got image, size"),
        (lambda: DatasetRows(Dataset(((1, 2), 3))), "a single input in each row, got 2 of them"),
        (lambda: DatasetRows(Dataset(X[0], X[1, :1]))[:], "shape (1, 3) in row 1; convert"),
        (lambda: DatasetRows(Dataset(X[0], y[:3]))[:], "float32 of shape (2, 3) in row 0 and int"),
        (lambda: DatasetRows(Dataset(X[0], length=2))[:], "says, 2, but X[1] raises IndexError"),
    ],
)
def test_what_a_dataset_lacks_is_named(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()

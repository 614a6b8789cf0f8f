import numpy as np
import pytest

from skconv.data.dataset import Dataset
from skconv.data.iterators import BatchIterator
from skconv.data.rows import Inputs, Rows

X = np.arange(40, dtype=np.float32).reshape(10, 4)


class Unfold(BatchIterator):
    """Turn flat rows into images."""

    def transform(self, Xb, yb):
        return Xb.reshape(-1, 1, 2, 2), yb


def dataset(iterator=4, **given):
    iterator = BatchIterator(iterator) if isinstance(iterator, int) else iterator
    return Dataset(
        **{
            "rows": Rows({"input": X}, {"input": (4,)}),
            "y": np.arange(10),
            "weights": None,
            "iterator": iterator,
            **given,
        }
    )


def test_steps_count_a_last_batch_that_is_not_full():
    assert [dataset(size).steps for size in (1, 4, 5, 10, 16)] == [10, 3, 2, 1, 1]


def test_a_subset_has_the_targets_and_weights_of_its_rows():
    whole = dataset(weights=np.linspace(0, 1, 10), y=(np.arange(10), -np.arange(10)))
    some = whole.subset(np.array([7, 2])).subset(np.array([1]))
    assert whole.index.tolist() == list(range(10))
    assert some.index.tolist() == [2]
    assert [part.tolist() for part in some.y] == [[2], [-2]]
    assert some.weights.tolist() == [pytest.approx(2 / 9)]
    assert some.rows.take(slice(None))["input"].tolist() == [X[2].tolist()]


def test_rows_are_arranged_at_once_or_after_the_transform():
    shape = Inputs({"input": (None, 1, 2, 2)})
    plain, transformed = (dataset(kind).arranged(shape) for kind in (4, Unfold(4)))
    assert plain.rows.take(slice(2))["input"].shape == (2, 1, 2, 2)
    assert transformed.rows.take(slice(2))["input"].shape == (2, 4)
    for arranged in (plain, transformed):
        batch_X, batch_y = arranged.batch_shapes()
        assert batch_X["input"].shape == (4, 1, 2, 2)
        assert batch_y.shape == (4,)

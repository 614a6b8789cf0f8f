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


@pytest.mark.parametrize("by_row", [None, np.linspace(0.5, 2, 10)])
@pytest.mark.parametrize("by_target", [None, np.linspace(1, 3, 30).reshape(10, 3)])
@pytest.mark.parametrize("holes", [False, True])
def test_the_scale_of_y_is_that_of_the_targets_by_their_weights(by_row, by_target, holes):
    y = np.random.default_rng(0).normal(3, 2, size=(10, 3))
    if holes:
        y[::3, 0] = y[5, 2] = np.nan
    own = None if by_target is None else (by_target,)
    mean, scale = dataset(y=y, weights=by_row, target_weights=own).target_scale(0)
    weights = np.ones((10, 3))
    weights *= 1 if by_row is None else by_row[:, None]
    weights *= 1 if by_target is None else by_target
    for i in range(3):
        known = ~np.isnan(y[:, i])
        values, w = y[known, i], weights[known, i]
        expected = np.average(values, weights=w)
        assert mean[i] == pytest.approx(expected, rel=1e-6)
        deviation = np.sqrt(np.average((values - expected) ** 2, weights=w))
        assert scale[i] == pytest.approx(deviation, rel=1e-6)

from dataclasses import replace

import numpy as np
import pytest

from skconv.data.dataset import Dataset
from skconv.data.iterators import BatchIterator
from skconv.data.ragged_rows import RaggedRows
from skconv.data.rows import Inputs, Rows
from skconv.targets.ragged_array import RaggedArray, read_rows

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


def ragged(**given):
    """Return a dataset of rows of two shapes, whose targets are their positions."""
    places = np.array([4, 1, 0]), np.array([2, 3])
    groups = [
        Rows({"input": X[at, :n]}, {"input": (n,)}) for at, n in zip(places, (2, 3), strict=True)
    ]
    y = RaggedArray(
        tuple(np.repeat(at[:, None], n, 1) for at, n in zip(places, (1, 2), strict=True)), places
    )
    own = {"rows": RaggedRows.of(groups, places), "y": y, "weights": np.arange(5.0)}
    return dataset(2, **own | given)


def test_rows_of_several_shapes_have_batches_weights_and_targets_of_their_own():
    whole = ragged(target_weights=(read_rows([[1.0], [2.0], [3.0, 4.0], [5.0, 6.0], [7.0]]),))
    assert whole.steps == 2 + 1
    (first, small), (second, large) = whole.parts()
    assert (first.tolist(), second.tolist()) == ([4, 1, 0], [2, 3])
    assert (small.y.tolist(), large.y.tolist()) == ([[4], [1], [0]], [[2, 2], [3, 3]])
    assert (small.weights.tolist(), large.weights.tolist()) == ([4, 1, 0], [2, 3])
    assert small.target_weights[0].tolist() == [[7], [2], [1]]
    assert large.target_weights[0].tolist() == [[3, 4], [5, 6]]
    batches = [(batch["input"], weights) for batch, weights in whole.batches()]
    for (batch, weights), at, n in zip(batches, (first, second), (2, 3), strict=True):
        np.testing.assert_array_equal(batch, X[at, :n])
        np.testing.assert_array_equal(weights, at)
    assert ragged().subset(np.array([3, 0])).y.rows().tolist()[0].tolist() == [3, 3]


@pytest.mark.parametrize("iterator", [4, Unfold(4)])
@pytest.mark.parametrize("weights", [None, np.linspace(1, 2, 10, dtype=np.float32)])
def test_batches_have_all_rows_with_their_weights(iterator, weights):
    own = dataset(iterator, weights=weights).arranged(Inputs({"input": (None, 1, 2, 2)}))
    batches = list(own.batches())
    found = np.concatenate([batch["input"] for batch, _ in batches]).reshape(-1, 4)
    counted = np.concatenate([weights for _, weights in batches])
    np.testing.assert_array_equal(found[counted > 0], X)
    np.testing.assert_array_equal(counted[counted > 0], np.ones(10) if weights is None else weights)


def test_factors_multiply_the_weights_of_rows_or_targets():
    factors, own = np.arange(10.0), np.linspace(1, 2, 10)
    assert dataset().weighted(factors).weights.tolist() == factors.tolist()
    np.testing.assert_allclose(dataset(weights=own).weighted(factors).weights, factors * own)
    grid, given = np.arange(30.0).reshape(10, 3), np.linspace(1, 2, 30).reshape(10, 3)
    whole = dataset(y=np.zeros((10, 3)), weights=own)
    (found,) = whole.weighted(grid).target_weights
    assert (found.tolist(), found.dtype) == (grid.tolist(), np.float32)
    both = replace(whole, target_weights=(given,)).weighted(grid)
    np.testing.assert_allclose(both.target_weights[0], grid * given, rtol=1e-6)
    assert both.weights is own
    factors = read_rows([[1.0], [2.0], [3.0, 4.0], [5.0, 6.0], [7.0]]).grouped(ragged().y.positions)
    for given in ({}, {"target_weights": (factors,)}):
        (found,) = ragged(**given).weighted(factors).target_weights
        power = 2 if given else 1
        assert [row.tolist() for row in found.rows()] == [
            [value**power for value in row] for row in ([1], [2], [3, 4], [5, 6], [7])
        ]


@pytest.mark.parametrize("holes", [[False, False], [True, False], [True, True]])
@pytest.mark.parametrize("weighs", [(1, 1, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 0, 0)])
def test_some_target_must_count(holes, weighs):
    """The weights are those of the rows, and of the targets of each output."""
    rows, first, second = (np.full(3, weight, np.float32) for weight in weighs)
    y = np.full(3, -1, np.int32), np.array([np.nan, 1.0, np.nan], np.float32)
    whole = dataset(y=y, weights=rows, target_weights=(first, second))
    whole = replace(whole, rows=Rows({"input": X[:3]}, {"input": (4,)}))
    known = [not holes[0], True]
    counted = [
        weighs[0] and weight and some for weight, some in zip(weighs[1:], known, strict=True)
    ]
    assert whole.counts(holes) == any(counted)
    only = replace(whole, weights=rows * [1, 0, 1])
    known = [not holes[0], not holes[1]]
    counted = [
        weighs[0] and weight and some for weight, some in zip(weighs[1:], known, strict=True)
    ]
    assert only.counts(holes) == any(counted)

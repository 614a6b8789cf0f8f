import copy

import numpy as np
import pytest

from skconv.data.iterators import BatchIterator
from skconv.estimator.by_shape import by_shape


class Counting:
    """Has one method, which tells the shapes that it sees."""

    def __init__(self, free=True, batch_iterator_test=128):
        self._model = type("Model", (), {"network": type("Network", (), {"free": free})})
        self.batch_iterator_test = batch_iterator_test
        self.seen = []

    @by_shape
    def call(self, factor, X, add=0):
        size = self.batch_iterator_test
        self.seen.append((np.shape(X), getattr(size, "batch_size", size)))
        return factor * np.sum(X, axis=1) + add


X = [[1, 2], [3], [4, 5], [6, 7]]


def test_the_method_is_called_for_each_shape():
    net = Counting()
    assert net.call(2, X, add=1).tolist() == [7, 7, 19, 27]
    assert net.call(factor=2, X=X).tolist() == [6, 6, 18, 26]
    assert net.seen[:2] == [((1, 1), 4), ((3, 2), 4)]
    assert net.batch_iterator_test == 128


@pytest.mark.parametrize("size", [2, BatchIterator(2)])
def test_small_batches_stay(size):
    net = Counting(batch_iterator_test=size)
    net.call(1, X)
    assert {n for _, n in net.seen} == {2}


def test_rows_of_one_shape_and_nets_of_one_size_take_one_call():
    net = Counting()
    assert net.call(1, X[::2]).tolist() == [3, 9]
    fixed = copy.copy(Counting(free=False))
    with pytest.raises(ValueError, match="inhomogeneous"):
        fixed.call(1, X)
    assert net.seen == [((2, 2), 128)]

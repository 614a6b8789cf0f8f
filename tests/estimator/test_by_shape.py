import copy
from types import SimpleNamespace

import numpy as np
import pytest

from skconv.estimator.by_shape import by_shape


class Counting:
    """Has one method, which tells the shapes that it sees."""

    def __init__(self, free=True, inputs=("input",)):
        network = SimpleNamespace(free=free, inputs=dict.fromkeys(inputs))
        self._model = SimpleNamespace(network=network)
        self.seen = []

    @by_shape
    def call(self, factor, X, add=0):
        self.seen.append(np.shape(X))
        return factor * np.sum(X, axis=1) + add


X = [[1, 2], [3], [4, 5], [6, 7]]


def test_the_method_is_called_for_each_shape():
    net = Counting()
    assert net.call(2, X, add=1).tolist() == [7, 7, 19, 27]
    assert net.call(factor=2, X=X).tolist() == [6, 6, 18, 26]
    assert net.seen[:2] == [(1, 1), (3, 2)]


def test_rows_of_one_shape_and_nets_of_one_size_take_one_call():
    net = Counting()
    assert net.call(1, X[::2]).tolist() == [3, 9]
    fixed = copy.copy(Counting(free=False))
    with pytest.raises(ValueError, match="inhomogeneous"):
        fixed.call(1, X)
    assert net.seen == [(2, 2)]


def test_a_list_of_inputs_is_not_a_list_of_rows():
    class Both(Counting):
        @by_shape
        def both(self, X):
            self.seen.append({name: np.shape(values) for name, values in X.items()})
            return np.sum(X["left"], axis=1) + X["right"][:, 0]

    net = Both(inputs=("left", "right"))
    assert net.both([X, np.array([[10], [20], [30], [40]])]).tolist() == [13, 23, 39, 53]
    assert net.seen == [{"left": (1, 1), "right": (1, 1)}, {"left": (3, 2), "right": (3, 1)}]

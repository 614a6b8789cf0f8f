import re

import numpy as np
import pytest
from scipy import sparse

from skconv.nonlinearities import sigmoid
from skconv.objectives import binary_crossentropy
from skconv.targets.inference import infer
from skconv.targets.labels import Labels


def raises(message, kind=ValueError):
    return pytest.raises(kind, match=re.escape(message))


def test_indicators_are_labels():
    y = [[0, 1, 1], [1, 0, 1]]
    targets = infer(y, regression=False)
    assert targets == Labels(3)
    assert (targets.loss, targets.nonlinearity) == (binary_crossentropy, sigmoid)
    assert targets.classes.tolist() == [0, 1, 2]
    assert targets.match((None, 3)) is targets
    assert targets.encode(y).dtype == np.float32
    np.testing.assert_array_equal(targets.encode(y), y)
    output = np.array([[0.2, 0.5, 0.7]])
    assert targets.by_class(output) is output
    assert targets.decode(output).tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array, sparse.lil_matrix])
def test_indicators_may_be_sparse(kind):
    y = np.array([[0, 1, 1], [1, 0, 1]])
    targets = infer(kind(y), regression=False)
    np.testing.assert_array_equal(targets.encode(kind(y)), y)


def test_labels_refuse_another_number_of_columns():
    with raises("the output has shape (None, 2), but y has 3 labels per row"):
        Labels(3).match((None, 2))
    with raises("y must have 3 labels per row, got 2"):
        Labels(3).encode([[0, 1]])

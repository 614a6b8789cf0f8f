import warnings

import numpy as np
import pytest

from skconv.nonlinearities import sigmoid, softmax
from skconv.targets.classes import Classes
from skconv.targets.labels import Labels


@pytest.mark.parametrize(
    ("targets", "nonlinearity", "logits", "expected"),
    [
        (Classes(np.arange(3)), softmax, [[0, -800, 1000]], [[-1000, -1800, 0]]),
        (Classes(np.arange(2), single=True), sigmoid, [[-900], [0]], [[0, -900], [-np.log(2)] * 2]),
        (Labels(2), sigmoid, [[900, -900]], [[0, -900]]),
    ],
)
def test_logarithms_of_probabilities_do_not_underflow(targets, nonlinearity, logits, expected):
    found = targets.log_probabilities(np.array(logits, np.float32), nonlinearity)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.float32(expected), rtol=1e-6)


def test_logarithms_of_an_output_may_be_infinite():
    output = np.array([[0.0, 0.25]], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Labels(2).log_probabilities(output, None)
        single = Classes(np.arange(2), single=True).log_probabilities(output[:, 1:], None)
    np.testing.assert_allclose(found, [[-np.inf, np.log(0.25)]], rtol=1e-6)
    np.testing.assert_allclose(single, np.log([[0.75, 0.25]]), rtol=1e-6)

import numpy as np
import pytest

from skconv.models.onnx.constants import fold
from skconv.models.onnx.messages import OnnxNode


def test_shapes_with_the_batch():
    shape = np.array([None, 3, 4], object)
    batch = fold(OnnxNode("Slice"), [shape, np.array([0]), np.array([1])])
    assert fold(OnnxNode("Concat"), [batch, np.array([-1])]).tolist() == [None, -1]
    assert fold(OnnxNode("Cast", attributes={"to": 7}), [shape]).tolist() == [None, 3, 4]


def test_arithmetic():
    assert fold(OnnxNode("Div"), [np.array(7), np.array(2)]) == 3
    assert fold(OnnxNode("Constant", attributes={"value_float": 2.5}), []) == 2.5


@pytest.mark.parametrize(
    ("op", "values", "message"),
    [
        ("Relu", [np.ones(2)], "it must be computed from the inputs"),
        ("Add", [np.ones(2), np.ones(3)], "shapes"),
        ("Gather", [np.ones(2), np.array(5)], "its constants do not fit"),
        ("Add", [np.ones((600, 1)), np.ones((1, 600))], "at most 1,000 values"),
    ],
)
def test_what_cannot_be_computed(op, values, message):
    with pytest.raises(ValueError, match=message):
        fold(OnnxNode(op), values)

import re

import numpy as np
import pytest

from skconv.models import from_onnx

rng = np.random.default_rng(0)
X = (4, 7, 6)


def weights(*shape):
    return rng.normal(size=shape).astype("float32")


@pytest.mark.parametrize(
    ("shape", "given", "filters"),
    [
        (X, {"strides": [2, 1], "pads": [1, 1, 1, 1]}, (6, 4, 3, 3)),
        (X, {"group": 2, "dilations": [1, 2]}, (6, 2, 3, 3)),
        (X, {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, (2, 4, 3, 3)),
        (X, {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, (2, 4, 2, 3)),
        (X, {"pads": [0, 1, 2, 0]}, (2, 4, 3, 3)),
        ((4, 7), {"auto_pad": "VALID"}, (2, 4, 3)),
    ],
)
def test_convolutions(same, shape, given, filters):
    arrays, inputs = {"W": weights(*filters)}, "X,W"
    if "group" in given:
        arrays["b"], inputs = weights(filters[0]), "X,W,b"
    same(shape, [("Conv", inputs, "Y", given)], arrays)


@pytest.mark.parametrize(
    ("given", "filters"),
    [
        ({"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 0]}, (4, 3, 3, 3)),
        ({"group": 2}, (4, 3, 2, 2)),
    ],
)
def test_transposed_convolutions(same, given, filters):
    same(X, [("ConvTranspose", "X,W", "Y", given)], {"W": weights(*filters)})


@pytest.mark.parametrize(
    ("op", "given"),
    [
        ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
        ("MaxPool", {"kernel_shape": [3, 2], "pads": [1, 0, 0, 0]}),
        ("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
        ("AveragePool", {"kernel_shape": [2, 2], "pads": [1, 1, 0, 0], "count_include_pad": 1}),
    ],
)
def test_poolings(same, op, given):
    same(X, [(op, "X", "Y", given)])


def test_products(same):
    arrays = {"W": weights(5, 4), "b": weights(5), "V": weights(5, 3), "c": weights(3)}
    gemm = ("Gemm", "X,W,b", "h", {"transB": 1, "alpha": 0.5})
    nodes = [gemm, ("MatMul", "h,V", "p", {}), ("Add", "c,p", "Y", {})]
    assert same((4,), nodes, arrays) == ["DenseLayer", "DenseLayer"]
    assert same((6, 5), [("MatMul", "X,V", "Y", {})], arrays) == ["DenseLayer"]


def test_whole_images_and_neighbors(same):
    flat = ("Flatten", "p", "Y", {})
    assert same(X, [("GlobalMaxPool", "X", "p", {}), flat], rank=2) == ["GlobalPoolLayer"]
    mean = ("ReduceMean", "X,axes", "Y", {"keepdims": 0})
    assert same(X, [mean], {"axes": np.array([2, 3])}, rank=2) == ["GlobalPoolLayer"]
    same(X, [("LRN", "X", "Y", {"size": 3, "alpha": 0.2})])
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    scales = np.array([1, 1, 2, 3], "float32")
    same(X, [("Resize", "X,,s", "Y", how)], {"s": scales})


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (("Conv", "X,W", "Y", {}), "filters of shape (2, 3, 3, 3) must fit an input of shape"),
        (("ConvTranspose", "X,V", "Y", {"dilations": [2, 2]}), "dilations must be 1"),
        (("MaxPool", "X", "Y", {"kernel_shape": [2, 2], "dilations": [2, 2]}), "dilations must be"),
        (("MatMul", "X,M", "Y", {}), "weights of shape (5, 3) must fit an input of shape"),
    ],
)
def test_what_has_no_layer(write, node, message):
    arrays = {"W": weights(2, 3, 3, 3), "V": weights(4, 2, 2, 2), "M": weights(5, 3)}
    path = write(X, [node], arrays)
    with pytest.raises(ValueError, match=re.escape(f"net.onnx: node '{node[0]}' ({node[0]})")) as e:
        from_onnx(path)
    assert message in str(e.value)

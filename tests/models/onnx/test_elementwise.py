import re

import numpy as np
import pytest

from skconv.models import from_onnx

X = (4, 5, 3)
rng = np.random.default_rng(0)


def weights(*shape):
    return rng.uniform(0.5, 1.5, shape).astype("float32")


FUNCTIONS = [
    *(("Relu", {}), ("LeakyRelu", {"alpha": 0.2}), ("Sigmoid", {}), ("Tanh", {}), ("Elu", {})),
    *(("Elu", {"alpha": 0.5}), ("Selu", {}), ("Gelu", {}), ("Gelu", {"approximate": "tanh"})),
    *(("HardSwish", {}), ("Softplus", {}), ("Softmax", {"axis": 1}), ("Neg", {})),
    ("Exp", {}),
]


def test_nonlinearities(same):
    values = [f"v{i}" for i in range(len(FUNCTIONS))]
    nodes = [
        (op, before, after, given)
        for (op, given), before, after in zip(
            FUNCTIONS, ["X", *values], [*values[:-1], "Y"], strict=False
        )
    ]
    assert same(X, nodes) == ["NonlinearityLayer"] * len(nodes)


def test_bounds(same):
    bounds = {"low": np.float32(0), "high": np.float32(6)}
    same(X, [("Clip", "X,low,high", "Y", {})], bounds)


@pytest.mark.parametrize(
    ("op", "shape", "layer"),
    [
        ("Add", (), "NonlinearityLayer"),
        ("Sub", (4, 1, 1), "BiasLayer"),
        ("Mul", (1, 4, 1, 1), "ScaleLayer"),
        ("Div", (5, 3), "ScaleLayer"),
        ("Pow", (), "NonlinearityLayer"),
        ("PRelu", (4, 1, 1), "ParametricRectifierLayer"),
    ],
)
def test_constants(same, op, shape, layer):
    nodes = [("Sigmoid", "X", "s", {}), (op, "s,c", "Y", {})]
    assert same(X, nodes, {"c": weights(*shape)})[1:] == [layer]


def test_a_constant_less_a_value(same):
    same(X, [("Sub", "c,X", "Y", {})], {"c": np.float32(1)})


def test_merges_and_positions_of_size_one(same):
    gate = [("GlobalAveragePool", "X", "p", {}), ("Sigmoid", "p", "s", {})]
    same(X, [*gate, ("Mul", "X,s", "m", {}), ("Max", "m,X", "n", {}), ("Sub", "n,X", "Y", {})])


def test_normalizations(same):
    arrays = {name: weights(4) for name in ("g", "b", "m", "v")}
    arrays |= {"g3": weights(3), "b3": weights(3)}
    nodes = [
        ("BatchNormalization", "X,g,b,m,v", "n", {"epsilon": 0.01}),
        ("Dropout", "n", "d", {}),
        ("InstanceNormalization", "d,g,b", "i", {}),
        ("LayerNormalization", "i,g3,b3", "Y", {}),
    ]
    assert "DropoutLayer" in same(X, nodes, arrays)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (("Clip", "X,c,c", "Y", {}), "min and max must be 0 and 6, got 2.0 and 2.0"),
        (("Softmax", "X", "Y", {}), "axis must be 1, the channels, got -1"),
        (("Div", "c,X", "Y", {}), "a constant must be added, subtracted, or a factor or divisor"),
        (("Add", "X,w", "Y", {}), "a constant of shape (7,) must fit an input of shape"),
    ],
)
def test_what_has_no_layer(write, node, message):
    path = write(X, [node], {"c": np.float32(2), "w": weights(7)})
    with pytest.raises(ValueError, match=re.escape(message)):
        from_onnx(path)

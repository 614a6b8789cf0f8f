import pytest

from skconv.layers import (
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    DenseLayer,
    DepthwiseConv2DLayer,
    DilatedConv2DLayer,
    NINLayer,
    SeparableConv2DLayer,
    SqueezeExciteLayer,
    TransposedConv2DLayer,
    TransposedConv3DLayer,
)
from skconv.models.lenet import TableConv2DLayer
from skconv.nonlinearities import silu, softmax

IMAGES = (4, 9, 8)
FOUR = {"num_filters": 4, "filter_size": 3}


@pytest.mark.parametrize(
    ("shape", "layer", "fields", "operators"),
    [
        ((4, 9), Conv1DLayer, FOUR | {"stride": 2, "pad": "same"}, ["Conv"]),
        (IMAGES, Conv2DLayer, FOUR | {"num_groups": 2, "dilation": (1, 2)}, ["Conv"]),
        (IMAGES, Conv2DLayer, FOUR | {"pad": "same_upper", "stride": 2, "b": None}, None),
        (IMAGES, Conv2DLayer, FOUR | {"pad": "full", "untie_biases": True}, None),
        (IMAGES, Conv2DLayer, FOUR | {"flip_filters": True, "nonlinearity": softmax}, None),
        ((2, 5, 5, 5), Conv3DLayer, FOUR, ["Conv"]),
        (IMAGES, DilatedConv2DLayer, FOUR | {"dilation": 2, "num_filters": 3}, ["Conv"]),
        (IMAGES, DepthwiseConv2DLayer, {"filter_size": 3, "depth_multiplier": 2}, None),
        (IMAGES, SeparableConv2DLayer, FOUR | {"num_filters": 3}, ["Conv", "Conv"]),
        (IMAGES, TableConv2DLayer, FOUR | {"table": ((0,), (1, 2), (3,), (0, 1, 2, 3))}, None),
        (IMAGES, TransposedConv2DLayer, FOUR | {"stride": 2, "crop": 1}, None),
        (IMAGES, TransposedConv2DLayer, FOUR | {"num_groups": 2, "flip_filters": False}, None),
        (IMAGES, TransposedConv2DLayer, FOUR | {"stride": 3, "output_size": (29, 26)}, None),
        ((2, 3, 3, 3), TransposedConv3DLayer, FOUR | {"stride": 2, "untie_biases": True}, None),
        (IMAGES, DenseLayer, {"num_units": 5}, ["Reshape", "Gemm"]),
        ((6,), DenseLayer, {"num_units": 5, "b": None}, ["Gemm"]),
        ((7, 4), DenseLayer, {"num_units": 5, "num_leading_axes": 2}, ["MatMul", "Add"]),
        (IMAGES, DenseLayer, {"num_units": 5, "num_leading_axes": 2}, None),
        ((7, 4), DenseLayer, {"num_units": 5, "num_leading_axes": -1}, None),
        (IMAGES, NINLayer, {"num_units": 5, "untie_biases": True}, None),
        (IMAGES, NINLayer, {"num_units": 5}, ["Conv"]),
        (IMAGES, SqueezeExciteLayer, {"ratio": 2, "nonlinearity1": silu, "b2": None}, None),
    ],
)
def test_outputs_and_operators(same, shape, layer, fields, operators):
    made = same(shape, (layer, fields))
    assert made[-1] == "Identity"
    assert operators is None or made[:-1] == operators

import pytest

from skconv.layers import (
    BatchNormLayer,
    GroupNormLayer,
    InstanceNormLayer,
    LayerNormLayer,
    NormalizationLayer,
    StandardizationLayer,
)

IMAGES = (4, 5, 3)


@pytest.mark.parametrize(
    ("shape", "layer", "fields", "operator"),
    [
        (IMAGES, BatchNormLayer, {}, "BatchNormalization"),
        ((6,), BatchNormLayer, {"beta": None, "gamma": None}, "BatchNormalization"),
        (IMAGES, BatchNormLayer, {"epsilon": 0.9}, "BatchNormalization"),
        (IMAGES, BatchNormLayer, {"axes": 0}, "Mul"),
        (IMAGES, NormalizationLayer, {}, "Div"),
        ((6,), NormalizationLayer, {}, "Div"),
        (IMAGES, StandardizationLayer, {}, "Sqrt"),
        (IMAGES, StandardizationLayer, {"axes": "features"}, "Sqrt"),
        (IMAGES, GroupNormLayer, {"num_groups": 2}, "InstanceNormalization"),
        (IMAGES, InstanceNormLayer, {"beta": None}, "InstanceNormalization"),
        (IMAGES, LayerNormLayer, {}, "Sqrt"),
        (IMAGES, LayerNormLayer, {"axes": 1}, "LayerNormalization"),
        (IMAGES, LayerNormLayer, {"axes": (2, 3)}, "Sqrt"),
        ((6, 4), LayerNormLayer, {"axes": -1}, "LayerNormalization"),
        ((6,), LayerNormLayer, {"axes": -1, "beta": None, "gamma": None}, "LayerNormalization"),
    ],
)
def test_outputs_and_operators(same, shape, layer, fields, operator):
    assert operator in same(shape, (layer, fields))

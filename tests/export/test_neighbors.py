import jax.numpy as jnp
import pytest

from skconv.layers import (
    GlobalPoolLayer,
    LocalResponseNormalization2DLayer,
    MaxPool1DLayer,
    MaxPool2DLayer,
    Pool2DLayer,
    Pool3DLayer,
    Upscale1DLayer,
    Upscale2DLayer,
)

IMAGES = (4, 9, 8)
THREE = {"pool_size": 3, "stride": 2, "pad": 1}
LEFT = THREE | {"ignore_border": False}


@pytest.mark.parametrize(
    ("shape", "layer", "fields", "operator"),
    [
        ((4, 9), MaxPool1DLayer, {"pool_size": 2}, "MaxPool"),
        (IMAGES, MaxPool2DLayer, THREE, "MaxPool"),
        (IMAGES, MaxPool2DLayer, LEFT, "MaxPool"),
        (IMAGES, Pool2DLayer, THREE | {"mode": "max"}, "MaxPool"),
        (IMAGES, Pool2DLayer, LEFT | {"mode": "average_exc_pad"}, "AveragePool"),
        (IMAGES, Pool2DLayer, LEFT | {"mode": "average_inc_pad"}, "AveragePool"),
        (IMAGES, Pool2DLayer, THREE | {"mode": "average"}, "AveragePool"),
        ((2, 4, 4, 4), Pool3DLayer, {"pool_size": 2, "mode": "average"}, "AveragePool"),
        (IMAGES, GlobalPoolLayer, {}, "GlobalAveragePool"),
        ((4, 9), GlobalPoolLayer, {"pool_function": jnp.max}, "GlobalMaxPool"),
        (IMAGES, Upscale2DLayer, {"scale_factor": (2, 3)}, "Resize"),
        ((4, 9), Upscale1DLayer, {"scale_factor": 3}, "Resize"),
        (IMAGES, LocalResponseNormalization2DLayer, {"n": 3, "alpha": 0.1}, "LRN"),
    ],
)
def test_outputs_and_operators(same, shape, layer, fields, operator):
    assert operator in same(shape, (layer, fields))

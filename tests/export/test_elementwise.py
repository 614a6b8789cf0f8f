import jax.numpy as jnp
import pytest

from skconv.layers import (
    BiasLayer,
    DropoutLayer,
    ElemwiseMergeLayer,
    ElemwiseSumLayer,
    GaussianNoiseLayer,
    NonlinearityLayer,
    ParametricRectifierLayer,
    RandomizedRectifierLayer,
    ScaleLayer,
)

IMAGES = (4, 5, 3)
BOTH = {"incomings": ["input", "layer0"]}


@pytest.mark.parametrize(
    ("layer", "fields"),
    [
        (BiasLayer, {}),
        (BiasLayer, {"b": None}),
        (BiasLayer, {"shared_axes": 0}),
        (ScaleLayer, {"shared_axes": (0, 1, 3)}),
        (ParametricRectifierLayer, {}),
        (RandomizedRectifierLayer, {"lower": 0.1}),
        (DropoutLayer, {"p": 0.5}),
        (GaussianNoiseLayer, {}),
        (NonlinearityLayer, {"nonlinearity": None}),
    ],
)
def test_single_inputs(same, layer, fields):
    same(IMAGES, (layer, fields))


@pytest.mark.parametrize(
    ("layer", "fields"),
    [
        (ElemwiseSumLayer, {"coeffs": (1.0, -0.5)}),
        (ElemwiseMergeLayer, {"merge_function": jnp.multiply}),
        (ElemwiseMergeLayer, {"merge_function": jnp.maximum}),
    ],
)
def test_several_inputs(same, layer, fields):
    same(IMAGES, (ScaleLayer, {}), (layer, BOTH | fields))

"""What layers cannot be made of is refused when the network is built, and the layer named."""

import dataclasses
import re

import jax.numpy as jnp
import numpy as np
import pytest

from skconv import NeuralNet, layers
from skconv.init import Constant, Normal
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.nonlinearities import LeakyRectify
from skconv.utils.checks import flag
from skconv.utils.fields import kind_of

from .test_contract import EXAMPLES, feeding

NONSENSE = [object(), "nonsense", float("nan"), {}, True]
"""What no field can be, but for True, which flags can."""

SIZE = "a positive integer"
EACH = f"{SIZE}, or one per axis"
LEADING = f"{SIZE}, or a negative one to count the other axes"
CROP = "'valid', 'same', 'full', or a non-negative integer, or one per axis"
PAD = CROP.replace("'full'", "'same_upper', 'full'")
INIT = "must be an initializer, a number, an array or the name of a layer, got"
FLAG = "True or False"
IMAGE, SEQUENCE, VOLUME, TABLE = (None, 4, 6, 6), (None, 4, 6), (None, 4, 6, 4, 4), (None, 4)


def build_layer(name, fields, *shapes):
    """Build a network of one layer, of which test_contract.py knows how it can be made."""
    valid, *usual = EXAMPLES[name]
    cls, fields = getattr(layers, name), {**valid, **fields, "name": "own"}
    if name == "InputLayer":
        return build_network(read_layers([(cls, fields)]), {})
    others, fed = feeding(cls(**valid), shapes or usual)
    return build_network(read_layers([*others, (cls, {**fields, **fed})]), {})


def refused(message):
    return pytest.raises(ValueError, match=message)


def of_layer(name, essence):
    return rf"^layer 'own' \({name}\):? .*{re.escape(essence)}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_field_takes_nonsense(name):
    for field in dataclasses.fields(getattr(layers, name)):
        if not field.init or kind_of(field) == "graph":
            continue
        takes_true = field.metadata.get("check") is flag or field.name == "precompute_grid"
        for value in NONSENSE[: -1 if takes_true else None]:
            given = "" if field.name == "indices" and value == {} else f"{field.name} must"
            with refused(of_layer(name, given)):
                build_layer(name, {field.name: value})


def narrower(x, y):
    return (x + y)[..., :1]


def of_all(names, *rows):
    return [(name, *row) for name in names.split() for row in rows]


FIELDS = [
    *of_all(
        "Conv1DLayer Conv2DLayer Conv3DLayer DilatedConv2DLayer "
        "TransposedConv2DLayer TransposedConv3DLayer "
        "LocallyConnected1DLayer LocallyConnected2DLayer LocallyConnected3DLayer",
        ({"num_filters": 0}, f"num_filters must be {SIZE}, got 0"),
        ({"num_filters": -1}, f"num_filters must be {SIZE}, got -1"),
        ({"num_filters": 2.0}, f"num_filters must be {SIZE}, got 2.0"),
        ({"filter_size": 0}, f"filter_size must be {EACH}, got 0"),
        ({"filter_size": 3.0}, f"filter_size must be {EACH}, got 3.0"),
        ({"filter_size": ()}, f"filter_size must be {EACH}, got ()"),
        ({"filter_size": [3, 0]}, f"filter_size must be {EACH}, got (3, 0)"),
        ({"filter_size": (3,) * 4}, "filter_size must be a number or a tuple of "),
        ({"untie_biases": 1}, f"untie_biases must be {FLAG}, got 1"),
        ({"nonlinearity": 3}, "nonlinearity must be a function, or None for the identity, got 3"),
        (
            {"nonlinearity": "tahn"},
            "nonlinearity must be a function, its name, or None for the identity, got 'tahn'. "
            "Did you mean 'tanh'?",
        ),
        ({"nonlinearity": LeakyRectify}, "or None for the identity (write LeakyRectify())"),
        ({"W": None}, f"W {INIT} None"),
        ({"W": Normal}, f"{INIT} {Normal!r}; write Normal()"),
        ({"W": np.zeros(2)}, ", got (2,)"),
        ({"W": float("inf")}, "W must hold finite numbers, got inf"),
        ({"W": Constant("a")}, "W must hold finite numbers, got Constant(val='a')"),
        (
            {"b": "zeroes"},
            "b must be the name of a layer with a parameter 'b' or of an initializer, "
            "got 'zeroes'. Did you mean 'zeros'?",
        ),
        ({"b": [0.0, float("nan")] * 2}, "b must hold finite numbers, got [0.0, nan, 0.0, nan]"),
    ),
    *of_all(
        "Conv1DLayer Conv2DLayer Conv3DLayer DilatedConv2DLayer",
        ({"pad": -1}, f"pad must be {PAD}, got -1"),
        ({"pad": 0.5}, f"pad must be {PAD}, got 0.5"),
        ({"pad": "sam"}, f"pad must be {PAD}, got 'sam'"),
        ({"pad": (1,) * 4}, "pad must be a number or a tuple of "),
        ({"dilation": 0}, f"dilation must be {EACH}, got 0"),
        ({"dilation": (1,) * 4}, "dilation must be a number or a tuple of "),
        ({"filter_size": 9}, "filter_size must fit into input of shape (None, 4, 6"),
        ({"dilation": 6}, "dilated filter_size must fit into input of shape (None, 4, 6"),
    ),
    *of_all(
        "Conv1DLayer Conv2DLayer Conv3DLayer",
        ({"stride": 0}, f"stride must be {EACH}, got 0"),
        ({"stride": (1,) * 4}, "stride must be a number or a tuple of "),
    ),
    *of_all(
        "Conv1DLayer Conv2DLayer Conv3DLayer TransposedConv2DLayer TransposedConv3DLayer",
        ({"num_groups": 0}, f"num_groups must be {SIZE}, got 0"),
        ({"num_groups": 3}, "num_groups must divide channels=4, got 3"),
        ({"num_groups": 2, "num_filters": 3}, "num_groups must divide num_filters=3, got 2"),
    ),
    ("DilatedConv2DLayer", {"stride": 2}, "has no 'stride'."),
    *of_all(
        "DepthwiseConv2DLayer SeparableConv2DLayer",
        ({"filter_size": [3, 0]}, f"filter_size must be {EACH}, got (3, 0)"),
        ({"depth_multiplier": 0}, f"depth_multiplier must be {SIZE}, got 0"),
        ({"stride": (1,) * 4}, "stride must be a number or a tuple of "),
        ({"pad": "sam"}, f"pad must be {PAD}, got 'sam'"),
        ({"filter_size": 9}, "filter_size must fit into input of shape (None, 4, 6"),
    ),
    ("DepthwiseConv2DLayer", {"num_filters": 4}, "has no 'num_filters'."),
    ("SeparableConv2DLayer", {"W_pointwise": None}, f"W_pointwise {INIT} None"),
    *of_all(
        "TransposedConv2DLayer TransposedConv3DLayer",
        ({"stride": (1, 0)}, f"stride must be {EACH}, got (1, 0)"),
        ({"crop": -1}, f"crop must be {CROP}, got -1"),
        ({"crop": "sane"}, f"crop must be {CROP}, got 'sane'"),
        ({"crop": 7}, "crop must leave part of the output for images of (6, "),
        ({"crop": "full", "filter_size": 13}, "crop must leave part of the output for images"),
        ({"crop": (1,) * 4}, "crop must be a number or a tuple of "),
        ({"flip_filters": None}, f"flip_filters must be {FLAG}, got None"),
        ({"output_size": 0}, f"output_size must be {EACH} or None, got 0"),
        ({"output_size": (9,) * 4}, "output_size must be a number or a tuple of "),
    ),
    (
        "TransposedConv2DLayer",
        {"output_size": (14, 7), "stride": 2, "crop": 1},
        "output_size must be from 11 to 12 and from 11 to 12 for images of (6, 6), got (14, 7); "
        "a convolution with this filter_size, stride and pad=crop makes them of such images",
    ),
    *of_all(
        "LocallyConnected1DLayer LocallyConnected2DLayer LocallyConnected3DLayer",
        ({"filter_size": 2}, "filter_size must be odd, got 2"),
        ({"stride": 2}, "stride must be 1, got 2"),
        ({"stride": (1,) * 4}, "stride must be a number or a tuple of "),
        ({"pad": "valid"}, "pad must be 'same', got 'valid'"),
        ({"pad": 1}, "pad must be 'same', got 1"),
        ({"channelwise": 2}, f"channelwise must be {FLAG}, got 2"),
        ({"channelwise": True, "num_filters": 3}, "num_filters must be the number of channels, 4"),
    ),
    *of_all(
        "MaxPool1DLayer MaxPool2DLayer MaxPool3DLayer Pool1DLayer Pool2DLayer Pool3DLayer",
        ({"pool_size": 0}, f"pool_size must be {EACH}, got 0"),
        ({"pool_size": 2.0}, f"pool_size must be {EACH}, got 2.0"),
        ({"pool_size": ()}, f"pool_size must be {EACH}, got ()"),
        ({"pool_size": (2,) * 4}, "pool_size must be a number or a tuple of "),
        ({"stride": 0}, f"stride must be {EACH}, got 0"),
        ({"stride": (1,) * 4}, "stride must be a number or a tuple of "),
        ({"pad": -1}, "pad must be a non-negative integer, or one per axis, got -1"),
        ({"pad": "same"}, "pad must be a non-negative integer, or one per axis, got 'same'"),
        ({"pool_size": 2, "pad": 2}, "pad must be smaller than pool_size=2, got 2"),
        ({"pool_size": 9, "pad": 0, "ignore_border": True}, "pool_size must fit into input of"),
        ({"ignore_border": "no"}, f"ignore_border must be {FLAG}, got 'no'"),
    ),
    *of_all(
        "Pool1DLayer Pool2DLayer Pool3DLayer",
        (
            {"mode": "mean"},
            "mode must be one of 'max', 'average', 'average_exc_pad', 'average_",
        ),
    ),
    *of_all(
        "Upscale1DLayer Upscale2DLayer Upscale3DLayer",
        ({"scale_factor": 0}, f"scale_factor must be {EACH}, got 0"),
        ({"scale_factor": 1.5}, f"scale_factor must be {EACH}, got 1.5"),
        ({"scale_factor": (2,) * 4}, "scale_factor must be a number or a tuple of "),
        ({"mode": "bilinear"}, "mode must be one of 'repeat', 'dilate', got 'bilinear'"),
    ),
    *of_all(
        "DenseLayer NINLayer",
        ({"num_units": 0}, f"num_units must be {SIZE}, got 0"),
        ({"num_units": -3}, f"num_units must be {SIZE}, got -3"),
        ({"num_units": 2.0}, f"num_units must be {SIZE}, got 2.0"),
        ({"W": [[1.0]]}, ", got (1, 1)"),
    ),
    *of_all(
        "DenseLayer",
        ({"num_leading_axes": 0}, f"num_leading_axes must be {LEADING}, got 0"),
        ({"num_leading_axes": 2.0}, f"num_leading_axes must be {LEADING}, got 2.0"),
        ({"num_leading_axes": True}, f"num_leading_axes must be {LEADING}, got True"),
        ({"num_leading_axes": None}, f"num_leading_axes must be {LEADING}, got None"),
        *(
            (
                {"num_leading_axes": axes},
                "num_leading_axes must keep the batch and leave another axis of "
                f"(None, 4, 6, 6), got {axes}",
            )
            for axes in (4, 5, -4)
        ),
        (
            {"num_leading_axes": 2, "W": np.zeros((144, 3))},
            "W must have shape (36, 3), got (144, 3)",
        ),
    ),
    ("EmbeddingLayer", {"input_size": 0}, f"input_size must be {SIZE}, got 0"),
    ("EmbeddingLayer", {"output_size": 2.5}, f"output_size must be {SIZE}, got 2.5"),
    *of_all(
        "FeaturePoolLayer FeatureWTALayer",
        ({"pool_size": 0}, f"pool_size must be {SIZE}, got 0"),
        ({"pool_size": 3}, "pool_size must divide axis 1 of (None, 4, 6, 6), got 3"),
        ({"axis": 0}, "axis must be an axis of (None, 4, 6, 6) other than the batch, got 0"),
        ({"axis": 4}, "axis must be an axis of (None, 4, 6, 6) other than the batch, got 4"),
        ({"axis": 1.0}, "axis must be an axis of (None, 4, 6, 6) other than the batch, got 1.0"),
        (
            {"axis": (1, 2)},
            "axis must be an axis of (None, 4, 6, 6) other than the batch, got (1, 2)",
        ),
    ),
    *of_all(
        "FeaturePoolLayer GlobalPoolLayer",
        ({"pool_function": None}, "pool_function must be a function, got None"),
        ({"pool_function": "max"}, "pool_function must be a function, got 'max'"),
        ({"pool_function": jnp.exp}, "pool_function failed for input of shape (None, 4, 6, 6)"),
        ({"pool_function": jnp.cumsum}, "pool_function must return shape (None, "),
    ),
    ("SpatialPyramidPoolingLayer", {"pool_dims": ()}, f"pool_dims must be {EACH}, got ()"),
    ("SpatialPyramidPoolingLayer", {"pool_dims": [2, 0]}, f"pool_dims must be {EACH}, got (2, 0)"),
    (
        "SpatialPyramidPoolingLayer",
        {"pool_dims": 7},
        "pool_dims must be at most the height and width of (None, 4, 6, 6), got 7",
    ),
    (
        "SpatialPyramidPoolingLayer",
        {"mode": "sum"},
        "mode must be one of 'max', 'average', 'average_exc_pad', 'average_inc_pad', got 'sum'",
    ),
    (
        "SpatialPyramidPoolingLayer",
        {"pool_dims": (2, 4)},
        "implementation must be 'kaiming' for 4 cells along 6 pixels of (None, 4, 6, 6), "
        "got 'fast'",
    ),
    (
        "SpatialPyramidPoolingLayer",
        {"implementation": "slow"},
        "implementation must be one of 'fast', 'kaiming', got 'slow'",
    ),
    *of_all(
        "DropoutLayer SpatialDropoutLayer DropoutLocationsLayer StochasticDepthLayer",
        ({"p": 1.1}, "p must be a number between 0.0 and 1.0, got 1.1"),
        ({"p": -0.1}, "p must be a number between 0.0 and 1.0, got -0.1"),
        ({"p": None}, "p must be a number between 0.0 and 1.0, got None"),
        ({"rescale": 0}, f"rescale must be {FLAG}, got 0"),
    ),
    (
        "DropoutLayer",
        {"shared_axes": 0},
        "shared_axes must be axes of an input with 4 axes, without 0 (the batch), got 0",
    ),
    (
        "DropoutLayer",
        {"shared_axes": (1, 4)},
        "shared_axes must be axes of an input with 4 axes, without 0 (the batch), got (1, 4)",
    ),
    ("DropoutLayer", {"shared_axes": "auto"}, "without 0 (the batch), got 'auto'"),
    ("SpatialDropoutLayer", {"shared_axes": 1}, "has no 'shared_axes'. Valid names: p, rescale"),
    ("GaussianNoiseLayer", {"sigma": -0.1}, "sigma must be a finite number >= 0.0, got -0.1"),
    ("GaussianNoiseLayer", {"sigma": np.inf}, "sigma must be a finite number >= 0.0, got inf"),
    *of_all(
        "BatchNormLayer GroupNormLayer InstanceNormLayer LayerNormLayer StandardizationLayer",
        ({"epsilon": -1e-4}, "epsilon must be a finite number >= 0.0, got -0.0001"),
    ),
    ("BatchNormLayer", {"alpha": 2}, "alpha must be a number between 0.0 and 1.0, got 2"),
    ("BatchNormLayer", {"axes": 1}, "axes must include 0, the batch, got 1"),
    ("BatchNormLayer", {"axes": ()}, "axes must include 0, the batch, got ()"),
    ("BatchNormLayer", {"axes": (0, 4)}, "axes must be axes of an input with 4 axes, got (0, 4)"),
    (
        "BatchNormLayer",
        {"mean": None},
        f"mean {INIT} None",
    ),
    ("BatchNormLayer", {"gamma": [1.0, 2]}, "gamma must have shape (4,), got (2,)"),
    ("GroupNormLayer", {"num_groups": 0}, f"num_groups must be {SIZE}, got 0"),
    ("GroupNormLayer", {"num_groups": 3}, "num_groups must divide channels=4, got 3"),
    (
        "StandardizationLayer",
        {"axes": "channels"},
        "axes must be one of 'auto', 'spatial', 'features', got 'channels'",
    ),
    (
        "StandardizationLayer",
        {"axes": 0},
        "axes must be axes of an input with 4 axes, without 0 (the batch), got 0",
    ),
    ("StandardizationLayer", {"axes": ()}, "axes must be axes of an input with 4 axes, got ()"),
    (
        "StandardizationLayer",
        {"axes": 1.0},
        "axes must be axes of an input with 4 axes, without 0 (the batch), got 1.0",
    ),
    (
        "LayerNormLayer",
        {"axes": "channels"},
        "axes must be 'auto' or axes of the input, got 'channels'",
    ),
    (
        "LayerNormLayer",
        {"axes": (1, 0)},
        "axes must be axes of an input with 4 axes, without 0 (the batch), got (1, 0)",
    ),
    ("LayerNormLayer", {"axes": ()}, "axes must be axes of an input with 4 axes, got ()"),
    ("LayerNormLayer", {"axes": (3, 1), "gamma": [1.0]}, "gamma must have shape (4, 6), got (1,)"),
    ("ClassTokenLayer", {"num_tokens": 0}, f"num_tokens must be {SIZE}, got 0"),
    ("ClassTokenLayer", {"W": np.zeros((1, 6))}, "W must have shape (2, 6), got (1, 6)"),
    ("LocalResponseNormalization2DLayer", {"n": 4}, "n must be odd, got 4"),
    ("LocalResponseNormalization2DLayer", {"n": 0}, f"n must be {SIZE}, got 0"),
    ("LocalResponseNormalization2DLayer", {"k": -1}, "k must be a finite number >= 0.0, got -1"),
    *of_all(
        "BiasLayer ScaleLayer ParametricRectifierLayer RandomizedRectifierLayer",
        ({"shared_axes": 1}, "shared_axes must include 0, the batch, got 1"),
        ({"shared_axes": (0, 4)}, "shared_axes must be axes of an input with 4 axes, got (0, 4)"),
        ({"shared_axes": "all"}, "shared_axes must be axes of an input with 4 axes, got 'all'"),
        ({"shared_axes": None}, "shared_axes must be axes of an input with 4 axes, got None"),
    ),
    ("RandomizedRectifierLayer", {"lower": 0.9}, "lower must be at most upper=0.8, got 0.9"),
    ("RandomizedRectifierLayer", {"upper": np.inf}, "upper must be a finite number, got inf"),
    (
        "ConcatLayer",
        {"axis": 0},
        "axis must be an axis of (None, 4, 4, 6) other than the batch, got 0",
    ),
    (
        "ConcatLayer",
        {"axis": 1.0},
        "axis must be an axis of (None, 4, 4, 6) other than the batch, got 1.0",
    ),
    (
        "ConcatLayer",
        {"axis": None},
        "axis must be an axis of (None, 4, 4, 6) other than the batch, got None",
    ),
    *of_all(
        "ConcatLayer ElemwiseMergeLayer ElemwiseSumLayer",
        ({"cropping": "lower"}, "cropping must start with None, to keep all rows, got 'lower'"),
        (
            {"cropping": (None, "top")},
            "cropping must be None, or one of None, 'lower', 'center', 'upper' for each of 4 axes, "
            "got (None, 'top')",
        ),
        (
            {"cropping": (None,) * 5},
            "'upper' for each of 4 axes, got (None, None, None, None, None)",
        ),
    ),
    (
        "ElemwiseSumLayer",
        {"coeffs": (1, 2, 3)},
        "coeffs must be a number, or one per input, 2, got (1, 2, 3)",
    ),
    ("ElemwiseSumLayer", {"coeffs": ()}, "coeffs must be a number, or one per input, 2, got ()"),
    (
        "ElemwiseSumLayer",
        {"coeffs": "ab"},
        "coeffs must be a finite number, or one per input, got 'ab'",
    ),
    (
        "ElemwiseSumLayer",
        {"coeffs": (1, None)},
        "coeffs must be a finite number, or one per input, got (1, None)",
    ),
    ("ElemwiseMergeLayer", {"merge_function": None}, "merge_function must be a function, got None"),
    (
        "ElemwiseMergeLayer",
        {"merge_function": jnp.exp},
        "merge_function failed for input of shape",
    ),
    (
        "ElemwiseMergeLayer",
        {"merge_function": narrower},
        "merge_function must return shape (None, 4, 6, 6) for",
    ),
    ("ExpressionLayer", {"function": None}, "function must be a function, got None"),
    (
        "ExpressionLayer",
        {"function": jnp.reshape},
        "function failed for input of shape (None, 4",
    ),
    (
        "ExpressionLayer",
        {"function": jnp.ravel},
        "function must keep the batch axis of (None",
    ),
    (
        "ExpressionLayer",
        {"shape": "same"},
        "output_shape must be 'auto', a tuple or None, got 'same'",
    ),
    (
        "ExpressionLayer",
        {"shape": (None, 7)},
        "for (None, 4, 6, 6), got (None, 4, 6, 6)",
    ),
    ("FlattenLayer", {"outdim": 1}, "outdim must be 2 or more, to keep rows separate, got 1"),
    ("FlattenLayer", {"outdim": 5}, "outdim must be at most 4 for (None, 4, 6, 6), got 5"),
    ("FlattenLayer", {"outdim": 2.0}, f"outdim must be {SIZE}, got 2.0"),
    *of_all(
        "ReshapeLayer",
        ({"shape": (18, 8)}, "shape must start with [0], the batch size, got (18, 8)"),
        ({"shape": (-1, 4)}, "or -1 if the others hold a row of (None, 4, 6, 6), got (-1, 4)"),
        ({"shape": (-1, 288)}, "or -1 if the others hold a row of (None, 4, 6, 6), got (-1, 288)"),
        ({"shape": (-1, -1)}, "or -1 if the others hold a row of (None, 4, 6, 6), got (-1, -1)"),
        (
            {"shape": (-1, 36)},
            "shape must start with [0], the batch size, or -1 if the others hold a row of "
            "(None, 4, 6, 6), got (-1, 36); for a dense layer at each position, omit the "
            "ReshapeLayer and set num_leading_axes=2 of the DenseLayer",
        ),
        ({"shape": (-1, [3])}, "set num_leading_axes=3 of the DenseLayer"),
    ),
    ("ReshapeLayer", {"shape": ()}, "shape must start with [0], the batch size, got ()"),
    (
        "ReshapeLayer",
        {"shape": ([0], 5, -1)},
        "shape must hold the elements of (None, 4, 6, 6), got",
    ),
    (
        "ReshapeLayer",
        {"shape": ([0], -1, -1)},
        "shape must hold the elements of (None, 4, 6, 6), got",
    ),
    (
        "ReshapeLayer",
        {"shape": ([0], [4])},
        "shape must name axes of (None, 4, 6, 6) other than the batch, got [4]",
    ),
    (
        "ReshapeLayer",
        {"shape": ([0], ["a"])},
        "shape must name axes of (None, 4, 6, 6) other than the batch, got ['a']",
    ),
    (
        "ReshapeLayer",
        {"shape": ([0], 0)},
        "shape must hold positive integers, -1 or [i], got 0 in ((0,), 0)",
    ),
    ("ReshapeLayer", {"shape": ([0], 144.0)}, "-1 or [i], got 144.0 in ((0,), 144.0)"),
    (
        "DimshuffleLayer",
        {"pattern": (1, 0, 2, 3)},
        "pattern must start with 0, the batch, got (1, 0, 2, 3)",
    ),
    (
        "DimshuffleLayer",
        {"pattern": (0, 1, 2, 4)},
        "pattern must hold axes of (None, 4, 6, 6) or 'x', got",
    ),
    (
        "DimshuffleLayer",
        {"pattern": (0, 1, 1, 2, 3)},
        "pattern must hold each axis once, got (0, 1, 1, 2, 3)",
    ),
    (
        "DimshuffleLayer",
        {"pattern": (0, 1, 2)},
        "pattern must keep axis 3 of (None, 4, 6, 6), whose size is not 1, got",
    ),
    (
        "PadLayer",
        {"width": -1},
        "width must be a non-negative integer, or one or a pair for each of 2 axes, got -1",
    ),
    ("PadLayer", {"width": (1, 1, 1)}, "or one or a pair for each of 2 axes"),
    ("PadLayer", {"width": ()}, "or one or a pair for each of 2 axes"),
    ("PadLayer", {"width": 0.5}, "each of 2 axes, got 0.5"),
    ("PadLayer", {"batch_ndim": 0}, f"batch_ndim must be {SIZE}, got 0"),
    ("PadLayer", {"batch_ndim": 4}, "batch_ndim must be less than the 4 axes of the input, got 4"),
    ("PadLayer", {"val": (0.0, 1.0)}, "val must be a number, got (0.0, 1.0)"),
    (
        "SliceLayer",
        {"indices": 6},
        "indices must be a slice or a position on axis 2 of (None, 4, 6, 6), got 6",
    ),
    ("SliceLayer", {"indices": [0, 1]}, "indices must be a slice or a position on axis 2 of"),
    (
        "SliceLayer",
        {"indices": slice(2, 2)},
        "indices must select part of axis 2 of (None, 4, 6, 6), got slice(2, 2",
    ),
    (
        "SliceLayer",
        {"axis": 0},
        "axis must be an axis of (None, 4, 6, 6) other than the batch, got 0",
    ),
    (
        "SliceLayer",
        {"axis": 4},
        "axis must be an axis of (None, 4, 6, 6) other than the batch, got 4",
    ),
    *of_all(
        "InputLayer",
        *(
            (
                {"shape": shape},
                "shape must be a batch size or None, then positive sizes, as in (None, 1, 28",
            )
            for shape in [(None,), (), 5, (None, 0), (None, -4), (None, 4.0)]
        ),
        (
            {"shape": (None, None)},
            "shape must have known sizes to build the network without data, got (None, None)",
        ),
    ),
]


@pytest.mark.parametrize(("name", "fields", "essence"), FIELDS)
def test_fields_that_cannot_be(name, fields, essence):
    with refused(of_layer(name, essence)):
        build_layer(name, fields)


PLACES = "input must have axes after the channels, got (None, 4)"
SHAPES = [
    *of_all(
        "Conv2DLayer DilatedConv2DLayer DepthwiseConv2DLayer SeparableConv2DLayer "
        "TransposedConv2DLayer LocallyConnected2DLayer MaxPool2DLayer Pool2DLayer "
        "Upscale2DLayer SpatialPyramidPoolingLayer "
        "LocalResponseNormalization2DLayer",
        ([(None, 6, 6)], "got (None, 6, 6); give images a channel axis: X[:, None]"),
        ([TABLE], "input must have shape (n, channels, height, width), got (None, 4)"),
        ([VOLUME], "input must have shape (n, channels, height, width), got (None, 4, 6, 4, 4)"),
    ),
    *of_all(
        "Conv1DLayer LocallyConnected1DLayer MaxPool1DLayer Pool1DLayer Upscale1DLayer",
        ([IMAGE], "input must have shape (n, channels, length), got (None, 4, 6, 6)"),
    ),
    *of_all(
        "Conv3DLayer TransposedConv3DLayer LocallyConnected3DLayer MaxPool3DLayer Pool3DLayer "
        "Upscale3DLayer",
        ([IMAGE], "input must have shape (n, channels, depth, height, width), got (None, 4, 6, 6)"),
    ),
    ("GlobalPoolLayer", [TABLE], PLACES),
    (
        "ClassTokenLayer",
        [TABLE],
        "input must have shape (n, time, features), got (None, 4); give sequences of",
    ),
    ("SqueezeExciteLayer", [TABLE], PLACES),
    ("InstanceNormLayer", [TABLE], PLACES),
    ("StandardizationLayer", [TABLE], "axes must be axes of an input with 2 axes, got 'spatial'"),
    ("PadLayer", [TABLE], "batch_ndim must be less than the 2 axes of the input, got 2"),
    (
        "DropoutLayer",
        [TABLE],
        "shared_axes must be axes of an input with 2 axes, without 0 (the batch), got 2",
    ),
    (
        "ConcatLayer",
        [IMAGE, SEQUENCE],
        "must have equally many axes, got (None, 4, 6, 6), (None, 4, 6)",
    ),
    (
        "ConcatLayer",
        [IMAGE, (None, 4, 6, 5)],
        "must agree on all axes but 1, got (None, 4, 6, 6), ",
    ),
    *of_all(
        "ElemwiseMergeLayer ElemwiseSumLayer",
        ([IMAGE, SEQUENCE], "must have equally many axes, got (None, 4, 6, 6), (None, 4, 6)"),
        (
            [IMAGE, (None, 4, 6, 5)],
            "must have the same shape, got (None, 4, 6, 6), (None, 4, 6, 5)",
        ),
    ),
]


@pytest.mark.parametrize(("name", "shapes", "essence"), SHAPES)
def test_inputs_that_do_not_fit(name, shapes, essence):
    with refused(of_layer(name, essence)):
        build_layer(name, {}, *shapes)


@pytest.mark.parametrize(
    ("name", "essence"),
    [
        ("BatchNormLayer", "axes must not be 'auto' for input without channels"),
        *of_all(
            "BiasLayer ScaleLayer ParametricRectifierLayer RandomizedRectifierLayer",
            ("shared_axes must not be 'auto' for input without channels",),
        ),
        *of_all(
            "GroupNormLayer LayerNormLayer InstanceNormLayer NINLayer GlobalPoolLayer "
            "SpatialDropoutLayer DropoutLocationsLayer StochasticDepthLayer SqueezeExciteLayer",
            ("input must have channels, (n, channels, ...), got (None,)",),
        ),
    ],
)
def test_rows_without_channels(name, essence):
    """A slice takes the only axis of a table, and numbers are left, one a row."""
    fields = {k: v for k, v in EXAMPLES[name][0].items() if k != "shared_axes"}
    number = (layers.SliceLayer, {"indices": 0, "axis": 1})
    with refused(of_layer(name, essence)):
        build_network(
            read_layers(
                [
                    layers.InputLayer(TABLE),
                    number,
                    (getattr(layers, name), fields | {"name": "own"}),
                ]
            ),
            {},
        )


def test_a_net_refuses_when_it_is_initialized():
    net = NeuralNet(
        [
            ("input", layers.InputLayer(IMAGE)),
            ("conv", layers.Conv2DLayer),
            ("fc", layers.DenseLayer),
        ],
        conv_num_filters=0,
        conv_filter_size=2.5,
        fc_num_units="ten",
    )
    with refused(
        r"^3 problems:\n - layer 'conv' .*num_filters must be a positive integer, got 0\n(?s:.*)"
        r"layer 'fc' .*num_units must be a positive integer, got 'ten'"
    ):
        net.initialize()

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
PAD = "'valid', 'same', 'full', or a non-negative integer, or one per axis"
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
        for value in NONSENSE[: -1 if field.metadata.get("check") is flag else None]:
            given = "" if field.name == "indices" and value == {} else f"{field.name}="
            with refused(of_layer(name, given)):
                build_layer(name, {field.name: value})


def narrower(x, y):
    return (x + y)[..., :1]


def of_all(names, *rows):
    return [(name, *row) for name in names.split() for row in rows]


FIELDS = [
    *of_all(
        "Conv1DLayer Conv2DLayer Conv3DLayer DilatedConv2DLayer TransposedConv2DLayer "
        "LocallyConnected1DLayer LocallyConnected2DLayer LocallyConnected3DLayer",
        ({"num_filters": 0}, f"num_filters must be {SIZE}, got 0"),
        ({"num_filters": -1}, f"num_filters must be {SIZE}, got -1"),
        ({"num_filters": 2.0}, f"num_filters must be {SIZE}, got 2.0"),
        ({"filter_size": 0}, f"filter_size must be {EACH}, got 0"),
        ({"filter_size": 3.0}, f"filter_size must be {EACH}, got 3.0"),
        ({"filter_size": ()}, f"filter_size must be {EACH}, got ()"),
        ({"filter_size": [3, 0]}, f"filter_size must be {EACH}, got (3, 0)"),
        ({"filter_size": (3,) * 4}, "filter_size=(3, 3, 3, 3) has 4 numbers, "),
        ({"untie_biases": 1}, f"untie_biases must be {FLAG}, got 1"),
        ({"nonlinearity": "relu"}, "nonlinearity must be a function, or None for the ident"),
        ({"nonlinearity": LeakyRectify}, "or None for the identity; write LeakyRectify()"),
        ({"W": None}, f"W {INIT} None"),
        ({"W": Normal}, f"{INIT} {Normal!r}; write Normal()"),
        ({"W": np.zeros(2)}, ", got (2,)"),
        ({"W": float("inf")}, "W must hold finite numbers, got inf"),
        ({"W": Constant("a")}, "W must hold finite numbers, got Constant(val='a')"),
        ({"b": "there"}, "b='there' is no layer with a 'b'"),
        ({"b": [0.0, float("nan")] * 2}, "b must hold finite numbers, got Array(shape=(4,))"),
    ),
    *of_all(
        "Conv1DLayer Conv2DLayer Conv3DLayer DilatedConv2DLayer",
        ({"stride": 0}, f"stride must be {EACH}, got 0"),
        ({"stride": (1,) * 4}, "stride=(1, 1, 1, 1) has 4 numbers, "),
        ({"pad": -1}, f"pad must be {PAD}, got -1"),
        ({"pad": 0.5}, f"pad must be {PAD}, got 0.5"),
        ({"pad": "sam"}, f"pad must be {PAD}, got 'sam'"),
        ({"pad": (1,) * 4}, "pad=(1, 1, 1, 1) has 4 numbers, "),
        ({"dilation": 0}, f"dilation must be {EACH}, got 0"),
        ({"dilation": (1,) * 4}, "dilation=(1, 1, 1, 1) has 4 numbers, "),
        ({"num_groups": 0}, f"num_groups must be {SIZE}, got 0"),
        ({"num_groups": 3}, "num_groups=3 does not divide channels=4"),
        ({"num_groups": 2, "num_filters": 3}, "num_groups=2 does not divide num_filters=3"),
        ({"filter_size": 9}, "are larger than the images that reach them, (None, 4, 6"),
        ({"dilation": 6}, "are larger than the images that reach them, (None, 4, 6"),
    ),
    *of_all(
        "DepthwiseConv2DLayer SeparableConv2DLayer",
        ({"filter_size": [3, 0]}, f"filter_size must be {EACH}, got (3, 0)"),
        ({"depth_multiplier": 0}, f"depth_multiplier must be {SIZE}, got 0"),
        ({"stride": (1,) * 4}, "stride=(1, 1, 1, 1) has 4 numbers, "),
        ({"pad": "sam"}, f"pad must be {PAD}, got 'sam'"),
        ({"filter_size": 9}, "are larger than the images that reach them, (None, 4, 6"),
    ),
    ("DepthwiseConv2DLayer", {"num_filters": 4}, "has no 'num_filters'."),
    ("SeparableConv2DLayer", {"W_pointwise": None}, f"W_pointwise {INIT} None"),
    *of_all(
        "TransposedConv2DLayer",
        ({"stride": (1, 0)}, f"stride must be {EACH}, got (1, 0)"),
        ({"crop": -1}, "crop must be a non-negative integer, or one per axis, got -1"),
        ({"crop": 7}, "crop=7 leaves nothing of the output for (None, 4, 6, 6)"),
        ({"crop": (1, 2, 3)}, "crop=(1, 2, 3) has 3 numbers, 2 are needed"),
    ),
    *of_all(
        "LocallyConnected1DLayer LocallyConnected2DLayer LocallyConnected3DLayer",
        ({"filter_size": 2}, "filter_size must be odd, got 2"),
        ({"pad": "valid"}, "pad must be 'same', got 'valid'"),
        ({"pad": 1}, "pad must be 'same', got 1"),
        ({"channelwise": 2}, f"channelwise must be {FLAG}, got 2"),
        ({"channelwise": True, "num_filters": 3}, "are as many as the channels, 4, not num_filt"),
    ),
    *of_all(
        "MaxPool1DLayer MaxPool2DLayer MaxPool3DLayer Pool1DLayer Pool2DLayer Pool3DLayer",
        ({"pool_size": 0}, f"pool_size must be {EACH}, got 0"),
        ({"pool_size": 2.0}, f"pool_size must be {EACH}, got 2.0"),
        ({"pool_size": ()}, f"pool_size must be {EACH}, got ()"),
        ({"pool_size": (2,) * 4}, "pool_size=(2, 2, 2, 2) has 4 numbers, "),
        ({"stride": 0}, f"stride must be {EACH}, got 0"),
        ({"stride": (1,) * 4}, "stride=(1, 1, 1, 1) has 4 numbers, "),
        ({"pad": -1}, "pad must be a non-negative integer, or one per axis, got -1"),
        ({"pad": "same"}, "pad must be a non-negative integer, or one per axis, got 'same'"),
        ({"pool_size": 2, "pad": 2}, "pad=2 must be smaller than pool_size=2"),
        ({"pool_size": 9, "pad": 0, "ignore_border": True}, "larger than the images that reach th"),
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
        ({"scale_factor": (2,) * 4}, "scale_factor=(2, 2, 2, 2) has 4 numbers, "),
        ({"mode": "bilinear"}, "mode must be one of 'repeat', 'dilate', got 'bilinear'"),
    ),
    *of_all(
        "DenseLayer NINLayer",
        ({"num_units": 0}, f"num_units must be {SIZE}, got 0"),
        ({"num_units": -3}, f"num_units must be {SIZE}, got -3"),
        ({"num_units": 2.0}, f"num_units must be {SIZE}, got 2.0"),
        ({"W": [[1.0]]}, ", got (1, 1)"),
    ),
    ("EmbeddingLayer", {"input_size": 0}, f"input_size must be {SIZE}, got 0"),
    ("EmbeddingLayer", {"output_size": 2.5}, f"output_size must be {SIZE}, got 2.5"),
    *of_all(
        "FeaturePoolLayer FeatureWTALayer",
        ({"pool_size": 0}, f"pool_size must be {SIZE}, got 0"),
        ({"pool_size": 3}, "pool_size=3 does not divide axis 1 of (None, 4, 6, 6)"),
        ({"axis": 0}, "axis=0 is no axis of (None, 4, 6, 6) besides the batch"),
        ({"axis": 4}, "axis=4 is no axis of (None, 4, 6, 6) besides the batch"),
        ({"axis": 1.0}, "axis=1.0 is no axis of (None, 4, 6, 6) besides the batch"),
        ({"axis": (1, 2)}, "axis=(1, 2) is no axis of (None, 4, 6, 6) besides the batch"),
    ),
    *of_all(
        "FeaturePoolLayer GlobalPoolLayer",
        ({"pool_function": None}, "pool_function must be a function, got None"),
        ({"pool_function": "max"}, "pool_function must be a function, got 'max'"),
        ({"pool_function": jnp.exp}, "pool_function fails on an input of shape (None, 4, 6, 6)"),
        ({"pool_function": jnp.cumsum}, "pool_function makes (None, "),
    ),
    ("SpatialPyramidPoolingLayer", {"pool_dims": ()}, f"pool_dims must be {EACH}, got ()"),
    ("SpatialPyramidPoolingLayer", {"pool_dims": [2, 0]}, f"pool_dims must be {EACH}, got (2, 0)"),
    (
        "SpatialPyramidPoolingLayer",
        {"pool_dims": 7},
        "pool_dims=7 has more cells than (None, 4, 6,",
    ),
    (
        "SpatialPyramidPoolingLayer",
        {"mode": "sum"},
        "mode must be one of 'max', 'average', got 'sum'",
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
        "shared_axes=0 are no axes of an input with 4 besides the b",
    ),
    (
        "DropoutLayer",
        {"shared_axes": (1, 4)},
        "shared_axes=(1, 4) are no axes of an input with 4 b",
    ),
    ("DropoutLayer", {"shared_axes": "auto"}, "shared_axes='auto' are no axes of an input with 4"),
    ("SpatialDropoutLayer", {"shared_axes": 1}, "has no 'shared_axes'. Valid names: p, rescale"),
    ("GaussianNoiseLayer", {"sigma": -0.1}, "sigma must be a finite number >= 0.0, got -0.1"),
    ("GaussianNoiseLayer", {"sigma": np.inf}, "sigma must be a finite number >= 0.0, got inf"),
    *of_all(
        "BatchNormLayer GroupNormLayer InstanceNormLayer LayerNormLayer StandardizationLayer",
        ({"epsilon": -1e-4}, "epsilon must be a finite number >= 0.0, got -0.0001"),
    ),
    ("BatchNormLayer", {"alpha": 2}, "alpha must be a number between 0.0 and 1.0, got 2"),
    ("BatchNormLayer", {"axes": 1}, "axes=1 must hold 0, the batch"),
    ("BatchNormLayer", {"axes": ()}, "axes=() must hold 0, the batch"),
    ("BatchNormLayer", {"axes": (0, 4)}, "axes=(0, 4) are no axes of an input with 4"),
    (
        "BatchNormLayer",
        {"mean": None},
        f"mean {INIT} None",
    ),
    ("BatchNormLayer", {"gamma": [1.0, 2]}, "gamma must have shape (4,), got (2,)"),
    ("GroupNormLayer", {"num_groups": 0}, f"num_groups must be {SIZE}, got 0"),
    ("GroupNormLayer", {"num_groups": 3}, "num_groups=3 does not divide channels=4"),
    ("StandardizationLayer", {"axes": "channels"}, "is not one of 'auto', 'spatial', 'features'"),
    (
        "StandardizationLayer",
        {"axes": 0},
        "axes=0 are no axes of an input with 4 besides the batch",
    ),
    ("StandardizationLayer", {"axes": ()}, "axes=() are no axes of an input with 4"),
    (
        "StandardizationLayer",
        {"axes": 1.0},
        "axes=1.0 are no axes of an input with 4 besides the b",
    ),
    ("LocalResponseNormalization2DLayer", {"n": 4}, "n must be odd, got 4"),
    ("LocalResponseNormalization2DLayer", {"n": 0}, f"n must be {SIZE}, got 0"),
    ("LocalResponseNormalization2DLayer", {"k": -1}, "k must be a finite number >= 0.0, got -1"),
    *of_all(
        "BiasLayer ScaleLayer ParametricRectifierLayer RandomizedRectifierLayer",
        ({"shared_axes": 1}, "shared_axes=1 must hold 0, the batch"),
        ({"shared_axes": (0, 4)}, "shared_axes=(0, 4) are no axes of an input with 4"),
        ({"shared_axes": "all"}, "shared_axes='all' are no axes of an input with 4"),
        ({"shared_axes": None}, "shared_axes=None are no axes of an input with 4"),
    ),
    ("RandomizedRectifierLayer", {"lower": 0.9}, "lower=0.9 is more than upper=0.8"),
    ("RandomizedRectifierLayer", {"upper": np.inf}, "upper must be a finite number, got inf"),
    ("ConcatLayer", {"axis": 0}, "axis=0 is no axis of (None, 4, 4, 6) besides the batch"),
    ("ConcatLayer", {"axis": 1.0}, "axis=1.0 is no axis of (None, 4, 4, 6) besides the batch"),
    ("ConcatLayer", {"axis": None}, "axis=None is no axis of (None, 4, 4, 6) besides the batch"),
    *of_all(
        "ConcatLayer ElemwiseMergeLayer ElemwiseSumLayer",
        ({"cropping": "lower"}, "cropping='lower' would leave out rows; start with None"),
        (
            {"cropping": (None, "top")},
            "cropping must be None, or one of None, 'lower', 'center', 'upper' for each axis, "
            "got (None, 'top')",
        ),
        ({"cropping": (None,) * 5}, "and 'upper' for each of 4 axes"),
    ),
    ("ElemwiseSumLayer", {"coeffs": (1, 2, 3)}, "coeffs=(1, 2, 3) has 3 numbers for 2 inputs"),
    ("ElemwiseSumLayer", {"coeffs": ()}, "coeffs=() has 0 numbers for 2 inputs"),
    (
        "ElemwiseSumLayer",
        {"coeffs": "ab"},
        "coeffs must be a number, or one for each input, got 'ab'",
    ),
    ("ElemwiseSumLayer", {"coeffs": (1, None)}, "is not a number, or one for each input"),
    ("ElemwiseMergeLayer", {"merge_function": None}, "merge_function must be a function, got None"),
    (
        "ElemwiseMergeLayer",
        {"merge_function": jnp.exp},
        "merge_function fails on an input of shape",
    ),
    ("ElemwiseMergeLayer", {"merge_function": narrower}, "merge_function makes (None, 4, 6, 1) of"),
    ("ExpressionLayer", {"function": None}, "function must be a function, got None"),
    (
        "ExpressionLayer",
        {"function": jnp.reshape},
        "function fails on an input of shape (None, 4",
    ),
    (
        "ExpressionLayer",
        {"function": jnp.ravel},
        "function does not keep the batch apart: from (None",
    ),
    (
        "ExpressionLayer",
        {"shape": "same"},
        "output_shape must be 'auto', a tuple or None, got 'same'",
    ),
    (
        "ExpressionLayer",
        {"shape": (None, 7)},
        "function makes (None, 4, 6, 6) of (None, 4, 6, 6), not ",
    ),
    ("FlattenLayer", {"outdim": 1}, "outdim=1 would mix the rows; 2 or more keeps them apart"),
    ("FlattenLayer", {"outdim": 5}, "outdim=5 is more than the axes of the input, (None, 4, 6, 6)"),
    ("FlattenLayer", {"outdim": 2.0}, f"outdim must be {SIZE}, got 2.0"),
    (
        "ReshapeLayer",
        {"shape": (-1, 4)},
        "shape=(-1, 4) must start with [0], the size of the batch",
    ),
    ("ReshapeLayer", {"shape": ()}, "shape=() must start with [0], the size of the batch"),
    ("ReshapeLayer", {"shape": ([0], 5, -1)}, "does not hold the elements of (None, 4, 6, 6)"),
    ("ReshapeLayer", {"shape": ([0], -1, -1)}, "does not hold the elements of (None, 4, 6, 6)"),
    ("ReshapeLayer", {"shape": ([0], [4])}, "[4] is no axis of (None, 4, 6, 6) besides the batch"),
    (
        "ReshapeLayer",
        {"shape": ([0], ["a"])},
        "['a'] is no axis of (None, 4, 6, 6) besides the batch",
    ),
    ("ReshapeLayer", {"shape": ([0], 0)}, "is no size; give 1 or more, -1 or [i]"),
    ("ReshapeLayer", {"shape": ([0], 144.0)}, "144.0 in shape=((0,), 144.0) is no size; give 1 or"),
    ("DimshuffleLayer", {"pattern": (1, 0, 2, 3)}, "must start with 0, the batch"),
    ("DimshuffleLayer", {"pattern": (0, 1, 2, 4)}, "may hold 'x' and the axes of (None, 4, 6, 6)"),
    ("DimshuffleLayer", {"pattern": (0, 1, 1, 2, 3)}, "pattern=(0, 1, 1, 2, 3) has an axis twice"),
    (
        "DimshuffleLayer",
        {"pattern": (0, 1, 2)},
        "leaves out axis 3 of (None, 4, 6, 6), whose size is",
    ),
    (
        "PadLayer",
        {"width": -1},
        "width must be a non-negative integer, nor one or a pair for, got -1",
    ),
    ("PadLayer", {"width": (1, 1, 1)}, "nor one or a pair for each of 2 axes"),
    ("PadLayer", {"width": ()}, "nor one or a pair for each of 2 axes"),
    ("PadLayer", {"width": 0.5}, "width must be a non-negative integer, got 0.5"),
    ("PadLayer", {"batch_ndim": 0}, f"batch_ndim must be {SIZE}, got 0"),
    ("PadLayer", {"batch_ndim": 4}, "batch_ndim=4 leaves no axes of an input with 4"),
    ("PadLayer", {"val": (0.0, 1.0)}, "val must be a number, got (0.0, 1.0)"),
    (
        "SliceLayer",
        {"indices": 6},
        "indices=6 is no slice and no position on axis 2 of (None, 4, 6, 6)",
    ),
    ("SliceLayer", {"indices": [0, 1]}, "indices=(0, 1) is no slice and no position on axis 2"),
    ("SliceLayer", {"indices": slice(2, 2)}, "takes nothing of axis 2 of (None, 4, 6, 6)"),
    ("SliceLayer", {"axis": 0}, "axis=0 is no axis of (None, 4, 6, 6) besides the batch"),
    ("SliceLayer", {"axis": 4}, "axis=4 is no axis of (None, 4, 6, 6) besides the batch"),
    *of_all(
        "InputLayer",
        *(
            (
                {"shape": shape},
                "is not a batch size (or None) and positive sizes, as in (None, 1, 28",
            )
            for shape in [(None,), (), 5, (None, 0), (None, -4), (None, 4.0), (None, None)]
        ),
    ),
]


@pytest.mark.parametrize(("name", "fields", "essence"), FIELDS)
def test_fields_that_cannot_be(name, fields, essence):
    with refused(of_layer(name, essence)):
        build_layer(name, fields)


PLACES = "takes input with axes after the channels, got (None, 4)"
SHAPES = [
    *of_all(
        "Conv2DLayer DilatedConv2DLayer DepthwiseConv2DLayer SeparableConv2DLayer "
        "TransposedConv2DLayer LocallyConnected2DLayer MaxPool2DLayer Pool2DLayer "
        "Upscale2DLayer SpatialPyramidPoolingLayer "
        "LocalResponseNormalization2DLayer",
        ([(None, 6, 6)], "got (None, 6, 6); give images a channel axis: X[:, None]"),
        ([TABLE], "takes input of shape (n, channels, height, width), got (None, 4)"),
        ([VOLUME], "takes input of shape (n, channels, height, width), got (None, 4, 6, 4, 4)"),
    ),
    *of_all(
        "Conv1DLayer LocallyConnected1DLayer MaxPool1DLayer Pool1DLayer Upscale1DLayer",
        ([IMAGE], "takes input of shape (n, channels, length), got (None, 4, 6, 6)"),
    ),
    *of_all(
        "Conv3DLayer LocallyConnected3DLayer MaxPool3DLayer Pool3DLayer Upscale3DLayer",
        ([IMAGE], "takes input of shape (n, channels, depth, height, width), got (None, 4, 6, 6)"),
    ),
    ("GlobalPoolLayer", [TABLE], PLACES),
    ("SqueezeExciteLayer", [TABLE], PLACES),
    ("InstanceNormLayer", [TABLE], PLACES),
    ("StandardizationLayer", [TABLE], "axes='spatial' are no axes of an input with 2"),
    ("PadLayer", [TABLE], "batch_ndim=2 leaves no axes of an input with 2"),
    ("DropoutLayer", [TABLE], "shared_axes=2 are no axes of an input with 2 besides the batch"),
    ("ConcatLayer", [IMAGE, SEQUENCE], "must have as many axes, got (None, 4, 6, 6), (None, 4, 6)"),
    (
        "ConcatLayer",
        [IMAGE, (None, 4, 6, 5)],
        "must agree in all axes but 1, got (None, 4, 6, 6), ",
    ),
    *of_all(
        "ElemwiseMergeLayer ElemwiseSumLayer",
        ([IMAGE, SEQUENCE], "must have as many axes, got (None, 4, 6, 6), (None, 4, 6)"),
        ([IMAGE, (None, 4, 6, 5)], "must have one shape, got (None, 4, 6, 6), (None, 4, 6, 5)"),
    ),
]


@pytest.mark.parametrize(("name", "shapes", "essence"), SHAPES)
def test_inputs_that_do_not_fit(name, shapes, essence):
    with refused(of_layer(name, essence)):
        build_layer(name, {}, *shapes)


@pytest.mark.parametrize(
    ("name", "essence"),
    [
        ("BatchNormLayer", "axes='auto' needs input with channels, (n, channels, ...)"),
        *of_all(
            "BiasLayer ScaleLayer ParametricRectifierLayer RandomizedRectifierLayer",
            ("shared_axes='auto' needs input with channels, (n, channels, ...)",),
        ),
        *of_all(
            "GroupNormLayer LayerNormLayer InstanceNormLayer NINLayer GlobalPoolLayer "
            "SpatialDropoutLayer DropoutLocationsLayer StochasticDepthLayer SqueezeExciteLayer",
            ("takes input with channels, (n, channels, ...), got (None,)",),
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


def test_a_net_refuses_when_it_is_initialised():
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
        r"^3 problems:\n - layer 'conv' .*num_filters=0 (?s:.*)layer 'fc' .*num_units='ten'"
    ):
        net.initialize()

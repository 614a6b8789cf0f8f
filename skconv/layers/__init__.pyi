from ..utils.fields import initial, optional, runtime, structural
from .attention import MultiHeadAttentionLayer
from .base import Context, Layer, MergeLayer, ParamSpec, extra_input, layer_reference
from .conv import (
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    DepthwiseConv2DLayer,
    DilatedConv2DLayer,
    SeparableConv2DLayer,
)
from .custom_recurrent import CustomRecurrentLayer
from .cyclic import (
    CyclicPoolLayer,
    CyclicRollLayer,
    CyclicSliceLayer,
    CyclicStackLayer,
    root_mean_square,
)
from .dense import DenseLayer, NINLayer
from .embedding import EmbeddingLayer
from .feature import FeaturePoolLayer, FeatureWTALayer
from .graph import (
    count_params,
    get_all_layers,
    get_all_param_values,
    get_all_params,
    get_output,
    get_output_shape,
    set_all_param_values,
)
from .input import InputLayer
from .inverse import InverseLayer
from .lengths import conv_input_length, conv_output_length, pool_output_length
from .local import LocallyConnected1DLayer, LocallyConnected2DLayer, LocallyConnected3DLayer
from .merge import ConcatLayer, ElemwiseMergeLayer, ElemwiseSumLayer, concat
from .module import ModuleLayer
from .noise import (
    DropoutLayer,
    DropoutLocationsLayer,
    GaussianNoiseLayer,
    SpatialDropoutLayer,
    StochasticDepthLayer,
    dropout,
    dropout_channels,
    dropout_locations,
    spatial_dropout,
)
from .normalization import BatchNormLayer, LocalResponseNormalization2DLayer, NormalizationLayer
from .pool import (
    MaxPool1DLayer,
    MaxPool2DLayer,
    MaxPool3DLayer,
    Pool1DLayer,
    Pool2DLayer,
    Pool3DLayer,
)
from .recurrent import Gate, GRULayer, LSTMLayer, RecurrentLayer
from .shape import (
    DimshuffleLayer,
    FlattenLayer,
    PadLayer,
    ReshapeLayer,
    SliceLayer,
    dimshuffle,
    flatten,
    pad,
    reshape,
)
from .shortcuts import (
    batch_norm,
    batch_norm_dnn,
    grad_scale,
    instance_norm,
    layer_norm,
    prelu,
    rrelu,
    standardize,
)
from .special import (
    BiasLayer,
    ExpressionLayer,
    NonlinearityLayer,
    ParametricRectifierLayer,
    RandomizedRectifierLayer,
    ScaleLayer,
)
from .squeeze import SqueezeExciteLayer
from .standardization import GroupNormLayer, InstanceNormLayer, LayerNormLayer, StandardizationLayer
from .tokens import ClassTokenLayer
from .transformer import TPSTransformerLayer, TransformerLayer
from .transposed import Deconv2DLayer, Deconv3DLayer, TransposedConv2DLayer, TransposedConv3DLayer
from .upscale import Upscale1DLayer, Upscale2DLayer, Upscale3DLayer
from .whole import GlobalPoolLayer, SpatialPyramidPoolingLayer

__all__ = [
    "BatchNormLayer",
    "BiasLayer",
    "ClassTokenLayer",
    "ConcatLayer",
    "Context",
    "Conv1DLayer",
    "Conv2DLayer",
    "Conv3DLayer",
    "CustomRecurrentLayer",
    "CyclicPoolLayer",
    "CyclicRollLayer",
    "CyclicSliceLayer",
    "CyclicStackLayer",
    "Deconv2DLayer",
    "Deconv3DLayer",
    "DenseLayer",
    "DepthwiseConv2DLayer",
    "DilatedConv2DLayer",
    "DimshuffleLayer",
    "DropoutLayer",
    "DropoutLocationsLayer",
    "ElemwiseMergeLayer",
    "ElemwiseSumLayer",
    "EmbeddingLayer",
    "ExpressionLayer",
    "FeaturePoolLayer",
    "FeatureWTALayer",
    "FlattenLayer",
    "GRULayer",
    "Gate",
    "GaussianNoiseLayer",
    "GlobalPoolLayer",
    "GroupNormLayer",
    "InputLayer",
    "InstanceNormLayer",
    "InverseLayer",
    "LSTMLayer",
    "Layer",
    "LayerNormLayer",
    "LocalResponseNormalization2DLayer",
    "LocallyConnected1DLayer",
    "LocallyConnected2DLayer",
    "LocallyConnected3DLayer",
    "MaxPool1DLayer",
    "MaxPool2DLayer",
    "MaxPool3DLayer",
    "MergeLayer",
    "ModuleLayer",
    "MultiHeadAttentionLayer",
    "NINLayer",
    "NonlinearityLayer",
    "NormalizationLayer",
    "PadLayer",
    "ParamSpec",
    "ParametricRectifierLayer",
    "Pool1DLayer",
    "Pool2DLayer",
    "Pool3DLayer",
    "RandomizedRectifierLayer",
    "RecurrentLayer",
    "ReshapeLayer",
    "ScaleLayer",
    "SeparableConv2DLayer",
    "SliceLayer",
    "SpatialDropoutLayer",
    "SpatialPyramidPoolingLayer",
    "SqueezeExciteLayer",
    "StandardizationLayer",
    "StochasticDepthLayer",
    "TPSTransformerLayer",
    "TransformerLayer",
    "TransposedConv2DLayer",
    "TransposedConv3DLayer",
    "Upscale1DLayer",
    "Upscale2DLayer",
    "Upscale3DLayer",
    "batch_norm",
    "batch_norm_dnn",
    "concat",
    "conv_input_length",
    "conv_output_length",
    "count_params",
    "dimshuffle",
    "dropout",
    "dropout_channels",
    "dropout_locations",
    "extra_input",
    "flatten",
    "get_all_layers",
    "get_all_param_values",
    "get_all_params",
    "get_output",
    "get_output_shape",
    "grad_scale",
    "initial",
    "instance_norm",
    "layer_norm",
    "layer_reference",
    "optional",
    "pad",
    "pool_output_length",
    "prelu",
    "reshape",
    "root_mean_square",
    "rrelu",
    "runtime",
    "set_all_param_values",
    "spatial_dropout",
    "standardize",
    "structural",
]

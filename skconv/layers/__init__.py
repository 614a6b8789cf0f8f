"""Layers under Lasagne's names, one family a file."""

from .base import Context, Layer, MergeLayer, ParamSpec, initial, runtime, structural
from .conv import Conv2DLayer
from .dense import DenseLayer
from .input import InputLayer
from .merge import ConcatLayer, ElemwiseSumLayer
from .noise import DropoutLayer
from .normalization import BatchNormLayer
from .pool import MaxPool2DLayer, Pool2DLayer
from .shape import FlattenLayer, ReshapeLayer
from .special import NonlinearityLayer

__all__ = [
    "BatchNormLayer",
    "ConcatLayer",
    "Context",
    "Conv2DLayer",
    "DenseLayer",
    "DropoutLayer",
    "ElemwiseSumLayer",
    "FlattenLayer",
    "InputLayer",
    "Layer",
    "MaxPool2DLayer",
    "MergeLayer",
    "NonlinearityLayer",
    "ParamSpec",
    "Pool2DLayer",
    "ReshapeLayer",
    "initial",
    "runtime",
    "structural",
]

"""Transforms of training batches, compiled into the training step."""

from .base import Transform, invoke, runtime_values, with_classes, with_values
from .crop import RandomCrop, RandomResizedCrop
from .geometric import AlternatingFlip, RandomAffine, RandomFlip, Rot90

__all__ = [
    "AlternatingFlip",
    "RandomAffine",
    "RandomCrop",
    "RandomFlip",
    "RandomResizedCrop",
    "Rot90",
    "Transform",
    "invoke",
    "runtime_values",
    "with_classes",
    "with_values",
]

"""Transforms of training batches, compiled into the training step."""

from .base import Transform, invoke, needs_rows, runtime_values, with_classes, with_values
from .color import Brightness, Contrast, Gamma, Hue, PCAColor, Saturation
from .crop import RandomCrop, RandomResizedCrop
from .elastic import ElasticDeformation
from .geometric import AlternatingFlip, RandomAffine, RandomFlip, Rot90
from .mix import CutMix, Cutout, MixUp
from .noise import GaussianBlur, GaussianNoise
from .policy import OneOf, Sometimes
from .rand_augment import RandAugment

__all__ = [
    "AlternatingFlip",
    "Brightness",
    "Contrast",
    "CutMix",
    "Cutout",
    "ElasticDeformation",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "Hue",
    "MixUp",
    "OneOf",
    "PCAColor",
    "RandAugment",
    "RandomAffine",
    "RandomCrop",
    "RandomFlip",
    "RandomResizedCrop",
    "Rot90",
    "Saturation",
    "Sometimes",
    "Transform",
    "invoke",
    "needs_rows",
    "runtime_values",
    "with_classes",
    "with_values",
]

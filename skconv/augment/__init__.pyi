from .base import Grid, Transform, invoke, mixes, needs_rows
from .color import Brightness, Contrast, Gamma, Hue, PCAColor, Saturation
from .crop import RandomCrop, RandomResizedCrop
from .elastic import ElasticDeformation
from .geometric import AlternatingFlip, RandomAffine, RandomFlip, Rot90
from .grids import Dihedral, FiveCrop, QuasiAffine, TenCrop
from .mix import CutMix, Cutout, MixUp
from .monte_carlo import MonteCarloDropout
from .noise import GaussianBlur, GaussianNoise
from .policy import OneOf, Sometimes
from .rand_augment import RandAugment
from .test_time import TestTime
from .tunable import runtime_values, with_values
from .unset_fields import with_classes

__all__ = [
    "AlternatingFlip",
    "Brightness",
    "Contrast",
    "CutMix",
    "Cutout",
    "Dihedral",
    "ElasticDeformation",
    "FiveCrop",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "Grid",
    "Hue",
    "MixUp",
    "MonteCarloDropout",
    "OneOf",
    "PCAColor",
    "QuasiAffine",
    "RandAugment",
    "RandomAffine",
    "RandomCrop",
    "RandomFlip",
    "RandomResizedCrop",
    "Rot90",
    "Saturation",
    "Sometimes",
    "TenCrop",
    "TestTime",
    "Transform",
    "invoke",
    "mixes",
    "needs_rows",
    "runtime_values",
    "with_classes",
    "with_values",
]

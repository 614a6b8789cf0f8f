"""What every layer should compute: formulas of the papers and of Lasagne, in NumPy alone."""

from . import arranging, dense, elementwise, filters, merging, noise, normalizing, pooling
from .base import REFERENCES, Case

__all__ = [
    "REFERENCES",
    "Case",
    "arranging",
    "dense",
    "elementwise",
    "filters",
    "merging",
    "noise",
    "normalizing",
    "pooling",
]

"""Transformers that prepare images, sequences and tables for nets, and a dict of inputs."""

from .slice_dict import SliceDict
from .split_columns import SplitColumns
from .standardize import Standardize

__all__ = ["SliceDict", "SplitColumns", "Standardize"]

"""Transformers that prepare images, sequences and tables for nets, and a dict of inputs."""

from .slice_dict import SliceDict
from .standardize import Standardize

__all__ = ["SliceDict", "Standardize"]

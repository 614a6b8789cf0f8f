"""Transformers that prepare images, sequences and tables for nets, and a dict of inputs."""

from .map_dataset import read_dataset
from .pad_sequences import PadSequences
from .slice_dict import SliceDict
from .split_columns import SplitColumns
from .standardize import Standardize

__all__ = ["PadSequences", "SliceDict", "SplitColumns", "Standardize", "read_dataset"]

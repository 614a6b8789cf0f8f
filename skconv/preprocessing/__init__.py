"""Transformers that read or prepare images, sequences and tables, and containers of rows."""

from .caffe_preprocessing import CaffePreprocessing
from .dataset_rows import DatasetRows
from .encode_columns import EncodeColumns
from .map_dataset import read_dataset
from .pad_sequences import PadSequences
from .prepare_images import PrepareImages
from .read_images import ReadImages
from .row_view import RowView
from .slice_dict import SliceDict
from .split_columns import SplitColumns
from .standardize import Standardize

__all__ = [
    "CaffePreprocessing",
    "DatasetRows",
    "EncodeColumns",
    "PadSequences",
    "PrepareImages",
    "ReadImages",
    "RowView",
    "SliceDict",
    "SplitColumns",
    "Standardize",
    "read_dataset",
]

"""Transformers that prepare images, sequences and tables for nets."""

from .standardize import Standardize

__all__ = ["Standardize"]

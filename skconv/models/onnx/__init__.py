"""Nets in ONNX files."""

from .convert import from_onnx

__all__ = ["from_onnx"]

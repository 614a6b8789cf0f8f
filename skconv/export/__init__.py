"""Fitted nets as files for other programs: ONNX."""

from .onnx_file import to_onnx

__all__ = ["to_onnx"]

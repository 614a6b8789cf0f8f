"""Bagging of nets that are trained together."""

from .bagging import BatchedBagging

__all__ = ["BatchedBagging"]

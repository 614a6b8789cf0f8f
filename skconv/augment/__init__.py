"""Data augmentation, compiled into the training step and into prediction."""

from ..utils.lazy_package import load_lazily

__all__ = load_lazily(__name__)

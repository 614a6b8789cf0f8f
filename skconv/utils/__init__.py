"""Helpers of `lasagne.utils`, and the plumbing of all rooms: fields, checks, cache keys, memo."""

from .lazy_package import load_lazily

__all__ = load_lazily(__name__)

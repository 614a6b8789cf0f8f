"""Helpers of `lasagne.utils`, and the plumbing of all rooms: fields, checks, cache keys, memo."""

from .lasagne import (
    as_tuple,
    compute_norms,
    floatX,
    inspect_kwargs,
    int_types,
    one_hot,
    unique,
)

__all__ = [
    "as_tuple",
    "compute_norms",
    "floatX",
    "inspect_kwargs",
    "int_types",
    "one_hot",
    "unique",
]

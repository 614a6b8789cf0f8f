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

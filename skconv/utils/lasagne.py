"""The helpers of `lasagne.utils` that do not depend on Theano."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "as_tuple",
    "compute_norms",
    "floatX",
    "inspect_kwargs",
    "int_types",
    "one_hot",
    "unique",
]

H = TypeVar("H", bound=Hashable)

int_types = (numbers.Integral, np.integer)
"""Types of integers for `isinstance`."""


def floatX(arr: ArrayLike) -> np.ndarray:  # noqa: N802, Lasagne's name
    """Return an array of float32, the dtype that networks compute in.

    Parameters
    ----------
    arr : array-like

    Returns
    -------
    float32 array
        `arr` itself if it is such an array.

    Examples
    --------
    >>> floatX([1, 2]).dtype
    dtype('float32')
    """
    return np.asarray(arr, dtype=np.float32)


def unique(l: Iterable[H]) -> list[H]:  # noqa: E741, Lasagne's name
    """Return the different elements of an iterable, in the order of their first occurrence.

    Examples
    --------
    >>> unique([3, 1, 3, 2])
    [3, 1, 2]
    """
    return list(dict.fromkeys(l))


def as_tuple(x: Any, N: int, t: Any = None) -> tuple[Any, ...]:
    """Return a tuple of `N` elements: those of an iterable, or `N` times another value.

    Parameters
    ----------
    x : object or iterable
    N : int
        Number of elements.
    t : type or tuple of types, optional
        Type that all elements must have.

    Returns
    -------
    tuple

    Raises
    ------
    TypeError
        If an element is not an instance of `t`.
    ValueError
        If `x` is an iterable of another length.

    Examples
    --------
    >>> as_tuple(3, 2), as_tuple([3, 5], 2, int)
    ((3, 3), (3, 5))
    """
    elements = tuple(x) if isinstance(x, Iterable) else (x,) * N
    if t is not None and not all(isinstance(element, t) for element in elements):
        types = t if isinstance(t, tuple) else (t,)
        names = "int" if t == int_types else " or ".join(each.__name__ for each in types)
        raise TypeError(f"x must be a single {names} or an iterable of them, got {x!r}")
    if len(elements) != N:
        raise ValueError(f"x must be a single value or an iterable of {N}, got {x!r}")
    return elements


def one_hot(x: ArrayLike, m: int | None = None) -> Any:
    """Return a matrix with a one in each row, in the column that an integer names.

    Parameters
    ----------
    x : array-like of int, of shape (n,)
    m : int, optional
        Number of columns, by default ``max(x) + 1``. Required within a function that JAX traces.

    Returns
    -------
    float32 array of shape (n, m)
        An array of JAX if `x` is one.

    Raises
    ------
    ValueError
        If `x` is not a vector of integers from 0 to ``m - 1``.

    Examples
    --------
    >>> one_hot([2, 0])
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    if isinstance(x, jax.core.Tracer):
        if m is None:
            raise ValueError("m must be given for values that JAX traces, got None")
        return jax.nn.one_hot(x, m, dtype=jnp.float32)
    values = np.asarray(x)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise ValueError(
            f"x must be a vector of integers, got {values.dtype} of shape {values.shape}"
        )
    highest = int(values.max(initial=-1))
    columns = highest + 1 if m is None else m
    if values.min(initial=0) < 0 or highest >= columns:
        valid = "non-negative integers" if m is None else f"integers from 0 to {m - 1}"
        raise ValueError(f"x must hold {valid}, got {values.min()} to {highest}")
    encoded = np.eye(columns, dtype=np.float32)[values]
    return jnp.asarray(encoded) if isinstance(x, jax.Array) else encoded


def inspect_kwargs(func: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments of a function that have defaults, in order.

    Examples
    --------
    >>> def rule(learning_rate, momentum=0.9, epsilon=1e-6): ...
    >>> inspect_kwargs(rule)
    ['momentum', 'epsilon']
    """
    parameters = inspect.signature(func).parameters.values()
    return [each.name for each in parameters if each.default is not each.empty]


def norm_axes_of(ndim: int, *, vectors: bool) -> tuple[int, ...]:
    """Return the axes of a unit's weights, over which `compute_norms` and constraints sum.

    Parameters
    ----------
    ndim : int
        Number of axes of the parameter: 2 for those of dense layers, ``(inputs, units)``, and 3 to
        5 for those of convolutions, ``(filters, channels, ...)``.
    vectors : bool
        Whether vectors, such as biases, are allowed; each of their elements is a unit's.

    Raises
    ------
    ValueError
        For another number of axes.

    Examples
    --------
    >>> norm_axes_of(2, vectors=False), norm_axes_of(4, vectors=False)
    ((0,), (1, 2, 3))
    """
    if ndim == 1 and vectors:
        return ()
    if ndim == 2:
        return (0,)
    if ndim in (3, 4, 5):
        return tuple(range(1, ndim))
    raise ValueError(
        f"norm_axes must be given for an array of {ndim} axes, such as norm_axes=(0,), got None"
    )


def compute_norms(array: Any, norm_axes: Sequence[int] | None = None) -> Any:
    """Return the norms of the weights that enter each unit.

    Parameters
    ----------
    array : array
        Weights or biases.
    norm_axes : sequence of int, optional
        Axes to sum over. By default the first for a matrix, as of a dense layer, all but the first
        for 3 to 5 axes, as of a convolution, and none for a vector.

    Returns
    -------
    array
        Of the shape of the other axes; an array of JAX if `array` is one.

    Raises
    ------
    ValueError
        If `norm_axes` must be given, because of the number of axes.

    Examples
    --------
    >>> compute_norms(np.array([[3.0, 0.0], [4.0, 1.0]]))
    array([5., 1.])
    """
    array = array if isinstance(array, jax.Array) else np.asarray(array)
    axes = norm_axes_of(array.ndim, vectors=True) if norm_axes is None else tuple(norm_axes)
    xp: Any = jnp if isinstance(array, jax.Array) else np
    return xp.sqrt(xp.sum(xp.square(array), axis=axes)) if axes else xp.abs(array)

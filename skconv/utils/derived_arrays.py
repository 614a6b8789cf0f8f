"""Arrays that are computed from others once their values are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax  # noqa: F401  registers bfloat16 and types of 8 bits with NumPy
import numpy as np

from .foreign_arrays import as_numpy, is_tensor


def first(array: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """Return the first of several arrays."""
    return array


def unchanged(array: np.ndarray) -> np.ndarray:
    """Return the array itself."""
    return array


class DerivedArray:
    """An array whose shape is known before its values are read.

    So shapes can be checked for arrays in files, and for tensors that declare more values than they
    hold, without memory for them.

    Parameters
    ----------
    name : str
        For messages.
    sources : sequence of array
        Arrays, tensors of torch, or arrays in files. The first one determines shape and dtype.
    view : callable
        Rearranges each source without looking at its values: transposes it, or takes a part.
    combine : callable
        Computes the values from those of all sources, and keeps the shape of the first.

    Examples
    --------
    >>> array = DerivedArray('W', [np.ones((2, 3))], np.transpose, lambda W: 2 * W)
    >>> array.shape, np.asarray(array).sum()
    ((3, 2), np.float64(12.0))
    """

    def __init__(
        self,
        name: str,
        sources: Sequence[Any],
        view: Callable[[np.ndarray], np.ndarray] = unchanged,
        combine: Callable[..., np.ndarray] = first,
    ) -> None:
        self.name = name
        self.sources = tuple(sources)
        self.view = view
        self.combine = combine

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        return self._shapes()[0]

    def shape_or_none(self) -> tuple[int, ...] | None:
        """Return the shape, or None if the sources cannot be rearranged so."""
        try:
            return self.shape
        except (TypeError, ValueError, IndexError):
            return None

    def _shapes(self) -> list[tuple[int, ...]]:
        return [self.view(_without_memory(shape_of(source))).shape for source in self.sources]

    @property
    def dtype(self) -> np.dtype | None:
        """Type of the first source that does not hold real numbers, or of the first one at all."""
        kinds = [dtype_of(source) for source in self.sources]
        unusual = [kind for kind in kinds if kind is None or kind.kind not in "fiu"]
        return (unusual or kinds)[0]

    @property
    def type_name(self) -> str:
        """Name of the type, for messages."""
        source = next(one for one in self.sources if dtype_of(one) is self.dtype)
        return str(getattr(source, "type_name", source.dtype)).removeprefix("torch.")

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        shapes = self._shapes()
        if len(set(shapes)) > 1:
            raise ValueError(f"{self.name} must come from arrays of one shape, got {shapes}")
        values = [self.view(read_array(self.name, source)) for source in self.sources]
        try:
            array = np.asarray(self.combine(*values))
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from error
        return array if dtype is None else array.astype(dtype)


def shape_of(source: Any) -> tuple[int, ...]:
    """Return the shape of an array or tensor without reading it."""
    return tuple(int(n) for n in np.shape(source))


def dtype_of(source: Any) -> np.dtype | None:
    """Return the type of an array or tensor as NumPy has it; None if NumPy has no such type."""
    kind = getattr(source, "dtype", None)
    if not is_tensor(source):
        return kind if isinstance(kind, np.dtype) or kind is None else np.dtype(kind)
    name = str(kind).removeprefix("torch.")
    try:
        return None if name.startswith(("float8", "float4")) else np.dtype(name)
    except TypeError:
        return None


def read_array(name: str, source: Any) -> np.ndarray:
    """Return the values of an array, or of a tensor of torch on any device and in any graph.

    Raises
    ------
    ValueError
        If NumPy cannot read it.
    """
    if not is_tensor(source):
        return as_numpy(name, source)
    try:
        source = source.detach().cpu()
        source = source.float() if str(source.dtype) == "torch.bfloat16" else source
    except (RuntimeError, NotImplementedError) as error:
        raise ValueError(f"{name} must hold values, got a tensor without: {error}") from error
    return as_numpy(name, source)


def _without_memory(shape: tuple[int, ...]) -> np.ndarray:
    """Return an array of a shape that takes no memory."""
    return np.broadcast_to(np.float32(0), shape)

"""Shapes of outputs that are known without a net, or not for a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, Self

from .shapes import Shape


class ShapeError(ValueError):
    """The shape of a layer that is not known, or that its inputs do not fit."""


class KnownShape(tuple):
    """The shape of a layer's output, which can be called for inputs of other shapes.

    Parameters
    ----------
    shape : tuple
    method : callable
        Returns the shape of the output for shapes of the inputs.
    """

    def __new__(cls, shape: Shape, method: Callable[..., Shape]) -> Self:
        """Return the shape with its method."""
        self = super().__new__(cls, shape)
        self._method = method
        return self

    _method: Callable[..., Shape]

    def __call__(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the output for shapes of the inputs."""
        return self._method(*input_shapes)

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)


class UnknownShape:
    """The shape of a layer's output that is not known, for a reason that it raises.

    Parameters
    ----------
    error : Exception
        The reason.
    method : callable
        Returns the shape of the output for shapes of the inputs.
    """

    def __init__(self, error: Exception, method: Callable[..., Shape]) -> None:
        self._error = error
        self._method = method

    def __call__(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the output for shapes of the inputs."""
        return self._method(*input_shapes)

    def _raise(self, *args: Any) -> NoReturn:
        raise ShapeError(str(self._error)) from self._error

    __getitem__ = __iter__ = __len__ = __eq__ = __add__ = __radd__ = _raise
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<unknown: {self._error}>"

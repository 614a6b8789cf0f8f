"""Initial values of parameters that stand for the parameters themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike


class Holder(Protocol):
    """A layer that holds parameters."""

    @property
    def graph_key(self) -> Any:
        """Key of the layer among others."""

    def parameter_name(self, name: str) -> str:
        """Return the name of a parameter with that of the layer."""

    def parameter_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a parameter."""

    def read_parameter(self, name: str) -> np.ndarray:
        """Return a copy of the values of a parameter."""

    def write_parameter(self, name: str, values: ArrayLike) -> None:
        """Set the values of a parameter."""


@dataclass(frozen=True, repr=False, eq=False)
class OwnedValue:
    """The initial value of one layer's parameter, which stands for that parameter.

    It equals its initial value, but only a layer that is given this very object shares the
    parameter. Once its values are read or set, a net starts from them.

    Parameters
    ----------
    init : initializer, number, array or str
        The initial value.
    """

    init: Any

    @property
    def T(self) -> TransposedValue:  # noqa: N802, NumPy's name
        """The transposed parameter, for layers that share it with their axes reversed."""
        return TransposedValue(self)

    @property
    def graph_key(self) -> int:
        """Key of the parameter among those of all layers; equal ones have different keys."""
        return id(self)

    @property
    def start(self) -> Any:
        """What a net starts from: the values, if they were read or set, else the initial value."""
        return vars(self).get("_values", self.init)

    def hold(self, holder: Holder, name: str) -> None:
        """Note the layer that the parameter belongs to, and its name there."""
        vars(self)["_holder"] = holder, name

    @property
    def holder_key(self) -> Any:
        """Key of the layer that the parameter belongs to, or None."""
        return vars(self)["_holder"][0].graph_key if "_holder" in vars(self) else None

    def keep(self, values: np.ndarray) -> None:
        """Keep values that a net starts from."""
        vars(self)["_values"] = values

    def copied(self) -> OwnedValue:
        """Return another parameter that starts from the same."""
        other = OwnedValue(self.init)
        if "_values" in vars(self):
            other.keep(vars(self)["_values"])
        return other

    def get_value(self, borrow: bool = False) -> np.ndarray:
        """Return a copy of the values: those in the net, if the layer is in one, or initial ones.

        Parameters
        ----------
        borrow : bool
            Without effect; accepted as in Theano.

        Raises
        ------
        AttributeError
            If the layer was not given its inputs.
        ValueError
            If the shape is not known.
        """
        holder, name = self._held("get_value")
        return holder.read_parameter(name)

    def set_value(self, value: ArrayLike, borrow: bool = False) -> None:
        """Set the values: in the net, if the layer is in one, else those that a net starts from.

        Parameters
        ----------
        value : array-like
        borrow : bool
            Without effect; accepted as in Theano.

        Raises
        ------
        AttributeError
            If the layer was not given its inputs.
        ValueError
            If the shape differs or is not known, or if values are not finite.
        """
        holder, name = self._held("set_value")
        holder.write_parameter(name, value)

    @property
    def name(self) -> str:
        """Name of the parameter, with that of its layer if it has one, ``'hidden.W'``."""
        holder, name = self._held("name")
        return holder.parameter_name(name)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the parameter."""
        holder, name = self._held("shape")
        return holder.parameter_shape(name)

    def _held(self, what: str) -> tuple[Holder, str]:
        if "_holder" not in vars(self):
            raise AttributeError(
                f"a layer that was not given its inputs has no values before its net is "
                f"initialized, so {what!r} is missing; create it as in "
                "DenseLayer(InputLayer((None, 4)), 10), or read a parameter of the net, as in "
                "net.layers_['hidden'].W"
            )
        return vars(self)["_holder"]

    def __call__(self, *args: Any) -> Any:
        """Draw an array, for initial values that are initializers."""
        return self.init(*args)

    def __getattr__(self, name: str) -> Any:
        if name == "init" or name.startswith("_"):
            raise AttributeError(name)
        if name == "eval":
            raise AttributeError(
                "a parameter of a layer is not an expression, so 'eval' is missing; "
                "get_value() returns its values"
            )
        if not hasattr(self.init, name):
            raise AttributeError(
                f"a parameter of a layer has no {name!r}; other layers may share it as it is, "
                "W=other.W, or transposed, W=other.W.T"
            )
        return getattr(self.init, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.init == (other.init if isinstance(other, OwnedValue) else other))

    def __hash__(self) -> int:
        return hash(self.init)

    def __repr__(self) -> str:
        return repr(self.init)


@dataclass(frozen=True)
class TransposedValue:
    """A parameter of another layer with its axes reversed, as in tied weights.

    Parameters
    ----------
    parameter : OwnedValue
    """

    parameter: OwnedValue

    @property
    def T(self) -> OwnedValue:  # noqa: N802, NumPy's name
        """The parameter itself."""
        return self.parameter


def owned(value: Any) -> Any:
    """Return an initial value that stands for one parameter, unless it does so already.

    Examples
    --------
    >>> value = owned(0.5)
    >>> value, owned(value) is value
    (0.5, True)
    """
    return value if isinstance(value, OwnedValue | TransposedValue) else OwnedValue(value)


def plain(value: Any) -> Any:
    """Return an initial value without what stands for a parameter.

    Examples
    --------
    >>> plain(owned(0.5)), plain(0.5)
    (0.5, 0.5)
    """
    return value.start if isinstance(value, OwnedValue) else value

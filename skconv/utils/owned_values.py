"""Initial values of parameters that stand for the parameters themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, repr=False, eq=False)
class OwnedValue:
    """The initial value of one layer's parameter, which stands for that parameter.

    It equals its initial value, but only a layer that is given this very object shares the
    parameter.

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

    def __call__(self, *args: Any) -> Any:
        """Draw an array, for initial values that are initializers."""
        return self.init(*args)

    def __getattr__(self, name: str) -> Any:
        if name == "init" or name.startswith("_"):
            raise AttributeError(name)
        if name in ("get_value", "set_value", "eval"):
            raise AttributeError(
                f"a layer has no values before its net is initialized, so {name!r} is missing; "
                "call it on a parameter of the net, as in net.layers_['hidden'].W"
            )
        if not hasattr(self.init, name):
            raise AttributeError(
                f"a parameter of a layer has no {name!r}; other layers may share it as it is, "
                "W=other.W, or transposed, W=other.W.T"
            )
        return getattr(self.init, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.init == plain(other))

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
    return value.init if isinstance(value, OwnedValue) else value

"""Values by output: the names of outputs, and parts of arguments for each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ..errors import Problems, did_you_mean

T = TypeVar("T")


Names = tuple[str | None, ...]
"""Names of the outputs; None for a single one."""


def output_names(outputs: Any) -> tuple[str | None, ...]:
    """Return the names of the outputs; by default None, for the last layer.

    Examples
    --------
    >>> output_names(['digit', 'parity']), output_names('digit'), output_names(None)
    (('digit', 'parity'), ('digit',), (None,))
    """
    if isinstance(outputs, list | tuple) and outputs:
        return tuple(outputs)
    return (outputs if isinstance(outputs, str) else None,)


def by_output(
    argument: str, value: Any, names: Sequence[str | None], default: Any
) -> tuple[Any, ...]:
    """Return the part of a value for each output, by name or in order.

    Parameters
    ----------
    argument : str
        Name of the argument, for messages.
    value : mapping, list, tuple or object
        Any other object applies to each output.
    names : sequence of str or None
        The outputs; None for a single one.
    default : object
        For outputs missing in a mapping.

    Examples
    --------
    >>> by_output('regression', {'age': True}, ['digit', 'age'], False)
    (False, True)
    >>> by_output('regression', True, ['digit', 'age'], False)
    (True, True)
    """
    if isinstance(value, Mapping):
        problems = Problems()
        for name in value:
            if name not in names:
                hint = did_you_mean(name, filter(None, names))
                problems.add(f"{argument} must have names of outputs as keys, got {name!r}.{hint}")
        problems.raise_any()
        return tuple(value.get(name, default) for name in names)
    if isinstance(value, list | tuple):
        if len(value) != len(names):
            raise ValueError(
                f"{argument} must have an entry for each of the {len(names)} outputs, "
                f"got {len(value)}"
            )
        return tuple(value)
    return (value,) * len(names)


def regression_by_output(regression: Any, outputs: Any) -> tuple[bool, ...]:
    """Return for each output whether it predicts numbers; tolerates parameters that are not valid.

    Parameters
    ----------
    regression, outputs
        As the parameters of `NeuralNet`.

    Examples
    --------
    >>> regression_by_output({'age': True}, ['digit', 'age']), regression_by_output(True, None)
    ((False, True), (True,))
    """
    names = output_names(outputs)
    if isinstance(regression, Mapping):
        return tuple(bool(regression.get(name)) for name in names)
    if isinstance(regression, list | tuple):
        return tuple(i < len(regression) and bool(regression[i]) for i in range(len(names)))
    return (bool(regression),) * len(names)


def unwrap_single(values: Sequence[Any]) -> Any:
    """Return the only value of a sequence, or a tuple of several."""
    return values[0] if len(values) == 1 else tuple(values)


def as_tuple(values: Any) -> tuple[Any, ...]:
    """Return the tuple of values that `unwrap_single` was given."""
    return tuple(values) if isinstance(values, list | tuple) else (values,)


def for_each(names: Names, function: Callable[..., T], *values: Sequence[Any]) -> tuple[T, ...]:
    """Call a function for each output; the message of an error names the output."""

    def call(name: str | None, *own: Any) -> T:
        try:
            return function(*own)
        except (ValueError, TypeError) as error:
            if name is None:
                raise
            raise ValueError(f"output {name!r}: {error}") from error

    problems = Problems()
    results = problems.call_each(call, names, *values)
    problems.raise_any()
    return tuple(results)


def listed(names: Names) -> str:
    """Return the names of outputs as text."""
    return ", ".join(map(str, names))

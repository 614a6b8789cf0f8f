"""Say what was given, where, what would be valid, and the nearest match."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class LayerError(ValueError):
    """A layer cannot be built or applied as it was described.

    The network adds the layer's name and type to the message before the error reaches the user.
    """


class TransformError(ValueError):
    """A transform cannot change the batch that it was given.

    The message begins with the transform's class.
    """


def did_you_mean(given: str, valid: Iterable[str]) -> str:
    """End a message about an unknown name: the nearest match, or all that is valid.

    Parameters
    ----------
    given : str
        The name that is not known.
    valid : iterable of str
        The names that are.

    Returns
    -------
    str
        A sentence that starts with a space, or nothing where nothing is valid.

    Examples
    --------
    >>> did_you_mean('num_filter', ['num_filters', 'stride'])
    " Did you mean 'num_filters'?"
    >>> did_you_mean('xyz', ['num_filters', 'stride'])
    ' Valid names: num_filters, stride.'
    """
    names = [str(name) for name in valid]
    if not names:
        return ""
    near = difflib.get_close_matches(str(given), names, n=1, cutoff=0.6)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" Valid names: {', '.join(names)}."


def describe_layer(name: str, layer: Any) -> str:
    """Name a layer in a message: its name and its class."""
    cls = layer if isinstance(layer, type) else type(layer)
    return f"layer {name!r} ({cls.__name__})"


class ProblemsError(ValueError):
    """Several faults of one call.

    Parameters
    ----------
    problems : list of Exception
    """

    def __init__(self, problems: list[Exception]) -> None:
        lines = "".join(f"\n - {error}" for error in problems)
        super().__init__(f"{len(problems)} problems:{lines}")
        self.problems = problems

    def __reduce__(self) -> tuple[Any, ...]:
        return ProblemsError, (self.problems,)


class Problems:
    """Collect the faults of one call, so that one message tells them all.

    A single fault is raised as it was found, with its own type; several become one `ProblemsError`.

    Examples
    --------
    >>> problems = Problems()
    >>> with problems.collect():
    ...     raise ValueError('X is empty')
    >>> problems.add('y is missing')
    >>> problems.raise_any()
    Traceback (most recent call last):
    ...
    skconv.errors.ProblemsError: 2 problems:
     - X is empty
     - y is missing
    """

    def __init__(self) -> None:
        self.found: list[Exception] = []

    def add(self, message: str) -> None:
        """Note a fault without leaving the place that found it."""
        self.found.append(ValueError(message))

    @contextlib.contextmanager
    def collect(self) -> Iterator[None]:
        """Note a `ValueError` or `TypeError` raised inside, and go on after the block."""
        try:
            yield
        except ProblemsError as many:
            self.found.extend(many.problems)
        except (ValueError, TypeError) as error:
            self.found.append(error)

    def call_each(self, function: Callable[..., T], *arguments: Iterable[Any]) -> list[T]:
        """Call a function for each item, as `map` does, and collect the errors it raises.

        Returns the results of the calls that succeeded.

        Examples
        --------
        >>> problems = Problems()
        >>> problems.call_each(int, ['1', 'two', '3'])
        [1, 3]
        >>> problems.found
        [ValueError("invalid literal for int() with base 10: 'two'")]
        """
        results = []
        for items in zip(*arguments, strict=True):
            try:
                results.append(function(*items))
            except ProblemsError as many:
                self.found.extend(many.problems)
            except (ValueError, TypeError) as error:
                self.found.append(error)
        return results

    def raise_any(self) -> None:
        """Raise what was noted, if anything was."""
        if not self.found:
            return
        if len(self.found) == 1:
            raise self.found[0]
        raise ProblemsError(self.found)

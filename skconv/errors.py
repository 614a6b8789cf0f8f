"""Error types, hints for misspelled names, and messages that report several problems at once."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sklearn.utils._param_validation import InvalidParameterError as InvalidParameterError

T = TypeVar("T")


class LayerError(ValueError):
    """An error in building or applying a layer.

    The network adds the layer's name and class to the message before the user sees it.
    """


class TransformError(ValueError):
    """An error in applying a transform to a batch; the message starts with its class."""


def did_you_mean(given: str, valid: Iterable[str], most: int | None = None) -> str:
    """Return a hint for a message about an unknown name: the nearest match, or all valid names.

    Parameters
    ----------
    given : str
        The unknown name.
    valid : iterable of str
        The known names.
    most : int, optional
        Number of valid names to list if there are more; by default all.

    Returns
    -------
    str
        A sentence with a leading space, or an empty string if `valid` is empty.

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
    near = nearest(str(given), names)
    if near is not None:
        return f" Did you mean {near!r}?"
    return f" Valid names: {list_names(names, most or len(names))}."


def nearest(given: str, names: Iterable[str]) -> str | None:
    """Return the name that is most like an unknown one; None if none is like it.

    Examples
    --------
    >>> nearest('convolution', ['Deconvolution', 'Convolution']), nearest('x', ['Pooling'])
    ('Convolution', None)
    """
    known = list(names)
    if same := [name for name in known if name.lower() == given.lower()]:
        return same[0]
    return next(iter(difflib.get_close_matches(given, known, n=1, cutoff=0.6)), None)


def list_names(names: Iterable[str], most: int = 10) -> str:
    """Return names joined by commas, the first ones of many with the number of the others.

    Examples
    --------
    >>> list_names(['W', 'b', 'c', 'd'], most=2)
    'W, b and 2 more'
    """
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def describe_layer(name: str, layer: Any) -> str:
    """Return how messages refer to a layer: by its name and class."""
    cls = layer if isinstance(layer, type) else type(layer)
    return f"layer {name!r} ({cls.__name__})"


class ProblemsError(ValueError):
    """Several errors of one call, reported in one message.

    Parameters
    ----------
    problems : list of Exception
    """

    def __init__(self, problems: list[Exception]) -> None:
        lines = "".join(f"\n - {error}" for error in problems)
        super().__init__(f"{len(problems)} problems:{lines}")
        self.problems = problems

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


class InvalidParametersError(ProblemsError, InvalidParameterError):
    """Several errors of one call, of which at least one is about a parameter.

    Like a single invalid parameter, it can be caught as scikit-learn's ``InvalidParameterError``,
    as a `ValueError` and as a `TypeError`.
    """


@dataclass(eq=False)
class Problems:
    """Collected errors of one call, to be raised together.

    A single error is raised unchanged, with its own type; several are raised as one
    `ProblemsError`, or `InvalidParametersError` if any is about a parameter.

    Parameters
    ----------
    found : list of Exception, optional

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

    found: list[Exception] = field(default_factory=list)

    def add(self, message: str, kind: type[Exception] = ValueError) -> None:
        """Add an error with this message, without raising it."""
        self.found.append(kind(message))

    def add_parameter(self, name: str, valid: str, value: Any, hint: str = "") -> None:
        """Add an `InvalidParameterError` for a parameter of an estimator.

        Parameters
        ----------
        name : str
        valid : str
            What is valid, such as ``'a positive integer'``.
        value : object
            The value given instead.
        hint : str, optional
            What to write instead; appended to the message.
        """
        message = f"{name} must be {valid}, got {value!r}{hint}"
        if message not in map(str, self.found):  # several outputs may share a parameter
            self.found.append(InvalidParameterError(message))

    @contextlib.contextmanager
    def collect(self) -> Iterator[None]:
        """Add a `ValueError` or `TypeError` raised in the block, and continue after the block."""
        try:
            yield
        except ProblemsError as many:
            self.found.extend(many.problems)
        except (ValueError, TypeError) as error:
            self.found.append(error)

    def call_each(self, function: Callable[..., T], *arguments: Iterable[Any]) -> list[T]:
        """Call a function for each item, as `map` does, and collect the errors it raises.

        Returns
        -------
        list
            Results of the calls that succeeded.

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
        """Raise the collected errors, if there are any."""
        if not self.found:
            return
        if len(self.found) == 1:
            raise self.found[0]
        invalid = any(isinstance(error, InvalidParameterError) for error in self.found)
        raise (InvalidParametersError if invalid else ProblemsError)(self.found)

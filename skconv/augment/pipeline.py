"""The transforms of a net, with their names, keywords and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import InvalidParameterError, Problems, did_you_mean
from ..utils.checks import as_list, is_named
from .base import Grid, Transform
from .tunable import Tunable, parameters, with_parameters


class Entry(NamedTuple):
    """A named transform of a net.

    Parameters
    ----------
    name : str
        Given name, or the index in the list.
    transform : callable
    """

    name: str
    transform: Any

    @property
    def prefix(self) -> str:
        """Prefix of its keywords, without the underscore."""
        return f"augment_{self.name}"

    @property
    def label(self) -> str:
        """Name or index and class of the transform, for messages."""
        where = f"augment[{self.name}]" if self.name.isdigit() else f"augment {self.name!r}"
        kind = getattr(self.transform, "__name__", type(self.transform).__name__)
        return f"{where} ({kind})"

    def keywords(self) -> dict[str, str]:
        """Return the parameter of the transform for each keyword after the prefix."""
        return {name.replace("__", "_"): name for name in reversed(parameters(self.transform))}

    def with_keywords(self, keywords: Mapping[str, Any]) -> Entry:
        """Return the entry with the transform's parameters set by keywords."""
        names = self.keywords()
        values = {names[keyword]: value for keyword, value in keywords.items()}
        return self._replace(transform=with_parameters(self.transform, values))


def read_entries(augment: Any) -> list[Entry]:
    """Return the entries of the parameter `augment`.

    Parameters
    ----------
    augment : callable, list of callable or of (str, callable), or None

    Returns
    -------
    list of Entry

    Examples
    --------
    >>> from skconv.augment import RandomFlip
    >>> [entry.label for entry in read_entries([RandomFlip(), ('mine', max)])]
    ['augment[0] (RandomFlip)', "augment 'mine' (max)"]
    """
    return [
        Entry(*entry) if is_named(entry) else Entry(str(i), entry)
        for i, entry in enumerate(as_list(augment))
    ]


def check_entries(entries: list[Entry], problems: Problems) -> None:
    """Collect problems of the names and the fields of transforms."""
    for i, entry in enumerate(entries):
        name, transform = entry
        if isinstance(transform, type):
            problems.add(
                f"{entry.label} must be an instance, got a class; write {transform.__name__}()"
            )
        if not name.isdigit() and (not name.isidentifier() or "__" in name):
            problems.add(
                "names in augment must be identifiers without double underscores, because they "
                f"become part of keywords, got {name!r}"
            )
        if name in (other.name for other in entries[:i]):
            problems.add(f"names in augment must be unique, got {name!r} twice")
        if isinstance(transform, Tunable) and not isinstance(transform, Transform):
            problems.add(f"{entry.label} cannot transform batches; it is for test_augment")
        _check_fields(entry.label, transform, problems)


def check_test_augment(test_augment: Any) -> None:
    """Raise `ValueError` if `test_augment` cannot predict, with all problems of its fields."""
    problems, name = Problems(), type(test_augment).__name__
    if isinstance(test_augment, Transform | Grid):
        problems.add(f"test_augment must be a TestTime, got {name}; write TestTime({name}(...))")
    _check_fields(f"test_augment ({name})", test_augment, problems)
    problems.raise_any()


def _check_fields(label: str, value: Any, problems: Problems) -> None:
    for message in value.check() if isinstance(value, Tunable) else ():
        problems.add(f"{label}: {message}", InvalidParameterError)


class AugmentParameters:
    """Parameters of the transforms of a net, for `get_params` and `set_params`.

    Parameters
    ----------
    augment : callable, list of callable or of (str, callable), or None

    Examples
    --------
    >>> from skconv.augment import RandomFlip
    >>> given = AugmentParameters([('flip', RandomFlip())])
    >>> given.get_params()['flip__p']
    0.5
    >>> given.set_params(flip__p=0.1)[0][1].p
    0.1
    """

    def __init__(self, augment: Any) -> None:
        self._augment = augment

    def get_params(self) -> dict[str, Any]:
        """Return the transforms by name, and their fields."""
        found: dict[str, Any] = {}
        for name, transform in self._entries():
            found[name] = transform
            found |= {f"{name}__{key}": value for key, value in parameters(transform).items()}
        return found

    def set_params(self, **values: Any) -> Any:
        """Return a copy of `augment` with other transforms or fields."""
        entries = self._entries()
        changed = {entry.name: entry for entry in entries}
        for key in sorted(values, key=lambda key: key.count("__")):
            name, _, field = key.partition("__")
            if name not in changed:
                hint = did_you_mean(name, changed)
                raise ValueError(f"augment has no transform {name!r}.{hint}")
            entry = changed[name]
            new = values[key]
            if field:
                try:
                    new = with_parameters(entry.transform, {field: new})
                except ValueError as error:
                    raise ValueError(f"{entry.label}: {error}") from error
            changed[name] = entry._replace(transform=new)
        return self._like_given([changed[entry.name].transform for entry in entries])

    def _entries(self) -> list[Entry]:
        """Return the entries, or none if one is not callable, which is an error in `fit`."""
        entries = read_entries(self._augment)
        return entries if all(callable(entry.transform) for entry in entries) else []

    def _like_given(self, transforms: list[Any]) -> Any:
        if not isinstance(self._augment, list | tuple):
            return transforms[0] if transforms else self._augment
        return type(self._augment)(
            (old[0], new) if is_named(old) else new
            for old, new in zip(self._augment, transforms, strict=True)
        )


class TunableParameters:
    """Parameters of a tunable, for `get_params` and `set_params`.

    Parameters
    ----------
    tunable : Tunable
    """

    def __init__(self, tunable: Tunable) -> None:
        self._tunable = tunable

    def get_params(self) -> dict[str, Any]:
        """Return all fields."""
        return parameters(self._tunable)

    def set_params(self, **values: Any) -> Tunable:
        """Return a copy with other fields."""
        return with_parameters(self._tunable, values)


def as_parameters(value: Any) -> Any:
    """Return the parameters of a tunable, or any other value unchanged."""
    return TunableParameters(value) if isinstance(value, Tunable) else value

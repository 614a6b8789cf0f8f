"""The transforms that a net is given: their names, their keywords and their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import Problems, did_you_mean
from ..utils.checks import as_list, is_named
from .base import Grid, Transform
from .tunable import Tunable, parameters, with_parameters


class Entry(NamedTuple):
    """A transform as it was given.

    Parameters
    ----------
    name : str
        Its place in the list where it was given no name.
    transform : callable
    """

    name: str
    transform: Any

    @property
    def prefix(self) -> str:
        """What its keywords begin with, before an underscore."""
        return f"augment_{self.name}"

    @property
    def called(self) -> str:
        """How messages name it: its name or place, and its class."""
        where = f"augment[{self.name}]" if self.name.isdigit() else f"augment {self.name!r}"
        kind = getattr(self.transform, "__name__", type(self.transform).__name__)
        return f"{where} ({kind})"

    def keywords(self) -> dict[str, str]:
        """Keywords that may follow the prefix, and the parameters that they stand for."""
        return {name.replace("__", "_"): name for name in reversed(parameters(self.transform))}

    def tuned(self, keywords: Mapping[str, Any]) -> Entry:
        """Put in what keywords say."""
        known = self.keywords()
        values = {known[keyword]: value for keyword, value in keywords.items()}
        return self._replace(transform=with_parameters(self.transform, values))


def read_entries(augment: Any) -> list[Entry]:
    """Read the parameter `augment`.

    Parameters
    ----------
    augment : callable, list of callable or of (str, callable), or None

    Returns
    -------
    list of Entry

    Examples
    --------
    >>> from skconv.augment import RandomFlip
    >>> [entry.called for entry in read_entries([RandomFlip(), ('mine', max)])]
    ['augment[0] (RandomFlip)', "augment 'mine' (max)"]
    """
    return [
        Entry(*entry) if is_named(entry) else Entry(str(i), entry)
        for i, entry in enumerate(as_list(augment))
    ]


def check_entries(given: list[Entry], problems: Problems) -> None:
    """Note names that cannot be, and fields that transforms cannot have."""
    for i, entry in enumerate(given):
        name, transform = entry
        if isinstance(transform, type):
            problems.add(f"{entry.called} is a class; write {transform.__name__}()")
        if not name.isdigit() and (not name.isidentifier() or "__" in name):
            problems.add(
                f"{name!r} cannot name a transform: keywords hold it, so it must be an identifier "
                "without double underscores"
            )
        if name in (other.name for other in given[:i]):
            problems.add(f"two transforms are called {name!r}")
        if isinstance(transform, Tunable) and not isinstance(transform, Transform):
            problems.add(f"{entry.called} is no transform of batches, but for test_augment")
        _check_fields(entry.called, transform, problems)


def check_test_augment(test_augment: Any) -> None:
    """Raise `ValueError` where it cannot predict, with all fields that cannot be so."""
    problems, name = Problems(), type(test_augment).__name__
    if isinstance(test_augment, Transform | Grid):
        problems.add(f"test_augment ({name}) predicts nothing; write TestTime({name}(...))")
    _check_fields(f"test_augment ({name})", test_augment, problems)
    problems.raise_any()


def _check_fields(called: str, value: Any, problems: Problems) -> None:
    for error in value.check() if isinstance(value, Tunable) else ():
        problems.add(f"{called}: {error}")


class AugmentParameters:
    """What scikit-learn may read and set of the transforms of a net.

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
        """Get the transforms by name, and their fields."""
        found: dict[str, Any] = {}
        for name, transform in self._entries():
            found[name] = transform
            found |= {f"{name}__{key}": value for key, value in parameters(transform).items()}
        return found

    def set_params(self, **values: Any) -> Any:
        """Make the same with other transforms or fields; what was given stays as it is."""
        known = self._entries()
        changed = {entry.name: entry for entry in known}
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
                    raise ValueError(f"{entry.called}: {error}") from error
            changed[name] = entry._replace(transform=new)
        return self._like_given([changed[entry.name].transform for entry in known])

    def _entries(self) -> list[Entry]:
        """List the transforms, or none of them where there is something else, which `fit` says."""
        found = read_entries(self._augment)
        return found if all(callable(entry.transform) for entry in found) else []

    def _like_given(self, transforms: list[Any]) -> Any:
        if not isinstance(self._augment, list | tuple):
            return transforms[0] if transforms else self._augment
        made = [
            (old[0], new) if is_named(old) else new
            for old, new in zip(self._augment, transforms, strict=True)
        ]
        return type(self._augment)(made)


class TunableParameters:
    """What scikit-learn may read and set of a tunable.

    Parameters
    ----------
    tunable : Tunable
    """

    def __init__(self, tunable: Tunable) -> None:
        self._tunable = tunable

    def get_params(self) -> dict[str, Any]:
        """Get all fields."""
        return parameters(self._tunable)

    def set_params(self, **values: Any) -> Tunable:
        """Make the same with other fields."""
        return with_parameters(self._tunable, values)


def as_parameters(value: Any) -> Any:
    """Let fields of a tunable be read and set; all else stays what it is."""
    return TunableParameters(value) if isinstance(value, Tunable) else value

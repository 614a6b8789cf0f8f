"""Versions of packages in pickles of estimators, and a warning where they differ."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

KEY = "_versions"
"""Name of the versions in the state of an estimator."""

NAMES = {"sklearn": "scikit-learn"}
"""Names of packages that differ from those of their modules."""


class VersionWarning(InconsistentVersionWarning):
    """Warning of an estimator that was pickled with other versions of packages.

    Parameters
    ----------
    estimator_name : str
    original, current : dict of str to str
        Versions of the packages with which it was pickled and is loaded, by the names of their
        modules. `original` is empty if the pickle does not say them.
    hint : str
        What to do.
    """

    def __init__(
        self,
        estimator_name: str,
        original: Mapping[str, str],
        current: Mapping[str, str],
        hint: str,
    ) -> None:
        super().__init__(
            estimator_name=estimator_name,
            current_sklearn_version=current["sklearn"],
            original_sklearn_version=original.get("sklearn", "unknown"),
        )
        self.original = original
        self.current = current
        self.hint = hint

    def __str__(self) -> str:
        """Say which versions differ, and what to do."""
        differing = _differing(self.original, self.current) or ["skconv"]
        before = _listed({name: self.original.get(name, "(unknown version)") for name in differing})
        now = _listed({name: self.current[name] for name in differing})
        return (
            f"this {self.estimator_name} was pickled with {before} and is loaded with {now}, so "
            f"that it may fail or give other results. {self.hint}"
        )


class Versioned:
    """Mixin of estimators whose pickles say with which versions of packages they were made.

    `pickle` warns on loading if the first two numbers of a version differ.
    """

    _unpickling_hint = (
        "Load it with the versions with which it was pickled, or fit it again with these."
    )

    def _versioned_packages(self) -> tuple[str, ...]:
        """Return the names of the modules whose versions matter."""
        return ("skconv",)

    def __getstate__(self) -> Any:
        state: Any = super().__getstate__()
        versions = {name: version_of(name) for name in (*self._versioned_packages(), "sklearn")}
        return {**state, KEY: versions}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        original = state.pop(KEY, {})
        current = {name: version_of(name) for name in original} or {
            name: version_of(name) for name in ("skconv", "sklearn")
        }
        inherited = getattr(super(), "__setstate__", self.__dict__.update)
        inherited(state)
        if not original or _differing(original, current):
            name = type(self).__name__
            warning = VersionWarning(name, original, current, self._unpickling_hint)
            warnings.warn(warning, stacklevel=2)


def version_of(package: str) -> str:
    """Return the version of a package, by the name of its module."""
    return import_module(package).__version__


def _differing(original: Mapping[str, str], current: Mapping[str, str]) -> list[str]:
    """Return the packages of other minor versions; scikit-learn warns of its own estimators."""
    return [
        name
        for name, version in original.items()
        if name != "sklearn" and _minor(version) != _minor(current[name])
    ]


def _minor(version: str) -> list[str]:
    """Return the first two numbers of a version.

    Examples
    --------
    >>> _minor('0.10.2.dev1')
    ['0', '10']
    """
    return re.findall(r"\d+", version)[:2]


def _listed(versions: Mapping[str, str]) -> str:
    texts = [f"{NAMES.get(name, name)} {version}" for name, version in versions.items()]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if texts[:-1] else texts)

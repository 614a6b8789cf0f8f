"""Find the owner of each prefixed keyword: ``conv1_num_filters`` belongs to ``conv1``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import Faults, did_you_mean


def route(
    given: Mapping[str, Any], owners: Mapping[str, Iterable[str] | None], known: Iterable[str]
) -> tuple[dict[str, dict[str, Any]], Faults]:
    """Hand each prefixed keyword to its owner.

    The longest prefix that has such a keyword wins, so ``pool_pool_size`` is understood whether a
    layer is called ``pool`` or ``pool_pool``.

    Parameters
    ----------
    given : mapping of str to object
        Prefixed keywords.
    owners : mapping of str to iterable of str or None
        Prefix to the keywords that it takes; None where any is taken.
    known : iterable of str
        Names without a prefix, for the nearest match.

    Returns
    -------
    routed : dict of str to dict
        Keywords without their prefix, by owner; every owner has an entry.
    faults : Faults
        One fault for each keyword that nobody takes.

    Examples
    --------
    >>> route({'conv1_stride': 2}, {'conv1': ['stride'], 'update': None}, [])[0]
    {'conv1': {'stride': 2}, 'update': {}}
    """
    takes = {prefix: None if names is None else list(names) for prefix, names in owners.items()}
    routed: dict[str, dict[str, Any]] = {prefix: {} for prefix in takes}
    faults = Faults()
    for key, value in given.items():
        prefixes = sorted((p for p in takes if key.startswith(f"{p}_")), key=len, reverse=True)
        for prefix in prefixes:
            keyword = key[len(prefix) + 1 :]
            valid = takes[prefix]
            if valid is None or keyword in valid:
                routed[prefix][keyword] = value
                break
        else:
            faults.add(f"unknown parameter {key!r}.{_nearest(key, prefixes, takes, known)}")
    return routed, faults


def _nearest(
    key: str, prefixes: list[str], takes: Mapping[str, list[str] | None], known: Iterable[str]
) -> str:
    if prefixes:
        prefix, names = prefixes[0], takes[prefixes[0]] or []
        near = difflib.get_close_matches(key[len(prefix) + 1 :], names, n=1)
        return did_you_mean(key, [f"{prefix}_{name}" for name in near or names])
    full = [f"{prefix}_{name}" for prefix, names in takes.items() for name in names or ()]
    hint = did_you_mean(key, [*known, *full])
    if hint.startswith(" Did you mean"):
        return hint
    return f" No layer has that prefix; prefixes are: {', '.join(takes)}."

"""Modules of torch matched with layers by order and shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...errors import list_names

Group = tuple[list[int], list[int]]
"""Indices of layers, and of the modules that fit them."""


class AmbiguousError(ValueError):
    """Several modules fit a layer, and neither order nor names decide."""


def match_order(
    needs: Sequence[Any],
    names: Sequence[str],
    haves: Sequence[Any],
    fits: Callable[[Any, Any], bool],
    kind: Callable[[Any], Any],
    *,
    ordered: bool,
) -> list[int] | None:
    """Return the module that each layer takes, by shape and, among equal shapes, by order.

    Parameters
    ----------
    needs : sequence of hashable
        What decides which modules a layer takes, for each layer in its order.
    names : sequence of str
        Names of the modules.
    haves : sequence of hashable
        What decides which layers take a module.
    fits : callable
        Whether a need is met by what a module has.
    kind : callable
        Returns the kind of a module, such as that of convolutions, for what it has.
    ordered : bool
        Whether the modules are in the order of their definition. It decides if it is that of the
        layers, or if it is for the modules of each kind. Otherwise modules of equal shape are told
        apart by the numbers in their names, if those differ in nothing else.

    Returns
    -------
    list of int or None
        Indices of modules; None if some layer or module has no counterpart.

    Raises
    ------
    AmbiguousError
        With some of the names that could be exchanged.

    Examples
    --------
    >>> match_order([5, 7, 5], ['a', 'b', 'c'], [5, 5, 7], int.__eq__, bool, ordered=False)
    Traceback (most recent call last):
    ...
    skconv.models.torch.order.AmbiguousError: 'a', 'b' have the same shape
    >>> match_order([5, 7, 5], ['a.2', 'b', 'a.10'], [5, 7, 5], int.__eq__, bool, ordered=False)
    [0, 1, 2]
    """
    if len(needs) != len(names):
        return None
    if ordered and all(map(fits, needs, haves)):
        return list(range(len(needs)))
    order = list(range(len(names)))
    if not ordered:
        order.sort(key=lambda i: _natural(names[i]))
    groups = _groups(needs, haves, order, fits)
    if any(len(layers) != len(modules) for layers, modules in groups):
        return None
    settled = _settled_kinds(groups, [kind(have) for have in haves], order) if ordered else set()
    found = [0] * len(needs)
    for layers, modules in groups:
        numbered = len({re.sub(r"\d+", "0", names[i]) for i in modules}) == 1
        kinds = {kind(haves[i]) for i in modules}
        pairs = list(zip(layers, modules, strict=True))
        fitting = all(fits(needs[layer], haves[module]) for layer, module in pairs)
        if len(layers) > 1 and not (fitting and (numbered or kinds <= settled)):
            alike = list_names([repr(names[i][:100]) for i in modules], 5)
            raise AmbiguousError(f"{alike} have the same shape")
        for layer, module in pairs:
            found[layer] = module
    return found


def _groups(
    needs: Sequence[Any], haves: Sequence[Any], order: Iterable[int], fits: Callable[..., bool]
) -> list[Group]:
    """Return the layers and modules that are connected by fitting each other."""
    groups: list[tuple[set[Any], set[Any]]] = []
    for need in dict.fromkeys(needs):
        joined = ({need}, {have for have in dict.fromkeys(haves) if fits(need, have)})
        apart = []
        for group in groups:
            if group[1] & joined[1]:
                joined = (joined[0] | group[0], joined[1] | group[1])
            else:
                apart.append(group)
        groups = [*apart, joined]
    found: list[Group] = [
        ([i for i, need in enumerate(needs) if need in own], [i for i in order if haves[i] in own2])
        for own, own2 in groups
    ]
    left = [i for i in order if not any(i in modules for _, modules in found)]
    return [*found, ([], left)] if left else found


def _settled_kinds(groups: list[Group], kinds: list[Any], order: list[int]) -> set[Any]:
    """Return the kinds of modules whose order is that of the layers that they fit."""
    of_layer = {layer: g for g, (layers, _) in enumerate(groups) for layer in layers}
    of_module = {module: g for g, (_, modules) in enumerate(groups) for module in modules}
    settled = set()
    for kind in set(kinds):
        own = {of_module[i] for i in order if kinds[i] == kind}
        layers = [of_layer[i] for i in sorted(of_layer) if of_layer[i] in own]
        if layers == [of_module[i] for i in order if kinds[i] == kind]:
            settled.add(kind)
    return settled


def _natural(name: str) -> list[Any]:
    """Return a key that sorts names with their numbers by size."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]

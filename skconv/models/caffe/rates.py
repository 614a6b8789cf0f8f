"""Factors on learning rates and weight decay that layers of Caffe set for themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ...errors import list_names
from .graph import Graph, Target
from .numbers import plain


def rate_keywords(graph: Graph, moved: Mapping[Target, Target]) -> dict[str, Any]:
    """Return ``grad_scale`` of the layers whose learning rate differs from that of the net.

    What the net cannot express is noted in the graph: other rates for the biases of a layer, and
    factors on its weight decay.

    Parameters
    ----------
    graph : Graph
        Finished.
    moved : mapping of (str, str) to (str, str)
        Parameters that have moved to another layer.

    Returns
    -------
    dict of str to float
    """
    rates: dict[str, list[float]] = defaultdict(list)
    decays: dict[str, list[float]] = {}
    for slots in graph.slots:
        layer, targets = slots.layer, [moved.get(target, target) for target in slots.targets]
        if layer.type == "BatchNorm" or len(targets) < len(slots.shapes):
            continue  # statistics are not trained, and shared parameters have several owners
        given = (*layer.rates, *[None] * len(targets))
        for (name, _), rate in zip(targets, given, strict=False):
            rates[name].append(1.0 if rate is None else plain(rate))
        wanted = [1.0, *[0.0] * len(targets)]
        factors = [w if d is None else plain(d) for d, w in zip(layer.decays, wanted, strict=False)]
        if targets and any(layer.rates or [1.0]) and factors != wanted[: len(factors)]:
            decays[targets[0][0]] = factors
    rates = {name: given for name, given in rates.items() if name in graph.nodes}
    uneven = [name for name, given in rates.items() if len(set(given)) > 1]
    if uneven:
        graph.notes.append(
            "lr_mult of biases differs from that of weights, whose rate both get, in "
            f"{list_names(uneven)}"
        )
    if decays:
        graph.notes.append(
            f"decay_mult is left out, as biases do not decay; set l2 of {list_names(decays)}"
        )
    return {f"{name}_grad_scale": given[0] for name, given in rates.items() if given[0] != 1}

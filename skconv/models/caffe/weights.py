"""Weights of a file, in the shapes and under the names of the network."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import numpy as np

from ...errors import Problems, list_names
from .binary import Blob
from .graph import Graph, Shape, Slots, Target

MOST = 10
"""Most layers that a message names."""


def load_weights(
    graph: Graph, moved: Mapping[Target, Target], found: Mapping[str, Sequence[Blob]], file: str
) -> dict[str, np.ndarray]:
    """Return the weights by layer and parameter of the network.

    Parameters
    ----------
    graph : Graph
        Finished.
    moved : mapping of (str, str) to (str, str)
        Parameters that have moved to another layer.
    found : mapping of str to sequence of Blob
        What the file has, by layer in Caffe.
    file : str
        Its name, for messages.

    Returns
    -------
    dict of str to float32 array

    Raises
    ------
    ValueError
        If layers are missing in the file, with the nearest names, and for each layer with weights
        of another shape.
    """
    weights: dict[str, np.ndarray] = {}
    needed = [
        (slots, targets)
        for slots in graph.slots
        if (targets := [moved.get(target, target) for target in slots.targets])
        if any(name in graph.nodes for name, _ in targets)
    ]
    _check_names([slots.layer.name for slots, _ in needed], found, file)
    problems = Problems()
    for slots, targets in needed:
        try:
            arrays = slots.convert(_arrays(slots, found[slots.layer.name]))
        except ValueError as error:
            problems.add(f"{file}: {slots.layer}: {error}")
            continue
        for (name, param), array in zip(targets, arrays, strict=True):
            weights[f"{name}.{param}"] = np.ascontiguousarray(array, np.float32)
    problems.raise_any()
    return weights


def _check_names(needed: Sequence[str], found: Mapping[str, object], file: str) -> None:
    missing = [name for name in needed if name not in found]
    if not missing:
        return
    others = [name for name in found if name not in needed][:1000]
    listed = []
    for name in missing[:MOST]:
        near = difflib.get_close_matches(name, others, n=1, cutoff=0.6)
        listed.append(f"{name!r}" + (f" (nearest: {near[0]!r})" if near else ""))
    listed += [""] * (len(missing) - len(listed))
    raise ValueError(
        f"{file} must have weights for all layers of the net, but lacks {list_names(listed, MOST)}"
        f"; it has {list_names(map(repr, found), MOST) or 'none'}. Rename layers of the layout as "
        "in the file, or read the layout alone"
    )


def _arrays(slots: Slots, blobs: Sequence[Blob]) -> list[np.ndarray]:
    if len(blobs) != len(slots.shapes):
        raise ValueError(f"must have {len(slots.shapes)} blobs, got {len(blobs)}")
    problems = [
        f"blob {i} must have shape {shape}, got {blob.shape}"
        for i, (shape, blob) in enumerate(zip(slots.shapes, blobs, strict=True))
        if _essential(shape) != _essential(blob.shape)
    ]
    if problems:
        raise ValueError(", and ".join(problems))
    return [blob.values.reshape(shape) for shape, blob in zip(slots.shapes, blobs, strict=True)]


def _essential(shape: Shape) -> Shape:
    """Return a shape without its first ones: older files have four axes in each."""
    first = next((i for i, size in enumerate(shape) if size != 1), len(shape))
    return tuple(shape[first:])

"""Check transforms of images whose targets are masks, with a class for each pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..augment.base import FillingTransform, Transform
from ..augment.mix import CutMix
from ..augment.pipeline import Entry
from ..augment.tunable import inner_tunables
from ..errors import InvalidParameterError, Problems
from ..network.graph import Network
from ..targets.classes import Classes
from ..targets.outputs import Outputs


def check_augment_of_masks(entries: Sequence[Entry], outputs: Outputs, network: Network) -> None:
    """Check the transforms of images whose targets are masks, with a class for each pixel.

    Parameters
    ----------
    entries : sequence of Entry
    outputs : Outputs
    network : Network

    Raises
    ------
    ValueError
        For a `CutMix` that would average the classes of all pixels, and a `mask_cval` that is not
        a class.
    """
    sizes = [shape[2:] for shape in network.inputs.values() if len(shape) == 4]
    masks = [
        target
        for target in outputs.targets
        if isinstance(target, Classes) and target.positions[-2:] in sizes
    ]
    if not masks:
        return
    problems = Problems()
    for entry in entries:
        for transform in _all_inside(entry.transform):
            _check(entry.label, transform, masks, problems)
    problems.raise_any()


def _check(label: str, transform: Any, masks: Sequence[Classes], problems: Problems) -> None:
    if isinstance(transform, CutMix) and transform.target is None:
        problems.add(
            f"{label} must not average the classes of all pixels; set CutMix(target='mask'), which "
            "pastes them"
        )
    if not isinstance(transform, FillingTransform) or transform.target != "mask":
        return
    cval, last = transform.mask_cval, min(len(mask.classes) for mask in masks) - 1
    if cval is not None and not (float(cval).is_integer() and 0 <= cval <= last):
        problems.add(
            f"{label}: mask_cval must be the index of a class, from 0 to {last}, got {cval!r}; "
            "leave it unset for 0, or with an ignore_label for what is ignored",
            InvalidParameterError,
        )


def _all_inside(transform: Any) -> Iterator[Any]:
    """Yield a transform and those inside it."""
    yield transform
    if isinstance(transform, Transform):
        for _, inner in inner_tunables(transform):
            yield from _all_inside(inner)

"""Check that transforms do not move pixels away from their targets or predictions."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..augment.base import MovingTransform, moving_transforms
from ..augment.pipeline import Entry
from ..augment.test_time import TestTime
from ..layers.shapes import Shape
from ..utils.image_shapes import holds_pixels


def warn_unmoved_targets(
    entries: Sequence[Entry], rows: Mapping[str, Shape], targets: Iterable[Shape]
) -> None:
    """Warn of each transform that moves pixels, but not the targets that each of them has.

    Parameters
    ----------
    entries : sequence of Entry
    rows : mapping of str to tuple
        Shapes of the rows that enter the network.
    targets : iterable of tuple
        Shapes of the targets of a row.
    """
    if not any(holds_pixels(target, row) for target in targets for row in rows.values()):
        return
    for entry in entries:
        for moving in moving_transforms(entry.transform):
            if isinstance(moving, MovingTransform) and moving.target is None:
                warnings.warn(
                    f"{entry.label} moves the pixels of X but not their targets in y; set "
                    f"{type(moving).__name__}(target='mask')",
                    UserWarning,
                    stacklevel=2,
                )


def check_unmoved_outputs(
    test_augment: Any, rows: Mapping[str, Shape], outputs: Mapping[str, Shape]
) -> None:
    """Check that `test_augment` moves no pixels that have predictions of their own.

    Parameters
    ----------
    test_augment : callable or None
    rows : mapping of str to tuple
        Shapes of the rows that enter the network.
    outputs : mapping of str to tuple
        Shapes of the predicted outputs.

    Raises
    ------
    ValueError
    """
    if isinstance(test_augment, TestTime):
        for row in rows.values():
            test_augment.check_outputs((None, *row), outputs.values())

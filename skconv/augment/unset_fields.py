"""Fill in what transforms leave open: the number of classes, and the value outside of masks."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

from .base import IGNORED, Transform


def with_classes(transform: Any, num_classes: int) -> Any:
    """Return a transform with `num_classes` filled in where it is None, inner transforms included.

    Parameters
    ----------
    transform : Transform or callable
    num_classes : int

    Returns
    -------
    Transform or callable

    Examples
    --------
    >>> from skconv.augment import MixUp, Sometimes
    >>> with_classes(Sometimes(0.5, MixUp()), 10).transform.num_classes
    10
    """
    return _filled_in(transform, "num_classes", num_classes)


def with_ignored_outside(transform: Any) -> Any:
    """Return a transform for which masks are ignored outside the image if it sets no `mask_cval`.

    Parameters
    ----------
    transform : Transform or callable
    """
    return _filled_in(transform, "mask_cval", IGNORED)


def with_weighted_outside(transform: Any) -> Any:
    """Return a transform for weights of masks, which are one outside of the image.

    Parameters
    ----------
    transform : Transform or callable
    """
    return _filled_in(transform, "mask_cval", 1.0, always=True)


def _filled_in(transform: Any, field: str, given: Any, *, always: bool = False) -> Any:
    """Return a transform with a value for a field where it is None, inner transforms included.

    If `always` is True, other values are replaced, too.
    """
    if not isinstance(transform, Transform):
        return transform
    changes: dict[str, Any] = {}
    for spec in dataclasses.fields(transform):
        value = getattr(transform, spec.name)
        if isinstance(value, Transform):
            changes[spec.name] = _filled_in(value, field, given, always=always)
        elif isinstance(value, tuple) and any(isinstance(one, Transform) for one in value):
            changes[spec.name] = tuple(
                _filled_in(one, field, given, always=always) for one in value
            )
        elif spec.name == field and (always or value is None):
            changes[spec.name] = given
    return replace(transform, **changes)

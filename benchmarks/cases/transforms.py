"""Case: transforms without a network."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .. import data
from ..case import Case, Contender, Measure, Sample, Setting
from ..recipe import AFFINE, BATCH

Transform = Callable[[Any, Any], Any]


def _batches(setting: Setting, transform: Transform) -> Measure:
    from skconv import BatchIterator

    split = data.digits(setting)

    def measure(_: int) -> Sample:
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            for Xb, yb in BatchIterator(BATCH)(split.X_train, split.y_train):
                transform(Xb, yb)
            seconds.append(time.perf_counter() - began)
        return Sample(seconds, seconds[0])

    return measure


def _ours(setting: Setting) -> Measure:
    import jax

    from skconv.augment import RandomAffine, RandomFlip

    transforms = [RandomAffine(**AFFINE), RandomFlip()]

    @jax.jit
    def apply(number: int, Xb: Any, yb: Any) -> Any:
        keys = jax.random.split(jax.random.key(number), len(transforms))
        for key, transform in zip(keys, transforms, strict=True):
            Xb, yb = transform(key, Xb, yb)
        return Xb

    numbers = iter(range(2**31))
    return _batches(setting, lambda Xb, yb: apply(next(numbers), Xb, yb).block_until_ready())


def _scikit_image(setting: Setting) -> Measure:
    from ..peers.skimage_loop import AffineIterator

    return _batches(setting, AffineIterator(BATCH).transform)


TRANSFORMS = Case(
    "transforms",
    "3,200 digits rotated, scaled, shifted and mirrored in batches of 128, without a network",
    (
        Contender("skconv", _ours, ours=True),
        Contender("scikit-image, one by one", _scikit_image, 0.125, ("skimage",)),
    ),
)

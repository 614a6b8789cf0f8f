"""Case: an epoch with augmentation."""

from __future__ import annotations

from typing import Any

from .. import data
from ..case import Case, Contender, Measure, Setting
from ..recipe import AFFINE, BATCH, EPOCHS


def _epochs(setting: Setting, **params: Any) -> Measure:
    from .. import nets

    split = data.digits(setting)

    def measure(seed: int):
        net = nets.tutorial(max_epochs=EPOCHS, random_state=seed, **params)
        return nets.epochs(net, split)

    return measure


def _augmented(setting: Setting) -> Measure:
    from skconv.augment import RandomAffine, RandomFlip

    return _epochs(setting, augment=[RandomAffine(**AFFINE), RandomFlip()])


def _scikit_image(setting: Setting) -> Measure:
    from ..peers.skimage_loop import AffineIterator

    return _epochs(setting, batch_iterator_train=AffineIterator(BATCH, shuffle=True))


AUGMENT = Case(
    "augment",
    "Tutorial CNN: the same epoch with rotated, scaled, shifted and mirrored digits",
    (
        Contender("skconv, in the step", _augmented, ours=True),
        Contender("skconv, without augmentation", _epochs, 1.25),
        Contender("skconv, scikit-image in transform", _scikit_image, needs=("skimage",)),
    ),
    unit="s per epoch",
)

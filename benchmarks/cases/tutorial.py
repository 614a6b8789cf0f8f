"""Case: an epoch of the tutorial's network."""

from __future__ import annotations

from .. import data
from ..case import Case, Contender, Measure, Setting
from ..machine import torch_device
from ..recipe import EPOCHS


def _ours(setting: Setting) -> Measure:
    from .. import nets

    split = data.digits(setting)
    return lambda seed: nets.epochs(nets.tutorial(max_epochs=EPOCHS, random_state=seed), split)


def _handwritten(setting: Setting) -> Measure:
    from .. import handwritten

    split = data.digits(setting)
    return lambda seed: handwritten.epochs(split, seed)


def _skorch(setting: Setting) -> Measure:
    import torch

    from ..peers import skorch_nets

    split, device = data.digits(setting), torch_device(setting.platform)

    def measure(seed: int):
        torch.manual_seed(seed)
        return skorch_nets.epochs(skorch_nets.tutorial(device, max_epochs=EPOCHS), split)

    return measure


def _keras(setting: Setting) -> Measure:
    from ..peers import keras_nets

    split = data.digits(setting)
    return lambda seed: keras_nets.epochs(split, seed)


TUTORIAL = Case(
    "tutorial",
    "Tutorial CNN: an epoch of 3,200 digits, batch 128, with validation on 800",
    (
        Contender("skconv", _ours, ours=True),
        Contender("skorch", _skorch, 0.55, ("torch", "skorch")),
        Contender("JAX by hand", _handwritten, 1.05),
        Contender("Keras 3 on JAX", _keras, 0.25, ("keras",)),
    ),
    unit="s per epoch",
)

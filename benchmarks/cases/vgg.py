"""Case: a step of a deeper network with batch normalization."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from .. import data
from ..case import Case, Contender, Measure, Sample, Setting
from ..machine import torch_device
from ..recipe import VGG_BATCH, VGG_EPOCHS, VGG_RATE, VGG_STEPS


def _per_step(sample: Sample) -> Sample:
    return replace(sample, values=[seconds / VGG_STEPS for seconds in sample.values])


def _ours(setting: Setting) -> Measure:
    from .. import nets

    split = data.images(setting)

    def measure(seed: int) -> Sample:
        net = nets.vgg(max_epochs=VGG_EPOCHS, random_state=seed)
        return _per_step(nets.training_epochs(net, split))

    return measure


def _torch(setting: Setting, *, channels_last: bool = False) -> Measure:
    from ..peers import torch_loop
    from ..peers.torch_nets import VGG

    split, device = data.images(setting), torch_device(setting.platform)

    options: dict[str, Any] = {"batch": VGG_BATCH, "epochs": VGG_EPOCHS, "rate": VGG_RATE}
    options["channels_last"] = channels_last

    def measure(seed: int) -> Sample:
        return _per_step(torch_loop.epochs(VGG, split, seed, device, **options))

    return measure


VGG = Case(
    "vgg",
    "VGG-like (64, 64, P, 128, 128, P, 256, 256, P, 256, 10) with BatchNorm on 3x32x32: "
    "a training step, batch 64",
    (
        Contender("skconv", _ours, ours=True),
        Contender("torch by hand", _torch, 0.9, ("torch",)),
        Contender(
            "torch by hand, channels last", partial(_torch, channels_last=True), 0.9, ("torch",)
        ),
    ),
    unit="s per step",
)

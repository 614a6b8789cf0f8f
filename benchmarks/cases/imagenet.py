"""Cases: ResNet-18 on images of 224x224: a step on one core, and the memory of a first fit."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from .. import data
from ..case import Case, Contender, Measure, Sample, Setting
from ..machine import torch_device
from ..peak import peak
from ..recipe import IMAGENET_BATCH, IMAGENET_EPOCHS, IMAGENET_RATE, IMAGENET_STEPS


def _stay_on_one_core() -> None:
    """Let this process use one core; libraries size their thread pools accordingly."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _our_epochs(seed: int) -> Sample:
    from .. import nets

    net = nets.imagenet(max_epochs=IMAGENET_EPOCHS, random_state=seed)
    return nets.training_epochs(net, data.large_images())


def _their_epochs(seed: int, device: str, *, channels_last: bool) -> Sample:
    from ..peers import torch_loop, torch_nets, torch_resnet

    def make() -> Any:
        return torch_nets.glorot(torch_resnet.resnet())

    options: dict[str, Any] = {"epochs": IMAGENET_EPOCHS, "rate": IMAGENET_RATE}
    options |= {"batch": IMAGENET_BATCH, "channels_last": channels_last}
    return torch_loop.epochs(make, data.large_images(), seed, device, **options)


def _steps(epochs: Callable[[int], Sample]) -> Measure:
    def measure(seed: int) -> Sample:
        sample = epochs(seed)
        return replace(sample, values=[seconds / IMAGENET_STEPS for seconds in sample.values])

    return measure


def _our_steps(_: Setting) -> Measure:
    _stay_on_one_core()
    return _steps(_our_epochs)


def _their_steps(setting: Setting, *, channels_last: bool = False) -> Measure:
    _stay_on_one_core()
    import torch

    torch.set_num_threads(1)
    device = torch_device(setting.platform)
    return _steps(partial(_their_epochs, device=device, channels_last=channels_last))


def _growth(epochs: Callable[[int], Sample]) -> Measure:
    """Measure by how much a fit raises the peak memory of the process."""

    def measure(seed: int) -> Sample:
        before = peak()
        sample = epochs(seed)
        return Sample([peak() - before], None, sample.scores)

    return measure


def _our_memory(_: Setting) -> Measure:
    from .. import nets  # noqa: F401

    data.large_images()
    return _growth(_our_epochs)


def _their_memory(setting: Setting, *, channels_last: bool = False) -> Measure:
    from ..peers import torch_loop, torch_resnet  # noqa: F401

    data.large_images()
    device = torch_device(setting.platform)
    return _growth(partial(_their_epochs, device=device, channels_last=channels_last))


TORCH = ("torch",)

IMAGENET_STEP = Case(
    "resnet_step",
    f"ResNet-18 on 3x224x224, batch {IMAGENET_BATCH}: a training step on one core",
    (
        Contender("skconv", _our_steps, ours=True),
        Contender("torch by hand", _their_steps, 1.0, TORCH),
        Contender(
            "torch by hand, channels last", partial(_their_steps, channels_last=True), 1.0, TORCH
        ),
    ),
    unit="s per step",
    rounds=2,
)

IMAGENET_MEMORY = Case(
    "resnet_memory",
    f"ResNet-18 on 3x224x224, batch {IMAGENET_BATCH}: peak memory of a first fit beyond what the "
    "process held before",
    (
        Contender("skconv", _our_memory, ours=True),
        Contender("torch by hand", _their_memory, 2.0, TORCH),
        Contender(
            "torch by hand, channels last", partial(_their_memory, channels_last=True), 2.0, TORCH
        ),
    ),
    unit="MB",
    rounds=1,
    fresh=True,
)

"""Case: a fit on a small table."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .. import data
from ..case import Case, Contender, Measure, Sample, Setting
from ..machine import torch_device
from ..recipe import TABLE_EPOCHS


def _fits(make: Callable[[int], Any], split: data.Split, repeats: int) -> Measure:
    def measure(seed: int) -> Sample:
        seconds = []
        for i in range(repeats):
            net = make(100 * seed + i)
            began = time.perf_counter()
            net.fit(split.X_train, split.y_train)
            seconds.append(time.perf_counter() - began)
        accuracy = (net.predict(split.X_train) == split.y_train).mean()
        return Sample(seconds, seconds[0], {"accuracy": float(accuracy)})

    return measure


def _ours(setting: Setting) -> Measure:
    from .. import nets

    def make(seed: int) -> Any:
        return nets.tabular(max_epochs=TABLE_EPOCHS, random_state=seed)

    return _fits(make, data.iris(setting), 4)


def _skorch(setting: Setting) -> Measure:
    import torch

    from ..peers import skorch_nets

    device = torch_device(setting.platform)

    def make(seed: int) -> Any:
        torch.manual_seed(seed)
        return skorch_nets.tabular(device, max_epochs=TABLE_EPOCHS)

    return _fits(make, data.iris(setting), 4)


TABULAR = Case(
    "tabular",
    "Table of 150 rows: a warm fit of 50 epochs, a fifth set aside for validation",
    (
        Contender("skconv", _ours, ours=True),
        Contender("skorch", _skorch, 0.1, ("torch", "skorch")),
    ),
    unit="s per fit",
    rounds=5,
)

"""Cases: the first fit in a new process, with and without a cache on disk."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import numpy as np

from .. import data
from ..case import Case, Contender, Measure, Sample, Setting
from ..machine import torch_device


def _sample(began: float, predicted: np.ndarray, split: data.Split) -> Sample:
    seconds = time.perf_counter() - began
    return Sample([seconds], None, {"accuracy": float(np.mean(predicted == split.y_test))})


def _ours(setting: Setting, *, cache: bool = False) -> Measure:
    split = data.digits(setting)
    if cache:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(Path(setting.folder) / "cache")
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"

    def measure(seed: int) -> Sample:
        began = time.perf_counter()
        from .. import nets

        net = nets.tutorial(max_epochs=1, random_state=seed)
        net.fit(split.X_train, split.y_train, X_val=split.X_valid, y_val=split.y_valid)
        return _sample(began, net.predict(split.X_test), split)

    return measure


def _skorch(setting: Setting) -> Measure:
    split = data.digits(setting)

    def measure(seed: int) -> Sample:
        began = time.perf_counter()
        import torch

        from ..peers import skorch_nets

        torch.manual_seed(seed)
        valid = skorch_nets.predefined_split(skorch_nets.Dataset(split.X_valid, split.y_valid))
        device = torch_device(setting.platform)
        net = skorch_nets.tutorial(device, max_epochs=1, train_split=valid)
        net.fit(split.X_train, split.y_train)
        return _sample(began, net.predict(split.X_test), split)

    return measure


FIRST_FIT = Case(
    "first_fit",
    "Tutorial CNN in a new process: import, fit for 1 epoch of 3,200 digits, predict 1,000",
    (
        Contender("skconv", _ours, ours=True),
        Contender("skorch", _skorch, 0.7, ("torch", "skorch")),
    ),
    fresh=True,
)

CACHED_FIT = Case(
    "cached_fit",
    "Tutorial CNN in a new process, the same with the programs of an earlier one cached on disk",
    (
        Contender("skconv, programs cached on disk", partial(_ours, cache=True), ours=True),
        Contender("skorch", _skorch, 0.5, ("torch", "skorch")),
    ),
    fresh=True,
)

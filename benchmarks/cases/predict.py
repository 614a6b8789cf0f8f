"""Case: predicted probabilities."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from .. import data
from ..case import Case, Contender, Measure, Sample, Setting
from ..machine import torch_device


def _predictions(net: Any, split: data.Split) -> Measure:
    X = np.concatenate([split.X_train, split.X_valid, split.X_test])
    net.fit(split.X_train, split.y_train)
    scores = {"accuracy": float(np.mean(net.predict(split.X_test) == split.y_test))}

    def measure(_: int) -> Sample:
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            net.predict_proba(X)
            seconds.append(time.perf_counter() - began)
        return Sample(seconds, seconds[0], scores)

    return measure


def _ours(setting: Setting) -> Measure:
    from .. import nets

    net = nets.tutorial(max_epochs=1, train_split=None, random_state=0)
    return _predictions(net, data.digits(setting))


def _skorch(setting: Setting) -> Measure:
    import torch

    from ..peers import skorch_nets

    torch.manual_seed(0)
    net = skorch_nets.tutorial(torch_device(setting.platform), max_epochs=1, train_split=None)
    return _predictions(net, data.digits(setting))


PREDICT = Case(
    "predict",
    "Tutorial CNN: predict_proba on 5,000 digits, batch 128",
    (
        Contender("skconv", _ours, ours=True),
        Contender("skorch", _skorch, 0.5, ("torch", "skorch")),
    ),
    rounds=5,
)

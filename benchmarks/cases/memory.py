"""Case: peak memory of a fit."""

from __future__ import annotations

from typing import Any

from .. import data
from ..case import Case, Contender, Measure, Sample, Setting
from ..machine import torch_device
from ..peak import peak

EPOCHS = 3


def _peak(net: Any, split: data.Split) -> Sample:
    megabytes = peak()
    accuracy = (net.predict(split.X_test) == split.y_test).mean()
    return Sample([megabytes], None, {"accuracy": float(accuracy)})


def _ours(setting: Setting) -> Measure:
    def measure(seed: int) -> Sample:
        from .. import nets

        split = data.digits(setting)
        net = nets.tutorial(max_epochs=EPOCHS, random_state=seed)
        net.fit(split.X_train, split.y_train, X_val=split.X_valid, y_val=split.y_valid)
        return _peak(net, split)

    return measure


def _skorch(setting: Setting) -> Measure:
    def measure(seed: int) -> Sample:
        import torch

        from ..peers import skorch_nets

        split = data.digits(setting)
        torch.manual_seed(seed)
        valid = skorch_nets.predefined_split(skorch_nets.Dataset(split.X_valid, split.y_valid))
        device = torch_device(setting.platform)
        net = skorch_nets.tutorial(device, max_epochs=EPOCHS, train_split=valid)
        net.fit(split.X_train, split.y_train)
        return _peak(net, split)

    return measure


MEMORY = Case(
    "memory",
    "Tutorial CNN: peak memory of a process that fits 3 epochs of 3,200 digits",
    (
        Contender("skconv", _ours, ours=True),
        Contender("skorch", _skorch, 0.95, ("torch", "skorch")),
    ),
    unit="MB",
    fresh=True,
)

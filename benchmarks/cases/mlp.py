"""Case: an epoch of a multilayer perceptron."""

from __future__ import annotations

from .. import data
from ..case import Case, Contender, Measure, Setting
from ..machine import torch_device
from ..recipe import EPOCHS


def _ours(setting: Setting) -> Measure:
    from .. import nets

    split = data.digits(setting).flat()
    return lambda seed: nets.epochs(nets.mlp(max_epochs=EPOCHS, random_state=seed), split)


def _skorch(setting: Setting) -> Measure:
    import torch

    from ..peers import skorch_nets

    split, device = data.digits(setting).flat(), torch_device(setting.platform)

    def measure(seed: int):
        torch.manual_seed(seed)
        return skorch_nets.epochs(skorch_nets.mlp(device, max_epochs=EPOCHS), split)

    return measure


def _sklearn(setting: Setting) -> Measure:
    from ..peers import sklearn_nets

    split = data.digits(setting).flat()
    return lambda seed: sklearn_nets.epochs(split, seed)


MLP = Case(
    "mlp",
    "MLP 784-500-50-10: an epoch of 3,200 digits, batch 128, with validation on 800",
    (
        Contender("skconv", _ours, ours=True),
        Contender("skorch", _skorch, 0.45, ("torch", "skorch")),
        Contender("scikit-learn MLPClassifier", _sklearn, 1.0),
    ),
    unit="s per epoch",
    rounds=5,
)

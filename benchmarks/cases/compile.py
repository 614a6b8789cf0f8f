"""Cases: compiling the programs of a first fit with validation."""

from __future__ import annotations

from .. import data
from ..case import Case, Contender, Measure, Setting
from ..recipe import DEEP_LAYERS, DEEP_UNITS, IMAGENET_BATCH


def _dense(setting: Setting) -> Measure:
    from .. import nets
    from ..compile_clock import time_compiling

    split = data.iris(setting)

    def measure(seed: int):
        def fit() -> dict[str, float]:
            net = nets.deep(DEEP_LAYERS, DEEP_UNITS, max_epochs=2, random_state=seed)
            net.fit(split.X_train, split.y_train)
            return nets.training_scores(net)

        return time_compiling(fit)

    return measure


def _resnet(_: Setting) -> Measure:
    from .. import nets
    from ..compile_clock import time_compiling

    split = data.large_images()

    def measure(seed: int):
        def fit() -> dict[str, float]:
            net = nets.imagenet(max_epochs=1, random_state=seed)
            net.fit(split.X_train, split.y_train, X_val=split.X_valid, y_val=split.y_valid)
            return nets.training_scores(net)

        return time_compiling(fit)

    return measure


COMPILE_DENSE = Case(
    "compile_dense",
    f"{DEEP_LAYERS} dense layers of {DEEP_UNITS} units on 150 rows: compiling in a first fit, by "
    "what it takes longer than a second one",
    (Contender("skconv", _dense, ours=True),),
    fresh=True,
    bar=2.0,
)

COMPILE_RESNET = Case(
    "compile_resnet",
    f"ResNet-18 on 3x224x224, batch {IMAGENET_BATCH}: compiling in a first fit, by what it takes "
    "longer than a second one",
    (Contender("skconv", _resnet, ours=True),),
    rounds=2,
    fresh=True,
    bar=7.0,
)

"""Cases: an epoch of ResNet-18 on 32x32 images, in float32 and in bfloat16."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..case import Case, Contender, Measure, Sample, Setting
from ..machine import torch_device
from ..recipe import RESNET_CPU, RESNET_EPOCHS, RESNET_SIZES


def _images(setting: Setting) -> tuple[np.ndarray, np.ndarray, float]:
    """Return random uint8 images, their classes, and the factor on the number of filters."""
    n, width = RESNET_CPU if setting.platform == "cpu" else RESNET_SIZES
    random = np.random.default_rng(0)
    X = random.integers(0, 256, (n, 3, 32, 32), np.uint8)
    return X, random.integers(0, 10, n, np.int32), width


def _ours(
    setting: Setting, *, batch: int, augment: bool = False, dtype: str = "float32"
) -> Measure:
    from skconv.augment import RandomCrop, RandomFlip

    from .. import nets

    X, y, width = _images(setting)
    keywords: dict[str, Any] = {"compute_dtype": dtype, "batch_iterator_train": min(batch, len(X))}
    if augment:
        keywords["augment"] = [RandomFlip(), RandomCrop(pad=4)]

    def measure(seed: int) -> Sample:
        net = nets.resnet(width, max_epochs=RESNET_EPOCHS, random_state=seed, **keywords)
        return nets.image_epochs(net, X, y)

    return measure


def _by_hand(setting: Setting, *, batch: int, dtype: str = "float32") -> Measure:
    from .. import handwritten_resnet

    X, y, width = _images(setting)
    options = {"batch": min(batch, len(X)), "width": width, "dtype": dtype}
    return lambda seed: handwritten_resnet.epochs(X, y, seed, **options)


def _torch(
    setting: Setting, *, batch: int, autocast: bool = False, compiled: bool = False
) -> Measure:
    from ..peers import torch_resnet

    X, y, width = _images(setting)
    device = torch_device(setting.platform)
    options = {"batch": min(batch, len(X)), "width": width}
    options |= {"autocast": autocast, "compiled": compiled}
    return lambda seed: torch_resnet.epochs(X, y, seed, device, **options)


TORCH = ("torch",)


def _case(name: str, batch: int, dtype: str, *peers: Contender, augmented: bool = False) -> Case:
    ours = partial(_ours, batch=batch, dtype=dtype)
    contenders = [Contender("skconv", ours, ours=True)]
    if augmented:
        contenders.append(Contender("skconv, flips and crops", partial(ours, augment=True)))
    by_hand = partial(_by_hand, batch=batch, dtype=dtype)
    contenders.append(Contender("JAX by hand", by_hand, 1.05))
    return Case(
        name,
        f"ResNet-18 on 3x32x32: an epoch of {RESNET_SIZES[0]:,} images, batch {batch}, {dtype}",
        (*contenders, *peers),
        unit="s per epoch",
        rounds=1,
    )


RESNETS = [
    _case(
        "resnet",
        512,
        "float32",
        Contender("torch, channels last", partial(_torch, batch=512), 1.0, TORCH),
        augmented=True,
    ),
    _case(
        "resnet-bfloat16",
        512,
        "bfloat16",
        Contender("torch, autocast", partial(_torch, batch=512, autocast=True), 1.0, TORCH),
        Contender(
            "torch, autocast, compiled",
            partial(_torch, batch=512, autocast=True, compiled=True),
            1.0,
            TORCH,
        ),
    ),
    _case("resnet-128", 128, "float32"),
]

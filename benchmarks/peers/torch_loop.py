"""A hand-written training loop in torch, without overhead."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from .. import recipe
from ..case import Sample
from ..clock import Clock
from ..data import Split


def epochs(
    make: Callable[[], nn.Module],
    split: Split,
    seed: int,
    device: str,
    *,
    batch: int,
    epochs: int,
    rate: float,
    channels_last: bool,
) -> Sample:
    """Fit a network and time the epochs, optionally with channels last.

    The accuracy and the loss are those of the last epoch, computed in the training steps.
    """
    torch.manual_seed(seed)
    # all shapes are constant, so it pays to let cuDNN choose its fastest algorithms
    torch.backends.cudnn.benchmark = True
    layout = torch.channels_last if channels_last else torch.contiguous_format
    X = torch.from_numpy(split.X_train).to(device, memory_format=layout)
    y = torch.from_numpy(split.y_train).to(device)
    clock = Clock()
    net = make().to(device, memory_format=layout)
    update = torch.optim.SGD(net.parameters(), rate, momentum=recipe.MOMENTUM, nesterov=True)
    loss = nn.CrossEntropyLoss()
    for _ in range(epochs):
        total, right = torch.zeros((2,), device=device)
        batches = torch.randperm(len(X), device=device).split(batch)
        for index in batches:
            update.zero_grad(set_to_none=True)
            logits = net(X[index])
            value = loss(logits, y[index])
            value.backward()
            update.step()
            total += value.detach()
            right += (logits.argmax(1) == y[index]).sum()
        scores = {
            "training accuracy": right.item() / len(X),
            "training loss": total.item() / len(batches),
        }
        clock.tick()
    return Sample(clock.warm, clock.first, scores)

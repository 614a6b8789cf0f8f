"""A hand-written training loop in torch, without overhead."""

from __future__ import annotations

import torch
from torch import nn

from .. import recipe
from ..case import Sample
from ..clock import Clock
from ..data import Split
from .torch_nets import VGG


def epochs(split: Split, seed: int, device: str, *, channels_last: bool) -> Sample:
    """Fit the VGG and time the epochs, optionally with channels last."""
    torch.manual_seed(seed)
    # all shapes are constant, so it pays to let cuDNN choose its fastest algorithms
    torch.backends.cudnn.benchmark = True
    layout = torch.channels_last if channels_last else torch.contiguous_format
    X = torch.from_numpy(split.X_train).to(device, memory_format=layout)
    y = torch.from_numpy(split.y_train).to(device)
    clock = Clock()
    net = VGG().to(device, memory_format=layout)
    update = torch.optim.SGD(
        net.parameters(), recipe.VGG_RATE, momentum=recipe.MOMENTUM, nesterov=True
    )
    loss = nn.CrossEntropyLoss()
    for _ in range(recipe.VGG_EPOCHS):
        total, right = torch.zeros((2,), device=device)
        order = torch.randperm(len(X), device=device)
        for index in order.split(recipe.VGG_BATCH):
            update.zero_grad(set_to_none=True)
            logits = net(X[index])
            value = loss(logits, y[index])
            value.backward()
            update.step()
            total += value.detach()
            right += (logits.argmax(1) == y[index]).sum()
        scores = {
            "training accuracy": right.item() / len(X),
            "training loss": total.item() / recipe.VGG_STEPS,
        }
        clock.tick()
    return Sample(clock.warm, clock.first, scores)

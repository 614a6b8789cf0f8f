"""ResNet-18 in torch, and a loop for 32x32 images, channels last, with the rows on the device."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from .. import recipe
from ..case import Sample
from ..clock import Clock


def _convolution(fed: int, filters: int, size: int = 3, stride: int = 1) -> list[nn.Module]:
    plain = nn.Conv2d(fed, filters, size, stride, size // 2, bias=False)
    return [plain, nn.BatchNorm2d(filters)]


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, fed: int, filters: int, stride: int) -> None:
        super().__init__()
        first, second = _convolution(fed, filters, 3, stride), _convolution(filters, filters)
        self.branch = nn.Sequential(*first, nn.ReLU(inplace=True), *second)
        same = stride == 1 and fed == filters
        shortcut = [] if same else _convolution(fed, filters, 1, stride)
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Compute the output of the block."""
        return torch.relu(self.branch(X) + self.shortcut(X))


def resnet(width: float = 1.0, *, small: bool = False) -> nn.Module:
    """Return a ResNet-18 for ten classes.

    Parameters
    ----------
    width : float
        Factor on the number of filters.
    small : bool
        Whether it starts with a 3x3 convolution and no pooling, for images of 32x32.
    """
    fed = int(64 * width)
    first = _convolution(3, fed) if small else _convolution(3, fed, 7, 2)
    layers = [*first, nn.ReLU(inplace=True)]
    if not small:
        layers.append(nn.MaxPool2d(3, 2, 1))
    for stage in range(4):
        for block in range(2):
            filters = int(64 * width) * 2**stage
            layers.append(Block(fed, filters, 2 if stage and not block else 1))
            fed = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(fed, 10))


def epochs(
    X: np.ndarray,
    y: np.ndarray,
    seed: int,
    device: str,
    *,
    batch: int,
    width: float,
    autocast: bool,
    compiled: bool,
) -> Sample:
    """Fit the network and time the epochs."""
    torch.manual_seed(seed)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = torch.backends.cudnn.allow_tf32 = True
    images, labels = torch.from_numpy(X).to(device), torch.from_numpy(y).to(device).long()
    clock = Clock()
    net = resnet(width, small=True).to(device, memory_format=torch.channels_last)
    forward = torch.compile(net) if compiled else net
    update = torch.optim.SGD(
        net.parameters(), recipe.RESNET_RATE, momentum=recipe.MOMENTUM, nesterov=True
    )
    loss = nn.CrossEntropyLoss()
    for _ in range(recipe.RESNET_EPOCHS):
        total = torch.zeros((), device=device)
        for index in torch.randperm(len(images), device=device).split(batch):
            rows = images[index].float().to(memory_format=torch.channels_last)
            update.zero_grad(set_to_none=True)
            with torch.autocast(device, torch.bfloat16, enabled=autocast):
                value = loss(forward(rows), labels[index])
            value.backward()
            update.step()
            total += value.detach()
        scores = {"training loss": total.item() * batch / len(images)}
        clock.tick()
    return Sample(clock.warm, clock.first, scores)

"""The networks in torch, with the initial distribution of skconv and Keras."""

from __future__ import annotations

import torch
from torch import nn

from ..recipe import TABLE_UNITS


def glorot(net: nn.Module) -> nn.Module:
    """Draw weights as in Glorot and Bengio (2010); biases are zero."""
    for module in net.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net


class Net(nn.Module):
    """A sequence of layers that computes logits."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = glorot(nn.Sequential(*self.build()))

    def build(self) -> list[nn.Module]:
        """Return the layers."""
        raise NotImplementedError

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Compute logits."""
        return self.layers(X)


class Tutorial(Net):
    """The convolutional network of the quickstart."""

    def build(self) -> list[nn.Module]:
        """Return the layers."""
        return [
            nn.Conv2d(1, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 6 * 6, 500),
            nn.ReLU(),
            nn.Linear(500, 10),
        ]


class MLP(Net):
    """A 784-500-50-10 perceptron."""

    def build(self) -> list[nn.Module]:
        """Return the layers."""
        return [
            nn.Linear(784, 500),
            nn.ReLU(),
            nn.Linear(500, 50),
            nn.ReLU(),
            nn.Linear(50, 10),
        ]


class VGG(Net):
    """A VGG-like network: six convolutions with batch normalization."""

    def build(self) -> list[nn.Module]:
        """Return the layers."""
        layers: list[nn.Module] = []
        channels = 3
        for filters in (64, 128, 256):
            for _ in range(2):
                layers.append(nn.Conv2d(channels, filters, 3, padding=1, bias=False))
                layers += [nn.BatchNorm2d(filters), nn.ReLU()]
                channels = filters
            layers.append(nn.MaxPool2d(2))
        return [*layers, nn.Flatten(), nn.Linear(4096, 256), nn.ReLU(), nn.Linear(256, 10)]


class Tabular(Net):
    """A network with one hidden layer for the iris data."""

    def build(self) -> list[nn.Module]:
        """Return the layers."""
        return [nn.Linear(4, TABLE_UNITS), nn.ReLU(), nn.Linear(TABLE_UNITS, 3)]


class Hidden(nn.Module):
    """A network with one hidden layer.

    Parameters
    ----------
    features, units, classes : int
    """

    def __init__(self, features: int, units: int, classes: int) -> None:
        super().__init__()
        layers = nn.Linear(features, units), nn.ReLU(), nn.Linear(units, classes)
        self.layers = glorot(nn.Sequential(*layers))

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Compute logits."""
        return self.layers(X)

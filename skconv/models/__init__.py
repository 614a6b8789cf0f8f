"""Networks as functions that return layers and keywords for `NeuralNet`."""

from .default import default

__all__ = ["default"]

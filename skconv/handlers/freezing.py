"""Layers that training leaves as they are, for a while."""

from __future__ import annotations

import fnmatch
from typing import Any

from ..errors import did_you_mean
from ..training.history import Row
from .base import Handler
from .hyperparams import set_hyperparam

__all__ = ["Freeze", "Unfreeze"]


class _Switch(Handler):
    """Set the factor on the gradients of layers, once some epochs are over.

    Parameters
    ----------
    layers : str or sequence of str
        Names of layers, or patterns such as ``'conv*'``; those without parameters are left out.
    epoch : int
        Number of epochs after which it acts.
    """

    def __init__(self, layers: Any, epoch: int = 0) -> None:
        self.layers = layers
        self.epoch = epoch

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Check that there are such layers, and act where training goes on from then."""
        self._found(net)
        self(net, train_history)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Act, if it is time to."""
        if len(train_history) >= self.epoch:
            for layer in self._found(net):
                set_hyperparam(net, f"{layer.name}_grad_scale", self._scale(layer))

    def _found(self, net: Any) -> list[Any]:
        able = [layer for layer in net.layers_.values() if layer.get_params(trainable=True)]
        names = [layer.name for layer in able]
        patterns = [self.layers] if isinstance(self.layers, str) else self.layers
        for pattern in patterns:
            if not fnmatch.filter(names, pattern):
                hint = did_you_mean(pattern, names)
                raise ValueError(
                    f"{type(self).__name__}: no layer with parameters is called {pattern!r}.{hint}"
                )
        return [
            layer for layer in able if any(fnmatch.fnmatchcase(layer.name, p) for p in patterns)
        ]

    def _scale(self, layer: Any) -> float:
        raise NotImplementedError


class Freeze(_Switch):
    """Leave layers as they are: no update changes their weights, and their state stays.

    Pass it as ``on_training_started``, or with an `epoch` as ``on_epoch_finished``. It sets
    ``<layer>_grad_scale`` to 0, which compiles nothing. With weights from elsewhere it is what
    transfer learning begins with (Yosinski et al. 2014, "How transferable are features in deep
    neural networks?").

    Parameters
    ----------
    layers : str or sequence of str
        Names of layers, or patterns such as ``'conv*'``. Layers without parameters are left out.
    epoch : int
        Epochs to train before.

    Raises
    ------
    ValueError
        Before training, where no layer with parameters has such a name.

    Examples
    --------
    >>> handlers = dict(
    ...     on_training_started=Freeze('conv*'), on_epoch_finished=Unfreeze('conv*', epoch=5)
    ... )
    """

    def _scale(self, layer: Any) -> float:
        return 0.0


class Unfreeze(_Switch):
    """Let layers learn again that `Freeze` froze.

    Pass it as ``on_epoch_finished``; its parameters are those of `Freeze`.

    Parameters
    ----------
    layers : str or sequence of str
        Names of layers, or patterns such as ``'conv*'``. Layers without parameters are left out.
    epoch : int
        Epochs to train before.

    Examples
    --------
    >>> handler = Unfreeze(['conv1', 'bn*'], epoch=5)
    """

    def _scale(self, layer: Any) -> float:
        return layer.grad_scale or 1.0

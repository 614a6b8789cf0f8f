"""Freezing of layers during training."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

from ..errors import did_you_mean
from ..network.views import FittedLayer
from ..training.history import Row
from ..utils.checks import as_list, natural
from .base import Handler
from .hyperparams import set_hyperparam

__all__ = ["Freeze", "Unfreeze"]


class _GradientScale(Handler):
    """Base class of handlers that set ``<layer>_grad_scale`` after some epochs.

    Parameters
    ----------
    layers : str or sequence of str
        Names of layers, or patterns such as ``'conv*'``. Layers without parameters are skipped.
    *more : str
        Further names or patterns.
    epoch : int
        Number of epochs after which the scale is set.
    """

    allowed_in = ("on_training_started", "on_batch_finished", "on_epoch_finished")
    parameter_checks = {"epoch": natural}

    def __init__(self, layers: str | Sequence[str], *more: str, epoch: int = 0) -> None:
        self.layers = (*as_list(layers), *more) if more else layers
        self.epoch = epoch
        self.check_parameters()

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Check the names, and set the scale if training continues after `epoch`."""
        self._matching_layers(net)
        self(net, train_history)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Set the scale once `epoch` epochs have been trained."""
        if len(train_history) >= self.epoch:
            for layer in self._matching_layers(net):
                set_hyperparam(net, f"{layer.name}_grad_scale", self._scale(layer))

    def _matching_layers(self, net: Any) -> list[FittedLayer]:
        trainable = [layer for layer in net.layers_.values() if layer.get_params(trainable=True)]
        names = [layer.name for layer in trainable]
        patterns = as_list(self.layers)
        if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
            raise ValueError(
                f"{type(self).__name__}: layers must be names of layers or patterns such as "
                f"'conv*', got {self.layers!r}; the number of epochs is given as epoch=2"
            )
        for pattern in patterns:
            if not fnmatch.filter(names, pattern):
                raise ValueError(
                    f"{type(self).__name__}: layers must match layers with parameters, got "
                    f"{pattern!r}.{did_you_mean(pattern, names)}"
                )
        return [
            layer
            for layer in trainable
            if any(fnmatch.fnmatchcase(layer.name, pattern) for pattern in patterns)
        ]

    def _scale(self, layer: FittedLayer) -> float:
        raise NotImplementedError


class Freeze(_GradientScale):
    """Handler that freezes layers: training changes neither their weights nor their state.

    Pass it as ``on_training_started``, or with an `epoch` as ``on_epoch_finished``. It sets
    ``<layer>_grad_scale`` to 0, which compiles nothing. For transfer learning,
    `skconv.models.finetune` freezes layers from the start, and can compute their outputs once.

    Parameters
    ----------
    layers : str or sequence of str
        Names of layers, or patterns such as ``'conv*'``. Layers without parameters are skipped.
    *more : str
        Further names or patterns.
    epoch : int
        Number of epochs to train first.

    Raises
    ------
    ValueError
        Before training, if a name or pattern matches no layer with parameters.

    Examples
    --------
    >>> handlers = dict(
    ...     on_training_started=Freeze('conv*'), on_epoch_finished=Unfreeze('conv*', epoch=5)
    ... )
    """

    def _scale(self, layer: FittedLayer) -> float:
        return 0.0


class Unfreeze(_GradientScale):
    """Handler that makes layers trainable again after `Freeze`.

    Pass it as ``on_epoch_finished``.

    Parameters
    ----------
    layers : str or sequence of str
        Names of layers, or patterns such as ``'conv*'``. Layers without parameters are skipped.
    *more : str
        Further names or patterns.
    epoch : int
        Number of epochs to train first.

    Examples
    --------
    >>> handler = Unfreeze('conv1', 'bn*', epoch=5)
    """

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Check that the layers can be unfrozen, besides their names."""
        if net.cache_features:
            raise ValueError(
                "Unfreeze: cache_features must be False for layers that are unfrozen later; or fit "
                "the net without the handler first, and then with cache_features=False, "
                "warm_start=True and their grad_scale"
            )
        super().begin(net, train_history)

    def _scale(self, layer: FittedLayer) -> float:
        return layer.grad_scale or 1.0

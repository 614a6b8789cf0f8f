"""Transfer learning: a pretrained network with a new output, whose other layers are frozen."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import Problems, did_you_mean
from ..network.layer_list import read_layers
from ..utils.checks import as_list, is_number
from .default import HIDDEN_LAYER_SIZES, default
from .pretrained import Pretrained

UNITS = ("num_units", "num_filters")
"""Keywords that set the number of classes of an output."""

NOISE = ("p", "sigma")
"""Keywords that set how much noise a layer draws."""


def finetune(
    pretrained: Pretrained,
    num_classes: int | None = None,
    *,
    rate: float | Mapping[str, float] = 0.0,
    cache_features: bool = True,
) -> dict[str, Any]:
    """Return a pretrained network with an output for other classes, and other layers frozen.

    Parameters
    ----------
    pretrained : Pretrained
        The network and its weights, as `skconv.models.load` returns them.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    rate : float, or dict of str to float
        Factor on the learning rate of all layers but the outputs; 0 freezes them. A dict has
        factors by name or pattern, of which the first that matches counts, as in
        ``{'conv5*': 0.1, '*': 0}``; layers without one are trained at the full rate.
    cache_features : bool
        Whether the outputs of the frozen layers are computed once, before the first epoch. Set it
        to False for `augment`, or to unfreeze layers during training.

    Returns
    -------
    dict
        ``layers``, their keywords, `pretrained` without the weights of the outputs, which start
        from random ones, and `cache_features`, for `NeuralNet`.

    Raises
    ------
    ValueError
        If a pattern matches no layer with weights.

    Notes
    -----
    Frozen layers compute as at prediction: batch normalization by its running statistics, and
    without the noise of layers such as dropout before them.

    To train all layers in the end, fit the net again with ``warm_start=True``, after
    ``net.set_params(cache_features=False, conv1_grad_scale=0.1)`` and so on; or use the handler
    `skconv.handlers.Unfreeze` with ``cache_features=False``.

    References
    ----------
    Yosinski, Clune, Bengio, Lipson, "How transferable are features in deep neural networks?"
    (2014).

    Examples
    --------
    >>> from skconv import NeuralNet, models
    >>> trained = NeuralNet(**models.lenet5((1, 32, 32), 10), random_state=0).initialize()
    >>> pretrained = models.Pretrained.from_net(trained)
    >>> net = NeuralNet(**models.finetune(pretrained), max_epochs=20)
    >>> net.get_params()['c1_grad_scale'], net.get_params()['cache_features']
    (0.0, True)
    """
    if not isinstance(pretrained, Pretrained):
        raise TypeError(
            f"pretrained must be a Pretrained, got {type(pretrained).__name__}; for a net, write "
            "models.Pretrained.from_net(net)"
        )
    network = dict(pretrained.network)
    layers = {entry.name: entry for entry in read_layers(_layers(pretrained))}
    found = {name.rpartition(".")[0] for name in pretrained.weights}
    weighted = [name for name in layers if name in found]
    heads = _heads(network, weighted, list(layers))
    for head in heads:
        _set_classes(network, head, num_classes)
    body = [name for name in weighted if name not in heads]
    rates = _rates(rate, body)
    trainable = [name for name in body if not layers[name].cls.adapts]
    network |= {f"{name}_grad_scale": float(rates[name]) for name in trainable if name in rates}
    frozen = [name for name in trainable if rates.get(name) == 0]
    order = list(layers)
    for name in order[: order.index(frozen[-1])] if frozen else ():
        if layers[name].cls.only_noise:
            network[f"{name}_{_noise_keyword(layers[name].cls)}"] = 0.0
    weights = {
        name: array
        for name, array in pretrained.weights.items()
        if name.rpartition(".")[0] not in heads
    }
    return network | {
        "pretrained": replace(pretrained, weights=weights, classes=None),
        "cache_features": cache_features and bool(frozen),
    }


def _layers(pretrained: Pretrained) -> Any:
    """Return the layers of a network, also if they are those for ``layers=None``."""
    network = pretrained.network
    if network.get("layers") is not None:
        return network["layers"]
    images, others = (1, 8, 8), (1,)
    shape = images if "conv1.W" in pretrained.weights else others
    return default(shape, network.get("hidden_layer_sizes", HIDDEN_LAYER_SIZES))["layers"]


def _heads(network: Mapping[str, Any], weighted: Sequence[str], order: Sequence[str]) -> list[str]:
    """Return the layers that set the number of classes: the last with weights of each output."""
    outputs = [*as_list(network.get("outputs") or order[-1]), *(network.get("aux_outputs") or ())]
    heads = []
    for output in outputs:
        before = [name for name in order[: order.index(output) + 1] if name in weighted]
        heads += before[-1:]
    return heads


def _set_classes(network: dict[str, Any], head: str, num_classes: int | None) -> None:
    """Set or remove the number of units of an output."""
    given = [f"{head}_{field}" for field in UNITS if f"{head}_{field}" in network]
    keyword = given[0] if given else f"{head}_{UNITS[0]}"
    network.pop(keyword, None)
    if num_classes is not None:
        network[keyword] = num_classes


def _rates(rate: float | Mapping[str, float], body: Sequence[str]) -> dict[str, float]:
    """Return the factor on the learning rate of each layer that has one."""
    problems = Problems()
    rates: Mapping[str, float] = rate if isinstance(rate, Mapping) else {"*": rate}
    for pattern, factor in rates.items():
        if not is_number(factor) or not 0 <= factor < float("inf"):
            problems.add(f"rate must be a non-negative number, got {factor!r} for {pattern!r}")
        if not fnmatch.filter(body, pattern):
            problems.add(
                "rate must have names or patterns of layers with weights, got "
                f"{pattern!r}.{did_you_mean(pattern, body)}"
            )
    problems.raise_any()
    found = {}
    for name in body:
        matching = [pattern for pattern in rates if fnmatch.fnmatchcase(name, pattern)]
        if matching:
            found[name] = rates[matching[0]]
    return found


def _noise_keyword(layer: Any) -> str:
    return next(field for field in NOISE if hasattr(layer, field))

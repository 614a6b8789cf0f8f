"""Penalties on weights, under Lasagne's names.

In training, keywords penalize: ``objective_l2`` for all layers, and ``conv1_l2``, or ``l2=`` of a
layer, for one. The functions of this module compute penalties in an objective of your own, and of
the weights that a net has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp

from .layers.base import Layer

__all__ = [
    "apply_penalty",
    "l1",
    "l2",
    "regularize_layer_params",
    "regularize_layer_params_weighted",
    "regularize_network_params",
]

REGULARIZABLE: Mapping[str, bool] = MappingProxyType({"regularizable": True})
"""The tags of the parameters that penalties act on by default; biases are left out."""


def l1(x: Any) -> jax.Array:
    """Compute the sum of the absolute values of an array.

    Examples
    --------
    >>> import numpy as np
    >>> float(l1(np.array([3.0, -4.0])))
    7.0
    """
    return jnp.abs(jnp.asarray(x)).sum()


def l2(x: Any) -> jax.Array:
    """Compute the sum of the squares of an array.

    Examples
    --------
    >>> import numpy as np
    >>> float(l2(np.array([3.0, -4.0])))
    25.0
    """
    return jnp.square(jnp.asarray(x)).sum()


def apply_penalty(tensor_or_tensors: Any, penalty: Callable[..., Any], **kwargs: Any) -> Any:
    """Compute the penalty of an array, or the sum of those of several.

    Parameters
    ----------
    tensor_or_tensors : array, or iterable of arrays or parameters
        Such as the argument `params` of an objective.
    penalty : callable
        From an array to a scalar, such as `l1` and `l2`.
    **kwargs
        Keywords for `penalty`.

    Returns
    -------
    scalar

    Examples
    --------
    An objective with a penalty of 0.001 times the absolute weights:

    >>> from skconv import NeuralNet, layers
    >>> from skconv.objectives import objective
    >>> def sparse(predictions, targets, weights, params, *, loss_function):
    ...     loss = objective(predictions, targets, weights, params, loss_function=loss_function)
    ...     return loss + 0.001 * apply_penalty(params, l1)
    >>> net = NeuralNet([layers.InputLayer, layers.DenseLayer], objective=sparse)
    """
    if isinstance(tensor_or_tensors, Iterable) and not hasattr(tensor_or_tensors, "dtype"):
        return sum(penalty(_as_array(x), **kwargs) for x in tensor_or_tensors)
    return penalty(_as_array(tensor_or_tensors), **kwargs)


def regularize_layer_params(
    layer: Any,
    penalty: Callable[..., Any],
    tags: Mapping[str, bool] = REGULARIZABLE,
    **kwargs: Any,
) -> Any:
    """Compute the penalty of the parameters of a layer, or of several.

    Parameters
    ----------
    layer : layer of a net, or iterable of layers
        Such as ``net.layers_['conv1']``. A net has weights once it is initialized or fitted.
    penalty : callable
        From an array to a scalar.
    tags : mapping of str to bool
        Arguments for the layer's `get_params`, which select parameters: `trainable` and
        `regularizable`.
    **kwargs
        Keywords for `penalty`.

    Returns
    -------
    scalar
        For the weights that the net has now.

    Raises
    ------
    TypeError
        If a layer has no weights, as it belongs to no net; the message says how to penalize them
        in training.

    Examples
    --------
    >>> from skconv import NeuralNet, layers
    >>> net = NeuralNet([layers.InputLayer((None, 3)), layers.DenseLayer(None, 2, W=0.5)])
    >>> float(regularize_layer_params(net.initialize().layers_['dense1'], l1))
    3.0
    """
    return apply_penalty(
        [x for one in _listed(layer) for x in _params(one, tags)], penalty, **kwargs
    )


def regularize_layer_params_weighted(
    layers: Mapping[Any, float],
    penalty: Callable[..., Any],
    tags: Mapping[str, bool] = REGULARIZABLE,
    **kwargs: Any,
) -> Any:
    """Compute the sum of the layers' penalties, each times a factor of its own.

    Parameters
    ----------
    layers : mapping of layer of a net to float
        Factors by layer.
    penalty, tags, **kwargs
        As in `regularize_layer_params`.

    Returns
    -------
    scalar

    Raises
    ------
    TypeError
        As for `regularize_layer_params`.

    Examples
    --------
    >>> from skconv import NeuralNet, layers
    >>> net = NeuralNet([layers.InputLayer((None, 3)), layers.DenseLayer(None, 2, W=0.5)])
    >>> dense = net.initialize().layers_['dense1']
    >>> float(regularize_layer_params_weighted({dense: 0.5}, l1))
    1.5
    """
    return sum(
        factor * apply_penalty(_params(layer, tags), penalty, **kwargs)
        for layer, factor in layers.items()
    )


def regularize_network_params(
    net: Any,
    penalty: Callable[..., Any],
    tags: Mapping[str, bool] = REGULARIZABLE,
    **kwargs: Any,
) -> Any:
    """Compute the penalty of the parameters of all layers of a net.

    Parameters
    ----------
    net : NeuralNet
        Initialized or fitted.
    penalty, tags, **kwargs
        As in `regularize_layer_params`. Parameters that layers share count once.

    Returns
    -------
    scalar
        For the weights that the net has now.

    Raises
    ------
    TypeError
        If `net` has no weights, such as a layer.

    Examples
    --------
    >>> from skconv import NeuralNet, layers
    >>> net = NeuralNet([layers.InputLayer((None, 3)), layers.DenseLayer(None, 2, W=0.5)])
    >>> float(regularize_network_params(net.initialize(), l2))
    1.5
    """
    if not hasattr(net, "get_all_params"):
        raise _without_weights("net must be a net that is initialized or fitted", net)
    return apply_penalty(net.get_all_params(**tags), penalty, **kwargs)


def _as_array(x: Any) -> Any:
    """Return the array of a parameter of a net, and other values unchanged."""
    return x.get_value() if hasattr(x, "get_value") else x


def _listed(layers: Any) -> list[Any]:
    return list(layers) if isinstance(layers, Iterable) else [layers]


def _params(layer: Any, tags: Mapping[str, bool]) -> list[Any]:
    if not hasattr(layer, "get_params"):
        raise _without_weights("layer must be one of a net, as in net.layers_['conv1']", layer)
    return list(layer.get_params(**tags))


def _without_weights(valid: str, given: Any) -> TypeError:
    kind = type(given).__name__
    hint = "to penalize weights in training, set objective_l2 of the net"
    if isinstance(given, Layer):
        hint = (
            "which has no weights before its net is initialized; to penalize them in training, "
            f"write {kind}(..., l2=0.001), or objective_l2=0.001 for all layers"
        )
    return TypeError(f"{valid}, got {kind}, {hint}")

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

from .layers.graph import get_all_params

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
    layer : Layer, or iterable of Layer
        Of a net, such as ``net.layers_['conv1']``, or an instance whose input is known.
    penalty : callable
        From an array to a scalar.
    tags : mapping of str to bool
        Which parameters to take: those that are `trainable`, and those that are `regularizable`,
        or not so.
    **kwargs
        Keywords for `penalty`.

    Returns
    -------
    scalar
        For the current weights.

    Raises
    ------
    TypeError
        If `layer` is neither a layer nor several.
    ValueError
        In an objective or another function that is compiled, where the weights would be constants,
        and for layers whose input is not known.

    Examples
    --------
    >>> from skconv import NeuralNet, layers
    >>> net = NeuralNet([layers.InputLayer((None, 3)), layers.DenseLayer(None, 2, W=0.5)])
    >>> float(regularize_layer_params(net.initialize().layers_['dense1'], l1))
    3.0
    """
    return apply_penalty(_params("regularize_layer_params", layer, tags), penalty, **kwargs)


def regularize_layer_params_weighted(
    layers: Mapping[Any, float],
    penalty: Callable[..., Any],
    tags: Mapping[str, bool] = REGULARIZABLE,
    **kwargs: Any,
) -> Any:
    """Compute the sum of the layers' penalties, each times a factor of its own.

    Parameters
    ----------
    layers : mapping of Layer to float
        Factors by layer.
    penalty, tags, **kwargs
        As in `regularize_layer_params`.

    Returns
    -------
    scalar

    Raises
    ------
    TypeError, ValueError
        As for `regularize_layer_params`.

    Examples
    --------
    >>> from skconv import NeuralNet, layers
    >>> net = NeuralNet([layers.InputLayer((None, 3)), layers.DenseLayer(None, 2, W=0.5)])
    >>> dense = net.initialize().layers_['dense1']
    >>> float(regularize_layer_params_weighted({dense: 0.5}, l1))
    1.5
    """
    name = "regularize_layer_params_weighted"
    return sum(
        factor * apply_penalty(_params(name, layer, tags), penalty, **kwargs)
        for layer, factor in layers.items()
    )


def regularize_network_params(
    layer: Any,
    penalty: Callable[..., Any],
    tags: Mapping[str, bool] = REGULARIZABLE,
    **kwargs: Any,
) -> Any:
    """Compute the penalty of the parameters of a layer and of all layers that feed it.

    Parameters
    ----------
    layer : Layer, list of Layer, or NeuralNet
        A net stands for all of its layers.
    penalty, tags, **kwargs
        As in `regularize_layer_params`. Parameters that layers share count once.

    Returns
    -------
    scalar
        For the current weights.

    Raises
    ------
    TypeError, ValueError
        As for `regularize_layer_params`.

    Examples
    --------
    >>> from skconv import NeuralNet, layers
    >>> net = NeuralNet([layers.InputLayer((None, 3)), layers.DenseLayer(None, 2, W=0.5)])
    >>> float(regularize_network_params(net.initialize(), l2))
    1.5
    """
    _need_values("regularize_network_params")
    if hasattr(layer, "get_all_params"):
        return apply_penalty(layer.get_all_params(**tags), penalty, **kwargs)
    return apply_penalty(get_all_params(layer, **tags), penalty, **kwargs)


def _as_array(x: Any) -> Any:
    """Return the array of a parameter of a net, and other values unchanged."""
    return x.get_value() if hasattr(x, "get_value") else x


def _params(name: str, layers: Any, tags: Mapping[str, bool]) -> list[Any]:
    """Return the parameters of a layer, or of several, by their tags."""
    _need_values(name)
    found = list(layers) if isinstance(layers, Iterable) else [layers]
    for layer in found:
        if not hasattr(layer, "own_params"):
            hint = "; write net.layers_['conv1']" if hasattr(layer, "layers_") else ""
            raise TypeError(
                f"layer must be a layer or a list of layers, got {type(layer).__name__}{hint}"
            )
    return [parameter for layer in found for parameter in layer.own_params(**tags)]


def _need_values(name: str) -> None:
    """Raise `ValueError` in a function that JAX traces, where the weights would be constants."""
    if isinstance(jnp.zeros(()), jax.core.Tracer):
        raise ValueError(
            f"{name} must be called outside of functions that are compiled, such as objectives, "
            "where the weights would be constants; write apply_penalty(params, l2) in an "
            "objective, of its argument params, or penalize layers by keywords, as in conv1_l2=1e-4"
        )

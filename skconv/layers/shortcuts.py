"""Functions that put layers behind a layer and change it to suit, under Lasagne's names."""

from __future__ import annotations

from typing import Any, TypeVar

from ..nonlinearities import rectify
from ..utils.checks import number
from ..utils.fields import UNSET
from .base import Layer
from .normalization import BatchNormLayer
from .special import (
    BiasLayer,
    NonlinearityLayer,
    ParametricRectifierLayer,
    RandomizedRectifierLayer,
    ScaleLayer,
)
from .standardization import StandardizationLayer

__all__ = [
    "batch_norm",
    "batch_norm_dnn",
    "grad_scale",
    "instance_norm",
    "layer_norm",
    "prelu",
    "rrelu",
    "standardize",
]

L = TypeVar("L", bound=Layer)


def batch_norm(layer: Layer, **kwargs: Any) -> Layer:
    """Put batch normalization between a layer and its nonlinearity.

    Parameters
    ----------
    layer : Layer
        It is modified: it loses its biases, which the normalization would remove, and its
        nonlinearity, which a `NonlinearityLayer` applies behind the normalization.
    **kwargs
        Fields of the `BatchNormLayer`. Its name is that of `layer` with ``_bn``, if it has one.

    Returns
    -------
    Layer
        The last layer.

    Raises
    ------
    TypeError
        If `layer` is not a layer instance, or for an unknown field.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer, get_all_layers
    >>> layer = batch_norm(DenseLayer(InputLayer((None, 64)), 100, nonlinearity='tanh'))
    >>> [type(layer).__name__ for layer in get_all_layers(layer)]
    ['InputLayer', 'DenseLayer', 'BatchNormLayer', 'NonlinearityLayer']
    """
    _check_layer("batch_norm", layer)
    _check_free(layer)
    name = _new_name(layer, kwargs, "bn")
    normalized = BatchNormLayer(layer, name=name, **kwargs)
    _remove_biases(layer)
    return _with_nonlinearity_of(layer, normalized, name)


batch_norm_dnn = batch_norm


def instance_norm(
    layer: Layer, learn_scale: bool = True, learn_bias: bool = True, **kwargs: Any
) -> Layer:
    """Put instance normalization between a layer and its nonlinearity.

    Each channel of each row is standardized over its positions (Ulyanov et al. 2016).

    Parameters
    ----------
    layer : Layer
        It is modified as by `batch_norm`.
    learn_scale, learn_bias : bool
        Whether to add a `ScaleLayer` and a `BiasLayer`.
    **kwargs
        Fields of the `StandardizationLayer`. Its name is that of `layer` with ``_in``, if it has
        one.

    Returns
    -------
    Layer
        The last layer.

    Raises
    ------
    TypeError
        If `layer` is not a layer instance, or for an unknown field.

    Examples
    --------
    >>> from skconv.layers import Conv2DLayer, InputLayer, get_all_layers
    >>> layer = instance_norm(Conv2DLayer(InputLayer((None, 3, 28, 28)), 8, 3), learn_bias=False)
    >>> [type(layer).__name__ for layer in get_all_layers(layer)][2:]
    ['StandardizationLayer', 'ScaleLayer', 'NonlinearityLayer']
    """
    _check_layer("instance_norm", layer)
    _check_free(layer)
    name = _new_name(layer, kwargs, "in")
    standardized = StandardizationLayer(layer, axes="spatial", name=name, **kwargs)
    return _scaled_and_shifted(layer, standardized, name, learn_scale, learn_bias)


def layer_norm(layer: Layer, **kwargs: Any) -> Layer:
    """Put layer normalization between a layer and its nonlinearity.

    Each row is standardized over its channels and positions, then scaled and shifted by channel
    (Ba et al. 2016).

    Parameters
    ----------
    layer : Layer
        It is modified as by `batch_norm`.
    **kwargs
        Fields of the `StandardizationLayer`. Its name is that of `layer` with ``_ln``, if it has
        one.

    Returns
    -------
    Layer
        The last layer.

    Raises
    ------
    TypeError
        If `layer` is not a layer instance, or for an unknown field.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer, get_all_layers
    >>> layer = layer_norm(DenseLayer(InputLayer((None, 64)), 100))
    >>> [type(layer).__name__ for layer in get_all_layers(layer)][2:]
    ['StandardizationLayer', 'ScaleLayer', 'BiasLayer', 'NonlinearityLayer']
    """
    _check_layer("layer_norm", layer)
    _check_free(layer)
    name = _new_name(layer, kwargs, "ln")
    standardized = StandardizationLayer(layer, axes="features", name=name, **kwargs)
    return _scaled_and_shifted(layer, standardized, name, True, True)


def standardize(layer: Any, offset: Any, scale: Any, shared_axes: Any = "auto") -> Layer:
    """Subtract an offset from a layer's output and divide by a scale, both of them fixed.

    `NormalizationLayer` computes them from the training samples instead.

    Parameters
    ----------
    layer : Layer or str
    offset, scale : float or array
        Shaped like the axes that are not shared. They are parameters that ``grad_scale=0`` keeps as
        they are.
    shared_axes : 'auto', int or tuple of int
        Axes along which they are shared; ``'auto'`` is all but the channels.

    Returns
    -------
    ScaleLayer
        The last of two layers: a `BiasLayer` and a `ScaleLayer`, as in Lasagne.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.layers import InputLayer
    >>> X = np.random.default_rng(0).normal(2.0, 3.0, size=(100, 20))
    >>> layer = standardize(InputLayer((None, 20)), X.mean(0), X.std(0), shared_axes=0)
    >>> layer.input_layer.b.values.shape
    (20,)
    """
    shifted = BiasLayer(layer, -offset, shared_axes, grad_scale=0.0)
    return ScaleLayer(shifted, 1.0 / scale, shared_axes, grad_scale=0.0)


def prelu(layer: Layer, **kwargs: Any) -> ParametricRectifierLayer:
    """Replace the nonlinearity of a layer by a `ParametricRectifierLayer`.

    Parameters
    ----------
    layer : Layer
        It is modified: its nonlinearity becomes None.
    **kwargs
        Fields of the `ParametricRectifierLayer`.

    Raises
    ------
    TypeError
        If `layer` is not a layer instance, or for an unknown field.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> prelu(DenseLayer(InputLayer((None, 64)), 100)).input_layer.nonlinearity is None
    True
    """
    return _rectified("prelu", layer, ParametricRectifierLayer, kwargs)


def rrelu(layer: Layer, **kwargs: Any) -> RandomizedRectifierLayer:
    """Replace the nonlinearity of a layer by a `RandomizedRectifierLayer`.

    Parameters
    ----------
    layer : Layer
        It is modified: its nonlinearity becomes None.
    **kwargs
        Fields of the `RandomizedRectifierLayer`.

    Raises
    ------
    TypeError
        If `layer` is not a layer instance, or for an unknown field.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> rrelu(DenseLayer(InputLayer((None, 64)), 100), lower=0.1).lower
    0.1
    """
    return _rectified("rrelu", layer, RandomizedRectifierLayer, kwargs)


def grad_scale(layer: Layer, scale: float) -> Layer:
    """Set the factor on the gradients of a layer's parameters, as in nolearn.

    Parameters
    ----------
    layer : Layer
        It is modified.
    scale : float
        0 freezes the layer.

    Returns
    -------
    Layer
        The layer itself.

    Raises
    ------
    TypeError
        If `layer` is not a layer instance.
    ValueError
        If `scale` is not a finite number.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> grad_scale(DenseLayer(InputLayer((None, 64)), 100), 0.1).grad_scale
    0.1
    """
    _check_layer("grad_scale", layer)
    if number(scale) is not None:
        raise ValueError(f"scale must be {number(scale)}, got {scale!r}")
    object.__setattr__(layer, "grad_scale", scale)
    return layer


HINTS = {
    "grad_scale": "set hidden_grad_scale=0.1 of a net with a layer 'hidden'",
    "prelu": "set hidden_nonlinearity=None and add a ParametricRectifierLayer after it",
    "rrelu": "set hidden_nonlinearity=None and add a RandomizedRectifierLayer after it",
    "batch_norm": "set hidden_b=None and hidden_nonlinearity=None of a layer 'hidden', and add a "
    "BatchNormLayer and a NonlinearityLayer after it",
    "instance_norm": "set hidden_b=None and hidden_nonlinearity=None of a layer 'hidden', and add "
    "an InstanceNormLayer and a NonlinearityLayer after it",
    "layer_norm": "set hidden_b=None and hidden_nonlinearity=None of a layer 'hidden', and add a "
    "LayerNormLayer and a NonlinearityLayer after it",
}
"""What to write for layers that are not instances."""


def _check_layer(function: str, layer: Any) -> None:
    if not issubclass(type(layer), Layer):
        raise TypeError(
            f"layer must be a layer instance, as in {function}(DenseLayer(previous, 10)), "
            f"got {layer!r}; in a list of layers, {HINTS[function]}"
        )


def _check_free(layer: Layer) -> None:
    """Raise `ValueError` for a layer that is to change, but that a net was built from."""
    if layer.in_net is not None:
        raise ValueError(
            "layer must be one that no net was built from, as it is modified, got "
            f"{layer.in_net!r} of a net; create another"
        )


def _rectified(function: str, layer: Any, cls: type[L], kwargs: dict[str, Any]) -> L:
    """Put a layer of the given class in place of the nonlinearity of a layer."""
    _check_layer(function, layer)
    _check_free(layer)
    rectified = cls(layer, **kwargs)
    _take_nonlinearity(layer)
    return rectified


def _new_name(layer: Layer, kwargs: dict[str, Any], suffix: str) -> str | None:
    """Take the name from the keywords, or derive it from that of the layer."""
    return kwargs.pop("name", None) or (layer.name and f"{layer.name}_{suffix}")


def _scaled_and_shifted(
    layer: Layer, last: Layer, name: str | None, learn_scale: bool, learn_bias: bool
) -> Layer:
    """Add layers for scale, shift and nonlinearity behind the standardized output of a layer."""
    _remove_biases(layer)
    if learn_scale:
        last = ScaleLayer(last, name=name and f"{name}_scale")
    if learn_bias:
        last = BiasLayer(last, name=name and f"{name}_bias")
    return _with_nonlinearity_of(layer, last, name)


def _with_nonlinearity_of(layer: Layer, last: Layer, name: str | None) -> Layer:
    """Move the nonlinearity of a layer, if it has the field, behind the last layer."""
    if not hasattr(layer, "nonlinearity"):
        return last
    return NonlinearityLayer(last, _take_nonlinearity(layer), name=name and f"{name}_nonlin")


def _take_nonlinearity(layer: Layer) -> Any:
    """Make a layer linear, and return the nonlinearity that it had.

    Unset remains unset, as that of an output follows from the task, unless the layer has a default
    of its own.
    """
    if not hasattr(layer, "nonlinearity"):
        return None
    taken = layer.nonlinearity
    object.__setattr__(layer, "nonlinearity", None)
    own_default = layer.default_nonlinearity
    return own_default if taken is UNSET and own_default is not rectify else taken


def _remove_biases(layer: Layer) -> None:
    """Remove the biases of a layer that adds them to its output, not inside a recurrence."""
    if getattr(layer, "b", None) is not None and not layer.inner_nonlinearity:
        object.__setattr__(layer, "b", None)

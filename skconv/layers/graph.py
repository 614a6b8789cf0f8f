"""Lasagne's functions over graphs of layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .connections import connections, layers_below

__all__ = ["get_all_layers", "get_output_shape"]


def get_all_layers(layer: Any, treat_as_input: Iterable[Any] | None = None) -> list[Any]:
    """Return layers and all layers that feed them.

    Parameters
    ----------
    layer : Layer or list of Layer
        Layers that were given other layers as their inputs, or layers of a net, such as
        ``net.layers_['output']``.
    treat_as_input : iterable of Layer, optional
        Layers whose own inputs are left out.

    Returns
    -------
    list of Layer
        Each layer once, after those that feed it.

    Raises
    ------
    ValueError
        If a layer is connected by names, or to the previous layer of a list.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> images = InputLayer((None, 784))
    >>> hidden = DenseLayer(images, 100)
    >>> output = DenseLayer(hidden, 10)
    >>> [type(layer).__name__ for layer in get_all_layers(output)]
    ['InputLayer', 'DenseLayer', 'DenseLayer']
    >>> len(get_all_layers(output, treat_as_input=[hidden]))
    2
    """
    stops = [one.graph_key for one in treat_as_input or ()]
    return layers_below(_as_list("layer", layer), stops)


def get_output_shape(layer_or_layers: Any, input_shapes: Any = None) -> Any:
    """Return the shape of the output of one or several layers.

    Parameters
    ----------
    layer_or_layers : Layer or list of Layer
    input_shapes : tuple, or dict of Layer to tuple, optional
        The shape of the only input layer, or shapes of input layers or of outputs of other layers,
        in place of their own.

    Returns
    -------
    tuple, or list of tuple
        Starting with the number of rows, or None.

    Raises
    ------
    ValueError
        If a shape is not known, or if a layer does not take it.

    Examples
    --------
    >>> from skconv.layers import Conv2DLayer, InputLayer
    >>> layer = Conv2DLayer(InputLayer((None, 3, 32, 32)), 8, 3)
    >>> get_output_shape(layer), get_output_shape(layer, (64, 3, 48, 48))
    ((None, 8, 30, 30), (64, 8, 46, 46))
    """
    layers = _as_list("layer_or_layers", layer_or_layers)
    given = _by_input("input_shapes", layers, input_shapes)
    known = connections(layers, {key: tuple(shape) for key, shape in given.items()})
    shapes = [known[layer.graph_key].shape for layer in layers]
    return shapes if isinstance(layer_or_layers, list | tuple) else shapes[0]


def _as_list(name: str, layers: Any) -> list[Any]:
    """Return one or several layers as a list."""
    found = list(layers) if isinstance(layers, list | tuple) else [layers]
    for layer in found:
        if not hasattr(layer, "graph_key"):
            hint = ""
            if hasattr(layer, "layers_"):
                hint = "; write net.layers_['output'] for a layer of a net"
            raise TypeError(
                f"{name} must be a layer or a list of layers, got {type(layer).__name__}{hint}"
            )
    return found


def _by_input(name: str, layers: list[Any], given: Any) -> dict[Any, Any]:
    """Return what is given for inputs by the keys of their layers."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        _as_list(f"the keys of {name}", list(given))
        return {layer.graph_key: value for layer, value in given.items()}
    inputs = [layer for layer in layers_below(layers) if not layer.input_layers]
    if len(inputs) > 1:
        listed = ", ".join(layer.name or type(layer).__name__ for layer in inputs)
        raise ValueError(
            f"{name} must be a dict of input layers, because there are {len(inputs)}: {listed}; "
            "equal layers need different names to be keys, as in InputLayer(shape, name='left')"
        )
    return {layer.graph_key: given for layer in inputs}

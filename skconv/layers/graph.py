"""Lasagne's functions over graphs of layers."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import jax
import numpy as np

from ..errors import Problems, did_you_mean
from ..utils.checks import fits_float32
from .base import MergeLayer
from .connections import connections, describe_instance, is_lasagne_way, layers_below
from .instance_values import ValuedLayer, as_floats

__all__ = [
    "count_params",
    "get_all_layers",
    "get_all_param_values",
    "get_all_params",
    "get_output",
    "get_output_shape",
    "set_all_param_values",
]


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


def get_output(
    layer_or_layers: Any, inputs: Any = None, deterministic: bool = False, **kwargs: Any
) -> Any:
    """Compute the output of one or several layers.

    The layers have the weights of the net that was built from them, or else those that a net would
    start from. Neither weights nor running means change.

    Parameters
    ----------
    layer_or_layers : Layer or list of Layer
        For those of a net, ``net.layers_['output']``, `NeuralNet.get_output` is faster.
    inputs : array, or dict of Layer to array
        The input of the only input layer, or inputs of input layers or outputs of other layers.
    deterministic : bool
        Whether layers compute as at prediction: without dropout, and with running means. As in
        Lasagne, they compute as in training by default.
    **kwargs
        Further arguments for `get_output_for` of layers of your own.

    Returns
    -------
    jax array, or list of jax array
        Several layers are computed in one pass, with the same random numbers.

    Raises
    ------
    ValueError
        If the input of a layer is missing, or does not have its shape.

    Warns
    -----
    UserWarning
        If no layer has an argument in `kwargs`.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> layer = DenseLayer(InputLayer((None, 3)), 2, W=1.0)
    >>> get_output(layer, np.ones((1, 3)), deterministic=True)
    Array([[3., 3.]], dtype=float32)
    """
    layers = _as_list("layer_or_layers", layer_or_layers)
    given = _by_input("inputs", layers, inputs)
    found = {key: as_floats(x) for key, x in given.items()}
    below = layers_below(layers, given)
    _check_inputs(below, found)
    _check_arguments(below, kwargs)
    for layer in below:
        if layer.graph_key not in found:
            fed = [found[one.graph_key] for one in layer.input_layers]
            single = len(fed) == 1 and not issubclass(type(layer.detached()), MergeLayer)
            compute = layer.get_output_for
            if is_lasagne_way(type(layer)):
                compute = partial(ValuedLayer.get_output_for, layer)  # with arrays as attributes
            found[layer.graph_key] = compute(
                fed[0] if single else fed, deterministic=deterministic, **kwargs
            )
    outputs = [layer.finish(found[layer.graph_key]) for layer in layers]
    return outputs if isinstance(layer_or_layers, list | tuple) else outputs[0]


def get_all_params(layer: Any, unwrap_shared: bool = True, **tags: Any) -> list[Any]:
    """Return the parameters of layers and of all layers that feed them.

    Parameters
    ----------
    layer : Layer or list of Layer
    unwrap_shared : bool
        Without effect: a parameter that several layers share, transposed or not, is listed once.
    **tags
        ``trainable=True`` and ``regularizable=True`` list the parameters that are trained or
        penalized, False the others.

    Returns
    -------
    list
        Parameters with `get_value`, `set_value`, `name` and `shape`, in Lasagne's order.

    Raises
    ------
    ValueError
        If shapes are not known, or for an unknown tag.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> layer = DenseLayer(InputLayer((None, 3)), 2, name='hidden')
    >>> [parameter.name for parameter in get_all_params(layer)]
    ['hidden.W', 'hidden.b']
    """
    found: dict[Any, Any] = {}
    for one in layers_below(_as_list("layer", layer)):
        for parameter in one.own_params(**tags):
            found.setdefault(parameter.graph_key, parameter)
    return list(found.values())


def count_params(layer: Any, **tags: Any) -> int:
    """Return the number of values in the parameters of layers and of all layers that feed them.

    Parameters
    ----------
    layer : Layer or list of Layer
    **tags
        As for `get_all_params`; ``trainable=True`` leaves out state such as running means.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> count_params(DenseLayer(InputLayer((None, 784)), 10))
    7850
    """
    return sum(math.prod(parameter.shape) for parameter in get_all_params(layer, **tags))


def get_all_param_values(layer: Any, **tags: Any) -> list[np.ndarray]:
    """Return copies of the weights of layers and of all layers that feed them.

    Parameters
    ----------
    layer : Layer or list of Layer
    **tags
        As for `get_all_params`.

    Returns
    -------
    list of array
        One for each parameter, in Lasagne's order.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> layer = DenseLayer(InputLayer((None, 3)), 2)
    >>> [values.shape for values in get_all_param_values(layer)]
    [(3, 2), (2,)]
    """
    return [parameter.get_value() for parameter in get_all_params(layer, **tags)]


def set_all_param_values(layer: Any, values: Any, **tags: Any) -> None:
    """Set the weights of layers and of all layers that feed them.

    A net that is built from the layers starts from them; if it was built, its weights are set, and
    its next `fit` continues from them.

    Parameters
    ----------
    layer : Layer or list of Layer
    values : list of array
        One for each parameter, in Lasagne's order, as pickles of Lasagne's model zoo have them.
        Weights of convolutions that were trained with ``flip_filters=True``, Lasagne's default,
        need layers with ``flip_filters=True``.
    **tags
        As for `get_all_params`.

    Raises
    ------
    TypeError
        If `values` is not a list.
    ValueError
        If the number of arrays is not that of the parameters, or if the shapes of some differ; the
        message lists them all, and nothing is changed.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> layer = DenseLayer(InputLayer((None, 3)), 2)
    >>> set_all_param_values(layer, [np.ones((3, 2)), np.zeros(2)])
    >>> layer.W.get_value()[0]
    array([1., 1.], dtype=float32)
    """
    parameters = get_all_params(layer, **tags)
    if not isinstance(values, list | tuple):
        hint = ""
        if isinstance(values, Mapping):
            names = [key for key, value in values.items() if isinstance(value, list | tuple)]
            hint = f"; its lists are {', '.join(f'values[{name!r}]' for name in names)}"
        raise TypeError(f"values must be a list of arrays, got {type(values).__name__}{hint}")
    if len(values) != len(parameters):
        listed = ", ".join(f"{one.name} {one.shape}" for one in parameters)
        raise ValueError(
            f"values must have one array for each of {len(parameters)} parameters, "
            f"got {len(values)}; the parameters are {listed}"
        )
    problems = Problems()
    pairs = [(one, np.asarray(value)) for one, value in zip(parameters, values, strict=True)]
    for place, (one, array) in enumerate(pairs):
        if array.shape != one.shape:
            problems.add(
                f"values[{place}] must have shape {one.shape} for the parameter {one.name!r}, "
                f"got {array.shape}"
            )
        elif array.dtype.kind not in "fiu" or not fits_float32(array):
            problems.add(f"values[{place}] must hold finite numbers")
    problems.raise_any()
    for one, array in pairs:
        one.set_value(array)


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


def _check_inputs(layers: list[Any], given: Mapping[Any, jax.Array]) -> None:
    """Raise `ValueError` if an input is missing or does not have the shape of its layer."""
    problems = Problems()
    for layer in layers:
        array = given.get(layer.graph_key)
        where = describe_instance(layer)
        if array is None and (not layer.input_layers or None in layer.input_layers):
            problems.add(
                f"inputs must have an array for {where}, as in get_output(layer, X) or "
                "get_output(layer, {input_layer: X}); equal layers need different names to be keys "
                "of one dict"
            )
        elif array is not None:
            wanted = layer.output_shape
            sizes = zip(array.shape[1:], wanted[1:], strict=False)
            if len(array.shape) != len(wanted) or any(m not in (None, n) for n, m in sizes):
                shown = ("n", *("any" if size is None else size for size in wanted[1:]))
                problems.add(
                    f"inputs must have shape ({', '.join(map(str, shown))}) for {where}, "
                    f"got {array.shape}"
                )
    problems.raise_any()


def _check_arguments(layers: list[Any], kwargs: Mapping[str, Any]) -> None:
    """Warn of arguments that no layer takes."""
    known = {
        name
        for layer in layers
        for name, parameter in inspect.signature(layer.get_output_for).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD
    } - {"input", "inputs"}
    for name in kwargs.keys() - known:
        warnings.warn(
            f"get_output has the argument {name!r}, which no layer takes."
            f"{did_you_mean(name, sorted(known))}",
            UserWarning,
            stacklevel=3,
        )

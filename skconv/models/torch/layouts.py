"""How modules of torch hold the parameters of each class of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ...layers import (
    BatchNormLayer,
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    DenseLayer,
    DepthwiseConv2DLayer,
    DilatedConv2DLayer,
    GRULayer,
    Layer,
    LSTMLayer,
    MultiHeadAttentionLayer,
    NINLayer,
    RecurrentLayer,
    SeparableConv2DLayer,
    SqueezeExciteLayer,
    TransposedConv2DLayer,
    TransposedConv3DLayer,
)
from ...utils.derived_arrays import first, unchanged

EPSILON = 1e-5
"""The epsilon of torch's batch normalization by default."""

View = Callable[[np.ndarray], np.ndarray]

Shape = tuple[int, ...]


class Recipe(NamedTuple):
    """How a parameter is made of tensors.

    Parameters
    ----------
    leaves : tuple of str
        Names of the tensors within their module.
    view : callable
        Rearranges each of them.
    combine : callable
        Computes the parameter from all of them.
    """

    leaves: tuple[str, ...]
    view: View = unchanged
    combine: Callable[..., np.ndarray] = first

    def shape(self, shapes: Mapping[str, Shape]) -> Shape | None:
        """Return the shape for tensors of some shapes; None if they cannot be rearranged."""
        sources = [np.broadcast_to(np.float32(0), shapes[leaf]) for leaf in self.leaves]
        try:
            made = {self.view(source).shape for source in sources}
        except (TypeError, ValueError, IndexError):
            return None
        return made.pop() if len(made) == 1 else None


class Slot(NamedTuple):
    """What a layer takes from one module of torch.

    Parameters
    ----------
    recipes : mapping of str to Recipe
        By parameter of the layer.
    names : tuple of str
        Names that the module may have within the block that stands for the layer.
    """

    recipes: Mapping[str, Recipe]
    names: tuple[str, ...] = ()


Layout = tuple[Slot, ...]
"""The modules that a layer is made of."""


def layouts(layer: Layer, parameters: Iterable[str]) -> list[Layout]:
    """Return the ways in which modules of torch hold the parameters of a layer.

    Parameters
    ----------
    layer : Layer
    parameters : iterable of str
        Names of its parameters.

    Examples
    --------
    >>> ((slot,),) = layouts(DenseLayer(num_units=10), ['W', 'b'])
    >>> slot.recipes['W'].leaves, slot.recipes['W'].view(np.ones((10, 3))).shape
    (('weight',), (3, 10))
    """
    names = list(parameters)
    for cls in type(layer).__mro__:
        if cls in LAYOUTS:
            found = LAYOUTS[cls](layer)
            return [_restricted(layout, names) for layout in found]
    return [(Slot({name: Recipe((LEAVES.get(name, name),)) for name in names}),)]


def _restricted(layout: Layout, names: list[str]) -> Layout:
    """Return a layout without the parameters that a layer lacks."""
    return tuple(
        slot._replace(recipes={k: v for k, v in slot.recipes.items() if k in names})
        for slot in layout
    )


LEAVES = {
    "W": "weight",
    "gamma": "weight",
    "scales": "weight",
    "alpha": "weight",
    "b": "bias",
    "beta": "bias",
}
"""Names of tensors by those of parameters, for normalization and layers of one's own."""


def dense_weight(weight: np.ndarray) -> np.ndarray:
    """Return dense weights for those of a linear module, or of a convolution of its whole input."""
    return weight.reshape(len(weight), -1).T


BIAS = Recipe(("bias",))
DENSE = {"W": Recipe(("weight",), dense_weight), "b": BIAS}


def _dense(layer: Any) -> list[Layout]:
    return [(Slot(DENSE),)]


def _filters(layer: Any) -> View:
    """Return the view of filters: also those of a linear module, and turned where layers do so."""
    axes = tuple(range(2, 2 + layer.spatial))

    def view(weight: np.ndarray) -> np.ndarray:
        if weight.ndim == 2:
            weight = weight.reshape(*weight.shape, *(1,) * layer.spatial)
        return np.flip(weight, axes) if layer.flip_filters and weight.ndim > 2 else weight

    return view


def _convolution(layer: Any) -> list[Layout]:
    return [(Slot({"W": Recipe(("weight",), _filters(layer)), "b": BIAS}),)]


def _dilated(layer: Any) -> list[Layout]:
    view = _filters(layer)
    recipe = Recipe(("weight",), lambda weight: view(weight).swapaxes(0, 1))
    return [(Slot({"W": recipe, "b": BIAS}),)]


def _separable(layer: Any) -> list[Layout]:
    depthwise = Slot({"W": Recipe(("weight",), _filters(layer))}, ("depthwise", "conv_dw"))
    pointwise = {"W_pointwise": Recipe(("weight",)), "b": BIAS}
    return [(depthwise, Slot(pointwise, ("pointwise", "conv_pw")))]


def _transposed(layer: Any) -> list[Layout]:
    axes = tuple(range(2, 2 + layer.spatial))
    view = unchanged if layer.flip_filters else (lambda weight: np.flip(weight, axes))
    return [(Slot({"W": Recipe(("weight",), view), "b": BIAS}),)]


def epsilon_of(layer: Any) -> float:
    """Return the epsilon that is added to the variances of torch.

    It is the layer's, or torch's default where the layer has that of skconv.
    """
    unset = BatchNormLayer.epsilon
    return EPSILON if layer.epsilon == unset else float(layer.epsilon)


def _batch_norm(layer: Any) -> list[Layout]:
    epsilon = epsilon_of(layer)

    def inverse_deviation(variance: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1 / np.sqrt(variance.astype(np.float64) + epsilon)

    recipes = {
        "beta": BIAS,
        "gamma": Recipe(("weight",)),
        "mean": Recipe(("running_mean",)),
        "inv_std": Recipe(("running_var",), combine=inverse_deviation),
    }
    return [(Slot(recipes),)]


def _part(number: int, count: int, *, transposed: bool = False) -> View:
    """Return the view of one of several parts along the first axis."""

    def view(array: np.ndarray) -> np.ndarray:
        size = len(array) // count
        part = array[number * size : (number + 1) * size]
        return part.T if transposed else part

    return view


def _column(part: View) -> View:
    return lambda weight: part(weight)[:, 0]


def _attention(layer: Any) -> list[Layout]:
    out = Slot({"W_o": DENSE["W"], "b_o": BIAS}, ("proj", "out_proj", "o_proj", "out"))

    def joint(weight: str, bias: str) -> dict[str, Recipe]:
        recipes = {}
        for i, part in enumerate("qkv"):
            recipes[f"W_{part}"] = Recipe((weight,), _part(i, 3, transposed=True))
            recipes[f"b_{part}"] = Recipe((bias,), _part(i, 3))
        return recipes

    separate = {f"W_{part}": Recipe((f"{part}_proj_weight",), dense_weight) for part in "qkv"} | {
        f"b_{part}": Recipe(("in_proj_bias",), _part(i, 3)) for i, part in enumerate("qkv")
    }
    single = tuple(
        Slot({f"W_{part}": DENSE["W"], f"b_{part}": BIAS}, (word, f"{part}_proj", part))
        for part, word in zip("qkv", ("query", "key", "value"), strict=True)
    )
    return [
        (Slot(joint("in_proj_weight", "in_proj_bias")), out),
        (Slot(joint("weight", "bias"), ("qkv",)), out),
        (Slot(separate), out),
        (*single, out),
    ]


def _squeeze(layer: Any) -> list[Layout]:
    names = (
        ("fc1", "conv_reduce", "_se_reduce", "reduce"),
        ("fc2", "conv_expand", "_se_expand", "expand"),
    )
    return [
        tuple(
            Slot({f"W{i}": DENSE["W"], f"b{i}": BIAS}, own) for i, own in enumerate(names, start=1)
        )
    ]


def _zeros(weight: np.ndarray) -> np.ndarray:
    return np.zeros_like(weight)


def _recurrent(layer: Any) -> list[Layout]:
    """Return the layouts of an RNN or LSTM, whose gates follow each other along the first axis."""
    return _gated(layer, layer.gates, {})


def _gru(layer: Any) -> list[Layout]:
    """Return the layouts of a GRU, whose update gate is one minus that of torch."""

    def minus(given: np.ndarray, *others: np.ndarray) -> np.ndarray:
        return -sum(others, given)

    def of_new_gate(given: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        if hidden.any():
            raise ValueError(
                "bias_hh of the new gate must be zero, as torch multiplies it by the reset gate, "
                "which GRULayer does not; train the module of torch with bias=False, or with this "
                "part of bias_hh kept at zero"
            )
        return given

    own = {"W_in_to_updategate": minus, "W_hid_to_updategate": minus, "b_updategate": minus}
    gates = ("resetgate", "updategate", "hidden_update")
    return _gated(layer, gates, own | {"b_hidden_update": of_new_gate})


def _gated(layer: Any, gates: tuple[str, ...], own: dict[str, Any]) -> list[Layout]:
    """Return the layouts with and without biases.

    Parameters
    ----------
    layer : Layer
    gates : tuple of str
        In the order of torch.
    own : dict of str to callable
        How parameters are computed that torch defines differently.
    """
    weights, biases, none = {}, {}, {}
    for i, gate in enumerate(gates):
        part, bias = _part(i, len(gates)), "b" if gates == ("hid",) else f"b_{gate}"
        for source, leaf in (("in", "weight_ih"), ("hid", "weight_hh")):
            name = f"W_{source}_to_{gate}"
            view = _part(i, len(gates), transposed=True)
            weights[name] = Recipe((leaf,), view, own.get(name, first))
        biases[bias] = Recipe(("bias_ih", "bias_hh"), part, own.get(bias, np.add))
        none[bias] = Recipe(("weight_ih",), _column(part), _zeros)
    for name in layer.starts:  # torch starts from zeros
        weights[name] = Recipe(("weight_hh",), lambda weight: weight[:1], _zeros)
    return [(Slot(weights | biases),), (Slot(weights | none),)]


LAYOUTS: dict[type, Callable[[Any], list[Layout]]] = {
    DenseLayer: _dense,
    NINLayer: _dense,
    Conv1DLayer: _convolution,
    Conv2DLayer: _convolution,
    Conv3DLayer: _convolution,
    DepthwiseConv2DLayer: _convolution,
    DilatedConv2DLayer: _dilated,
    SeparableConv2DLayer: _separable,
    TransposedConv2DLayer: _transposed,
    TransposedConv3DLayer: _transposed,
    BatchNormLayer: _batch_norm,
    MultiHeadAttentionLayer: _attention,
    SqueezeExciteLayer: _squeeze,
    RecurrentLayer: _recurrent,
    LSTMLayer: _recurrent,
    GRULayer: _gru,
}
"""Layouts by class of layers; subclasses have those of their base class."""

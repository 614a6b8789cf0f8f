"""The specifications of a layer's parameters, the context of its calls, and its further inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import jax

from ..utils.fields import UNSET, cached_per_class
from ..utils.owned_values import plain

Params = dict[str, jax.Array]

Output = tuple[jax.Array, Params]
"""A layer's output and its new state."""

Copies = tuple[int, ...]
"""Factors by which layers have multiplied the rows of the batch, the latest first."""


def extra_input() -> Any:
    """Return a field for an optional further input, which comes after the incoming layers.

    It takes a layer or its name; in a built network it holds the name, or None.
    """
    return field(default=None, metadata={"kind": "graph", "further": "input"})


def layer_reference() -> Any:
    """Return a field for a layer whose function this layer uses.

    It takes a layer or its name. After its own inputs, the layer receives the other layer's output
    and then the other layer's inputs; `Context.functions` holds the function between the two.
    """
    return field(default=UNSET, metadata={"kind": "graph", "further": "layer"})


@cached_per_class
def reference_fields(cls: type) -> Mapping[str, str]:
    """Return the fields made by `extra_input` (``'input'``) and `layer_reference` (``'layer'``)."""
    fields = dataclasses.fields(cls)
    return MappingProxyType(
        {f.name: f.metadata["further"] for f in fields if "further" in f.metadata}
    )


class InitialHolder:
    """Base class of what holds initial values inside of a structural field."""

    def without_initial(self) -> Any:
        """Return a copy without them, which is equal if it compiles to the same program."""
        raise NotImplementedError


class Context(NamedTuple):
    """The context of a call to `Layer.apply`.

    Parameters
    ----------
    train : bool
        True in training steps, False at prediction.
    key : jax key or None
        Random key of the layer; None where no noise is drawn, as usual at prediction.
    mask : array of shape (n,) or None
        One for rows of data and zero for rows that pad the batch; as long as the layer's inputs,
        including any copies of the rows.
    functions : mapping of str to callable
        The functions of layers named in `layer_reference` fields, from inputs to output.

    Examples
    --------
    A layer of one's own is tried alone with a context for prediction:

    >>> import jax
    >>> import numpy as np
    >>> from skconv.layers import Context, DropoutLayer
    >>> x = np.ones((2, 3), "float32")
    >>> out, state = DropoutLayer(p=0.5).apply({}, {}, x, ctx=Context(train=False))
    >>> bool((out == x).all())
    True

    and with one for a training step, which draws noise from a key:

    >>> ctx = Context(train=True, key=jax.random.key(0))
    >>> out, state = DropoutLayer(p=0.5).apply({}, {}, x, ctx=ctx)
    >>> sorted(np.unique(out).tolist())
    [0.0, 2.0]
    """

    train: bool
    key: jax.Array | None = None
    mask: jax.Array | None = None
    functions: Mapping[str, Callable[..., jax.Array]] = MappingProxyType({})

    def noise_shape(self, shape: Sequence[Any]) -> tuple[Any, ...]:
        """Return the shape of random numbers for an array of shape (n, ...).

        At prediction all rows share them, so that a row's prediction does not depend on the others.
        """
        return (shape[0] if self.train else 1, *shape[1:])


@dataclass(frozen=True)
class ParamSpec:
    """The specification of a layer's parameter.

    Parameters
    ----------
    shape : tuple of int
    init : callable, float, array or str
        The initial value, or the name of a layer, ``'conv1'``, or of a parameter, ``'conv1.W'``,
        to share the parameter with; ``'conv1.W.T'`` reverses its axes.
    regularizable : bool
        Whether l1 and l2 penalties apply.
    trainable : bool
        False for state that the layer itself updates, such as running means.

    Examples
    --------
    >>> from skconv.layers import DenseLayer
    >>> for name, spec in DenseLayer(num_units=3).param_specs((None, 5)).items():
    ...     print(name, spec.shape, spec.regularizable)
    W (5, 3) True
    b (3,) False
    """

    shape: tuple[int, ...]
    init: Any
    regularizable: bool = True
    trainable: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "init", plain(self.init))

"""A layer with drawn fields, inputs and parameters, and the formula of its output.

An entry for a new layer is a function under `reference` that draws a `Case`; arrays have their
public shapes, channels first, and functions are given by their names. A file with new entries is
imported in `__init__.py`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from scipy.special import softmax

REFERENCES: dict[str, Callable[..., "Case"]] = {}
"""By the name of a layer, the function that draws a case of it."""


class Case(NamedTuple):
    """What a layer is given, and what it should make of it.

    Parameters
    ----------
    fields : dict
        Of the layer; a function is the name of one of `skconv.nonlinearities` or `jax.numpy`.
    inputs : list of array
    formula : callable
        ``(params, *inputs) -> output``, at prediction and, unless there is another, in training.
    params, state : dict of array
    training : callable, optional
        Formula in training. Where there is a `probe`, its first argument is what was drawn.
    renewed : callable, optional
        ``(*inputs) -> state`` after a training step.
    probe : float, optional
        Input whose output, in training, shows what a layer has drawn at random.
    law : callable, optional
        Raises where what was drawn cannot be.
    """

    fields: dict[str, Any]
    inputs: list[np.ndarray]
    formula: Callable[..., np.ndarray]
    params: dict[str, np.ndarray] = {}
    state: dict[str, np.ndarray] = {}
    training: Callable[..., np.ndarray] | None = None
    renewed: Callable[..., dict[str, np.ndarray]] | None = None
    probe: float | None = None
    law: Callable[[np.ndarray], None] | None = None


def reference(name, /, **options):
    """Enter the function that draws the cases of a layer; `options` are its keywords."""

    def enter(make):
        REFERENCES[name] = partial(make, **options)
        return make

    return enter


def normal(draw, shape):
    """Numbers for what is smooth."""
    return np.random.default_rng(draw(st.integers(0, 999))).normal(size=shape)


def spaced(draw, shape, step=0.2):
    """Numbers of which none are equal or zero, nor nearly so, for what bends where they are."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    size = int(np.prod(shape))
    values = np.arange(size) - size // 2 + 0.4 + rng.uniform(-0.2, 0.2, size)
    return step * rng.permutation(values).reshape(shape)


def brief(draw, fields, **defaults):
    """Leave out, now and then, the fields whose value is the layer's default."""
    if draw(st.booleans()):
        return fields
    return {
        name: value
        for name, value in fields.items()
        if name not in defaults or value != defaults[name]
    }


def whole(draw, low, high, count):
    """A whole number for each axis."""
    return tuple(draw(st.integers(low, high)) for _ in range(count))


def one_or_each(draw, values):
    """Write equal numbers as one, now and then."""
    return values[0] if len(set(values)) == 1 and draw(st.booleans()) else values


def sizes(draw, spatial, low=1):
    """Rows, channels, and the sizes of images."""
    return (*whole(draw, 1, 3, 1), *whole(draw, 1, 4, 1), *whole(draw, low, 8 - spatial, spatial))


def any_shape(draw, rank=(2, 4)):
    """Rows, channels and some further axes."""
    return (*whole(draw, 1, 3, 1), *whole(draw, 1, 4, draw(st.integers(*rank)) - 1))


NONLINEARITIES = {None: lambda x: x, "tanh": np.tanh, "softmax": partial(softmax, axis=1)}
"""By name; the last looks at all channels of a place."""


def nonlinearity(draw):
    """A name and the function."""
    name = draw(st.sampled_from(list(NONLINEARITIES)))
    return name, NONLINEARITIES[name]


def biases(draw, shape, untie):
    """``b`` for an output of that shape, or None, and what is added to the output."""
    kind = draw(st.sampled_from(["none", "tied", "untied"] if untie else ["none", "tied"]))
    if kind == "none":
        return {"b": None}, {}, lambda params: 0.0
    fields = brief(draw, {"untie_biases": kind == "untied"} if untie else {}, untie_biases=False)
    if kind == "untied":
        return fields, {"b": normal(draw, shape[1:])}, lambda params: params["b"]
    rest = (1,) * (len(shape) - 2)
    return fields, {"b": normal(draw, shape[1:2])}, lambda params: params["b"].reshape(-1, *rest)

"""Layers that treat each element, or each channel, alike."""

import numpy as np
from hypothesis import strategies as st

from .base import Case, any_shape, brief, nonlinearity, normal, reference, spaced


@reference("InputLayer")
def given_data(draw):
    x = normal(draw, any_shape(draw))
    return Case({"shape": (None, *x.shape[1:])}, [x], lambda params, x: x)


@reference("NonlinearityLayer")
def bent(draw):
    name, bend = nonlinearity(draw)
    x = normal(draw, any_shape(draw))
    return Case({"nonlinearity": name}, [x], lambda params, x: bend(x))


@reference("ExpressionLayer")
def expression(draw):
    x = normal(draw, any_shape(draw))
    shape = draw(st.sampled_from(["auto", None, (None, *x.shape[1:])]))
    fields = brief(draw, {"function": "sin", "shape": shape}, shape="auto")
    return Case(fields, [x], lambda params, x: np.sin(x))


def shared(draw, rank):
    """Axes that share a parameter: what the field is given, and which they are."""
    if draw(st.booleans()):
        return "auto", (0, *range(2, rank))
    others = draw(st.sets(st.integers(1, rank - 1)))
    given = [axis - rank if draw(st.booleans()) else axis for axis in sorted(others)]
    return (0 if not given and draw(st.booleans()) else (0, *given)), (0, *sorted(others))


FORMULAS = {
    "b": lambda x, value: x + value,
    "scales": lambda x, value: x * value,
    "alpha": lambda x, value: np.where(x > 0, x, value * x),
}


@reference("BiasLayer", name="b")
@reference("ScaleLayer", name="scales")
@reference("ParametricRectifierLayer", name="alpha")
def one_parameter(draw, name):
    x = spaced(draw, any_shape(draw))
    given, axes = shared(draw, x.ndim)
    value = normal(draw, [n for axis, n in enumerate(x.shape) if axis not in axes])
    formula = FORMULAS[name]
    return Case(
        brief(draw, {"shared_axes": given}, shared_axes="auto"),
        [x],
        lambda params, x: formula(x, np.expand_dims(params[name], axes)),
        {name: value},
    )


@reference("RandomizedRectifierLayer")
def randomized_rectifier(draw):
    x = spaced(draw, any_shape(draw))
    given, axes = shared(draw, x.ndim)
    lower, upper = draw(st.sampled_from([(0.3, 0.8), (-0.1, 0.8), (0.3, 0.3)]))
    fields = {"shared_axes": given, "lower": lower, "upper": upper}

    def law(drawn):
        assert ((lower <= -drawn) & (-drawn <= upper)).all()
        assert (drawn == drawn.take([0], 0)).all()
        assert all((drawn == drawn.take([0], axis)).all() for axis in axes)

    return Case(
        brief(draw, fields, shared_axes="auto", lower=0.3, upper=0.8),
        [x],
        lambda params, x: np.where(x > 0, x, (lower + upper) / 2 * x),
        training=lambda drawn, params, x: np.where(x > 0, x, -drawn * x),
        probe=-1.0,
        law=law,
    )

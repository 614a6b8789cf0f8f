"""Layers that join several."""

import functools

import numpy as np
from hypothesis import strategies as st

from .base import Case, any_shape, brief, reference, spaced


def cropped(draw, rank, count, free=None):
    """Sizes of inputs, what the field `cropping` is given, and the function that crops.

    The axis `free` may differ without being cropped.
    """
    common = any_shape(draw, rank=(rank, rank))
    kinds = [None, *(draw(st.sampled_from([None, "lower", "center", "upper"])) for _ in common[1:])]
    shapes = []
    for _ in range(count):
        extra = [
            draw(st.integers(0, 3)) if kind or axis == free else 0
            for axis, kind in enumerate(kinds)
        ]
        shapes.append(tuple(n + more for n, more in zip(common, extra, strict=True)))
    least = np.min(shapes, axis=0)

    def crop(x):
        for axis, kind in enumerate(kinds):
            before = {
                "center": (x.shape[axis] - least[axis]) // 2,
                "upper": x.shape[axis] - least[axis],
            }
            start = before.get(kind, 0)
            x = x.take(range(start, start + (least[axis] if kind else x.shape[axis])), axis)
        return x

    while kinds and kinds[-1] is None:
        kinds.pop()
    return shapes, tuple(kinds) or None, crop


@reference("ConcatLayer")
def concat(draw):
    rank, count = draw(st.integers(2, 4)), draw(st.integers(1, 3))
    axis = draw(st.integers(1, rank - 1))
    shapes, cropping, crop = cropped(draw, rank, count, free=axis)
    fields = {"axis": draw(st.sampled_from([axis, axis - rank])), "cropping": cropping}
    return Case(
        brief(draw, fields, axis=1, cropping=None),
        [spaced(draw, shape) for shape in shapes],
        lambda params, *xs: np.concatenate([crop(x) for x in xs], axis),
    )


@reference("ElemwiseSumLayer")
def elementwise_sum(draw):
    shapes, cropping, crop = cropped(draw, draw(st.integers(2, 4)), draw(st.integers(1, 3)))
    number = st.sampled_from([1.0, -1.0, 0.5, 2])
    coeffs = draw(st.one_of(number, st.tuples(*[number] * len(shapes))))
    factors = coeffs if isinstance(coeffs, tuple) else [coeffs] * len(shapes)
    return Case(
        brief(draw, {"coeffs": coeffs, "cropping": cropping}, coeffs=1.0, cropping=None),
        [spaced(draw, shape) for shape in shapes],
        lambda params, *xs: sum(c * crop(x) for c, x in zip(factors, xs, strict=True)),
    )


@reference("ElemwiseMergeLayer")
def elementwise_merge(draw):
    shapes, cropping, crop = cropped(draw, draw(st.integers(2, 4)), draw(st.integers(1, 3)))
    name = draw(st.sampled_from(["maximum", "multiply", "subtract"]))
    function = getattr(np, name)
    values = spaced(draw, (sum(map(np.prod, shapes)),))  # none equal, in all inputs
    inputs = np.split(values, np.cumsum([np.prod(shape) for shape in shapes])[:-1])
    return Case(
        brief(draw, {"merge_function": name, "cropping": cropping}, cropping=None),
        [x.reshape(shape) for x, shape in zip(inputs, shapes, strict=True)],
        lambda params, *xs: functools.reduce(function, map(crop, xs)),
    )

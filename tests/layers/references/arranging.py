"""Layers that put elements elsewhere."""

import numpy as np
from hypothesis import strategies as st

from .base import Case, any_shape, brief, normal, one_or_each, reference, sizes, whole


@reference("FlattenLayer")
def flatten(draw):
    x = normal(draw, any_shape(draw, rank=(2, 5)))
    outdim = draw(st.integers(2, x.ndim))
    shape = (*x.shape[: outdim - 1], -1)
    fields = brief(draw, {"outdim": outdim}, outdim=2)
    return Case(fields, [x], lambda params, x: x.reshape(shape))


@reference("ReshapeLayer")
def reshape(draw):
    n, a, b, c = whole(draw, 1, 4, 4)
    given, shape = draw(
        st.sampled_from(
            [
                (([0], -1), (n, a * b * c)),
                ([[0], a * b, c], (n, a * b, c)),
                ((None, [3], [1], -1), (n, c, a, b)),
                (([0], [2], 1, a * c), (n, b, 1, a * c)),
                ((-1, [3], a * b), (n, c, a * b)),
            ]
        )
    )
    return Case({"shape": given}, [normal(draw, (n, a, b, c))], lambda params, x: x.reshape(shape))


@reference("DimshuffleLayer")
def dimshuffle(draw):
    shape = np.array(any_shape(draw, rank=(2, 5)))
    lost = [axis for axis in range(1, len(shape)) if draw(st.integers(0, 3)) == 0]
    shape[lost] = 1
    x = normal(draw, shape)
    kept = [axis for axis in range(1, x.ndim) if axis not in lost]
    places = draw(st.permutations([*kept, *"x" * draw(st.integers(0, 2))]))
    pattern = (0, *places)
    order = (0, *(axis for axis in places if axis != "x"), *lost)
    made = [1 if axis == "x" else x.shape[axis] for axis in pattern]
    return Case({"pattern": pattern}, [x], lambda params, x: x.transpose(order).reshape(made))


@reference("ClassTokenLayer")
def tokens(draw):
    x, count = normal(draw, any_shape(draw, rank=(3, 4))), draw(st.integers(1, 3))
    W = normal(draw, (count, *x.shape[2:]))

    def formula(params, x):
        return np.stack([np.concatenate([params["W"], row]) for row in x])

    return Case(brief(draw, {"num_tokens": count}, num_tokens=1), [x], formula, {"W": W})


@reference("PadLayer")
def pad(draw):
    x, first = normal(draw, any_shape(draw, rank=(3, 5))), draw(st.integers(1, 2))
    axes = x.ndim - first
    widths = [whole(draw, 0, 3, 2) for _ in range(axes)]
    given = tuple(a if a == b and draw(st.booleans()) else (a, b) for a, b in widths)
    if draw(st.booleans()):
        given = draw(st.integers(0, 2))
        widths = [(given, given)] * axes
    val = draw(st.sampled_from([0.0, -1.5]))
    whole_widths = [(0, 0)] * first + widths
    return Case(
        brief(draw, {"width": given, "val": val, "batch_ndim": first}, val=0.0, batch_ndim=2),
        [x],
        lambda params, x: np.pad(x, whole_widths, constant_values=val),
    )


@reference("SliceLayer")
def part(draw):
    x = normal(draw, any_shape(draw))
    axis = draw(st.integers(1, x.ndim - 1))
    size = x.shape[axis]
    at = draw(st.integers(-size, size - 1))
    indices = draw(st.sampled_from([at, slice(at, None), slice(None, None, -2)]))
    fields = {"indices": indices, "axis": draw(st.sampled_from([axis, axis - x.ndim]))}
    return Case(
        brief(draw, fields, axis=-1),
        [x],
        lambda params, x: x.take(np.arange(size)[indices], axis),
    )


@reference("Upscale1DLayer", spatial=1)
@reference("Upscale2DLayer", spatial=2)
@reference("Upscale3DLayer", spatial=3)
def upscale(draw, spatial):
    x, factors = normal(draw, sizes(draw, spatial)), whole(draw, 1, 3, spatial)
    mode = draw(st.sampled_from(["repeat", "dilate"]))
    block = np.ones((1, 1, *factors))
    if mode == "dilate":
        block = np.zeros((1, 1, *factors))
        block[(0,) * (2 + spatial)] = 1
    fields = {"scale_factor": one_or_each(draw, factors), "mode": mode}
    fields = brief(draw, fields, mode="repeat")
    return Case(fields, [x], lambda params, x: np.kron(x, block))

"""Layers that reduce what a window, a group or an image holds."""

import itertools
from math import ceil, floor

import numpy as np
from hypothesis import strategies as st

from .base import Case, any_shape, brief, one_or_each, reference, sizes, spaced, whole


def starts(length, size, stride, pad, partial):
    """Where windows start, up to the first that reaches the end."""
    found = []
    for start in range(-pad, length, stride):
        if partial or start + size <= length + pad:
            found.append(start)
        if start + size >= length + pad:
            break
    return found


REDUCE = {
    "max": (np.nanmax, np.nan),
    "average": (np.nanmean, np.nan),
    "average_exc_pad": (np.nanmean, np.nan),
    "average_inc_pad": (np.nanmean, 0.0),
}
"""What is done with the elements of a window, and what those of the padding count as."""


def pooled(x, size, stride, pad, partial, mode):
    reduce, padding = REDUCE[mode]
    spatial = len(size)
    axes = list(zip(x.shape[2:], size, stride, pad, strict=True))
    places = [starts(*axis, partial) for axis in axes]
    padded = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in pad)], constant_values=padding)
    out = np.empty((*x.shape[:2], *map(len, places)))
    for at in itertools.product(*(range(len(found)) for found in places)):
        corner = (found[i] + p for found, i, p in zip(places, at, pad, strict=True))
        held = padded[(..., *(slice(a, a + k) for a, k in zip(corner, size, strict=True)))]
        out[(..., *at)] = reduce(held, axis=tuple(range(2, 2 + spatial)))
    return out


@reference("MaxPool1DLayer", spatial=1)
@reference("MaxPool2DLayer", spatial=2)
@reference("MaxPool3DLayer", spatial=3)
@reference("Pool1DLayer", spatial=1, modes=list(REDUCE))
@reference("Pool2DLayer", spatial=2, modes=list(REDUCE))
@reference("Pool3DLayer", spatial=3, modes=list(REDUCE))
def pooling(draw, spatial, modes=None):
    size = whole(draw, 1, 3, spatial)
    stride = draw(st.sampled_from([size, whole(draw, 1, 4, spatial)]))
    pad = tuple(draw(st.integers(0, k - 1)) for k in size)
    pad = draw(st.sampled_from([(0,) * spatial, pad]))
    partial = draw(st.booleans())
    least = (max(1, k - 2 * p) for k, p in zip(size, pad, strict=True))
    x = spaced(draw, (*whole(draw, 1, 2, 2), *(n + draw(st.integers(0, 3)) for n in least)))
    mode = draw(st.sampled_from(modes or ["max"]))
    fields = {
        "pool_size": one_or_each(draw, size),
        "stride": None if stride == size and draw(st.booleans()) else one_or_each(draw, stride),
        "pad": one_or_each(draw, pad),
        "ignore_border": not partial,
    }
    fields |= {"mode": mode} if modes else {}
    fields = brief(draw, fields, stride=None, pad=0, ignore_border=True, mode="max")
    return Case(fields, [x], lambda params, x: pooled(x, size, stride, pad, partial, mode))


FUNCTIONS = {"max": np.max, "mean": np.mean, "sum": np.sum}


@reference("GlobalPoolLayer")
def global_pool(draw):
    x, name = spaced(draw, any_shape(draw, rank=(3, 5))), draw(st.sampled_from(list(FUNCTIONS)))
    reduce = FUNCTIONS[name]
    axes = tuple(range(2, x.ndim))
    fields = brief(draw, {"pool_function": name}, pool_function="mean")
    return Case(fields, [x], lambda params, x: reduce(x, axis=axes))


@reference("SpatialPyramidPoolingLayer")
def pyramid(draw):
    """He et al. (2014), or cells of one size and distance as Lasagne's ``'fast'`` ones."""
    modes = ["max", "average", "average_inc_pad", "average_exc_pad"]
    x, mode = spaced(draw, sizes(draw, 2, low=2)), draw(st.sampled_from(modes))
    dims = (4, 2, 1)
    if min(x.shape[2:]) < 4 or draw(st.booleans()):
        dims = tuple(draw(st.lists(st.integers(1, min(x.shape[2:])), min_size=1, max_size=3)))
    reduce = np.max if mode == "max" else np.mean
    fits = all((n - ceil(n / d)) // (n // d) + 1 == d for n in x.shape[2:] for d in dims)
    kind = draw(st.sampled_from(["fast", "kaiming"])) if fits else "kaiming"

    def cell(k, n, d):
        if kind == "fast":
            return slice(k * (n // d), k * (n // d) + ceil(n / d))
        return slice(floor(k * n / d), ceil((k + 1) * n / d))

    def formula(params, x):
        cells = []
        for d, i, j in ((n, *at) for n in dims for at in np.ndindex(n, n)):
            rows, columns = (cell(k, n, d) for k, n in zip((i, j), x.shape[2:], strict=True))
            cells.append(reduce(x[:, :, rows, columns], axis=(2, 3)))
        return np.stack(cells, axis=-1)

    fields = {"pool_dims": dims, "mode": mode, "implementation": kind}
    usual = {"pool_dims": (4, 2, 1), "mode": "max", "implementation": "fast"}
    return Case(brief(draw, fields, **usual), [x], formula)


@reference("FeaturePoolLayer")
@reference("FeatureWTALayer", winner=True)
def groups(draw, winner=False):
    """Maxout (Goodfellow et al. 2013), or the winners alone."""
    shape, count = list(any_shape(draw)), draw(st.integers(1, 3))
    axis = draw(st.integers(1, len(shape) - 1))
    shape[axis] *= count
    x = spaced(draw, shape)
    name = "max" if winner else draw(st.sampled_from(list(FUNCTIONS)))
    fields = {"pool_size": count, "axis": axis if draw(st.booleans()) else axis - x.ndim}
    fields |= {} if winner else {"pool_function": name}

    def formula(params, x):
        parts = np.split(x, x.shape[axis] // count, axis)
        reduced = [FUNCTIONS[name](part, axis=axis, keepdims=True) for part in parts]
        if winner:
            pairs = zip(parts, reduced, strict=True)
            reduced = [np.where(part == largest, part, 0) for part, largest in pairs]
        return np.concatenate(reduced, axis)

    return Case(brief(draw, fields, axis=1, pool_function="max"), [x], formula)

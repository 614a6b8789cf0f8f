"""Layers that multiply by a matrix or look its rows up."""

import math

import numpy as np
from hypothesis import strategies as st

from .base import Case, any_shape, biases, brief, nonlinearity, normal, reference


@reference("DenseLayer")
def dense(draw):
    x, units = normal(draw, any_shape(draw)), draw(st.integers(1, 4))
    kept = draw(st.integers(1, x.ndim - 1))
    axes = draw(st.sampled_from([kept, kept - x.ndim]))
    leading = brief(draw, {"num_leading_axes": axes}, num_leading_axes=1)
    bent, bend = nonlinearity(draw)
    fields, b, shift = biases(draw, (len(x), units), untie=False)
    W = normal(draw, (math.prod(x.shape[kept:]), units))

    def formula(params, x):
        rows = x.reshape(-1, len(params["W"]))
        return bend(rows @ params["W"] + shift(params)).reshape(*x.shape[:kept], units)

    return Case(
        fields | leading | {"num_units": units, "nonlinearity": bent}, [x], formula, {"W": W} | b
    )


@reference("NINLayer")
def nin(draw):
    x, units = normal(draw, any_shape(draw, rank=(2, 5))), draw(st.integers(1, 4))
    bent, bend = nonlinearity(draw)
    fields, b, shift = biases(draw, (len(x), units, *x.shape[2:]), untie=True)
    return Case(
        fields | {"num_units": units, "nonlinearity": bent},
        [x],
        lambda params, x: bend(np.einsum("nc...,cu->nu...", x, params["W"]) + shift(params)),
        {"W": normal(draw, (x.shape[1], units))} | b,
    )


@reference("EmbeddingLayer")
def embedding(draw):
    words, size = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    shape = any_shape(draw, rank=(2, 3))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return Case(
        {"input_size": words, "output_size": size},
        [rng.integers(0, words, shape).astype(float)],
        lambda params, x: params["W"][np.rint(x).astype(int)],
        {"W": normal(draw, (words, size))},
    )

"""Layers that are random in training and pass data on at prediction."""

import numpy as np
from hypothesis import strategies as st

from .base import Case, any_shape, brief, normal, reference


def dropped_together(draw, rank):
    """Axes along which elements share their lot: what the field is given, and which they are."""
    axes = tuple(sorted(draw(st.sets(st.integers(1, rank - 1)))))
    given = tuple(axis - rank if draw(st.booleans()) else axis for axis in axes)
    return {"shared_axes": given[0] if len(given) == 1 and draw(st.booleans()) else given}, axes


@reference("DropoutLayer", together=dropped_together)
@reference("SpatialDropoutLayer", together=lambda draw, rank: ({}, tuple(range(2, rank))))
@reference("StochasticDepthLayer", together=lambda draw, rank: ({}, tuple(range(1, rank))))
@reference("DropoutLocationsLayer", together=lambda draw, rank: ({}, (1,)))
def dropout(draw, together):
    x = normal(draw, any_shape(draw))
    fields, axes = together(draw, x.ndim)
    p, rescale = draw(st.sampled_from([0.5, 0.0, 0.25, 1.0])), draw(st.booleans())
    fields |= {"p": p, "rescale": rescale}
    kept = 1 / (1 - p) if rescale and p < 1 else 1.0

    def law(drawn):
        assert set(np.unique(drawn)) <= {0.0, kept}
        assert all((drawn == drawn.take([0], axis)).all() for axis in axes)
        assert (drawn == 0).all() if p == 1 else p > 0 or (drawn != 0).all()

    return Case(
        brief(draw, fields, p=0.5, rescale=True, shared_axes=()),
        [x],
        lambda params, x: x,
        training=lambda drawn, params, x: drawn * x,
        probe=1.0,
        law=law,
    )


@reference("GaussianNoiseLayer")
def noise(draw):
    x = normal(draw, any_shape(draw))
    sigma = draw(st.sampled_from([0.1, 0.0, 2.0]))

    def law(drawn):
        assert (np.abs(drawn) <= 7 * sigma).all()
        assert len(np.unique(drawn)) == (drawn.size if sigma else 1)

    return Case(
        brief(draw, {"sigma": sigma}, sigma=0.1),
        [x],
        lambda params, x: x,
        training=lambda drawn, params, x: x + drawn,
        probe=0.0,
        law=law,
    )

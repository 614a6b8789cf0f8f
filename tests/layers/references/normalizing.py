"""Layers that keep activations in scale."""

import numpy as np
from hypothesis import strategies as st

from .base import Case, any_shape, brief, normal, reference, sizes, spaced
from .elementwise import shared


def standardized(x, axes, epsilon):
    centred = x - x.mean(axes, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axes, keepdims=True) + epsilon)


def affine(draw, shape):
    """Shift and scale, each of which may be missing."""
    kept = [name for name in ("beta", "gamma") if draw(st.integers(0, 3))]
    missing = {name: None for name in ("beta", "gamma") if name not in kept}
    return missing, {name: normal(draw, shape) for name in kept}


@reference("BatchNormLayer")
def batch_norm(draw):
    x = spaced(draw, any_shape(draw))
    given, axes = shared(draw, x.ndim)
    kept = [n for axis, n in enumerate(x.shape) if axis not in axes]
    fields, params = affine(draw, kept)
    epsilon, alpha = draw(st.sampled_from([1e-4, 0.1])), draw(st.sampled_from([0.1, 0.0, 1.0]))
    fields |= {"epsilon": epsilon, "alpha": alpha, "axes": given}
    state = {"mean": normal(draw, kept), "inv_std": 1 + normal(draw, kept) ** 2}

    def bent(params, x):
        gamma, beta = params.get("gamma", np.ones(kept)), params.get("beta", np.zeros(kept))
        return x * np.expand_dims(gamma, axes) + np.expand_dims(beta, axes)

    def prediction(params, x):
        mean, inv_std = (np.expand_dims(state[name], axes) for name in ("mean", "inv_std"))
        return bent(params, (x - mean) * inv_std)

    def renewed(x):
        variance = (1 - alpha) * state["inv_std"] ** -2.0 + alpha * (x.var(axes) + epsilon)
        mean = (1 - alpha) * state["mean"] + alpha * x.mean(axes)
        return {"mean": mean, "inv_std": variance**-0.5}

    return Case(
        brief(draw, fields, axes="auto", epsilon=1e-4, alpha=0.1),
        [x],
        prediction,
        params,
        state,
        training=lambda params, x: bent(params, standardized(x, axes, epsilon)),
        renewed=renewed,
    )


@reference("NormalizationLayer")
def normalization(draw):
    x = spaced(draw, any_shape(draw))
    given, axes = shared(draw, x.ndim)
    kept = [n for axis, n in enumerate(x.shape) if axis not in axes]
    state = {"mean": normal(draw, kept), "std": 0.5 + normal(draw, kept) ** 2}

    def formula(params, x):
        return (x - np.expand_dims(state["mean"], axes)) / np.expand_dims(state["std"], axes)

    return Case(brief(draw, {"axes": given}, axes="auto"), [x], formula, {}, state)


@reference("GroupNormLayer")
@reference("InstanceNormLayer", groups=lambda channels: channels, rank=(3, 4))
def group_norm(draw, groups=None, rank=(2, 4)):
    shape = any_shape(draw, rank)
    fields, count = {}, 0
    if groups is None:
        count = draw(st.integers(1, 3))
        shape = (shape[0], count * draw(st.integers(1, 3)), *shape[2:])
        fields = {"num_groups": count}
    count = count or groups(shape[1])
    missing, params = affine(draw, shape[1:2])
    epsilon = draw(st.sampled_from([1e-5, 0.1]))
    fields |= missing | {"epsilon": epsilon}

    def formula(params, x):
        parts = x.reshape(len(x), count, -1)
        x = standardized(parts, 2, epsilon).reshape(x.shape)
        spread = (-1, *(1,) * (x.ndim - 2))
        x = x * params["gamma"].reshape(spread) if "gamma" in params else x
        return x + params["beta"].reshape(spread) if "beta" in params else x

    x = spaced(draw, shape)
    return Case(brief(draw, fields, epsilon=1e-5), [x], formula, params)


@reference("LayerNormLayer")
def layer_norm(draw):
    if draw(st.booleans()):
        return group_norm(draw, lambda channels: 1)
    x = spaced(draw, any_shape(draw, rank=(2, 4)))
    given = draw(
        st.sampled_from([1, -1, (-1,), *([(1, 2), (2, 1), (-1, 1)] if x.ndim > 2 else [])])
    )
    axes = sorted({axis % x.ndim for axis in (given if isinstance(given, tuple) else (given,))})
    missing, params = affine(draw, [x.shape[axis] for axis in axes])
    fields = missing | {"axes": given, "epsilon": draw(st.sampled_from([1e-5, 0.1]))}

    def formula(params, x):
        kept = [n if axis in axes else 1 for axis, n in enumerate(x.shape)]
        x = standardized(x, tuple(axes), fields["epsilon"])
        x = x * params["gamma"].reshape(kept) if "gamma" in params else x
        return x + params["beta"].reshape(kept) if "beta" in params else x

    return Case(brief(draw, fields, epsilon=1e-5), [x], formula, params)


@reference("StandardizationLayer")
def standardization(draw):
    x = spaced(draw, any_shape(draw, rank=(2, 4)))
    features, spatial = tuple(range(1, x.ndim)), tuple(range(2, x.ndim))
    named = {"auto": spatial or (1,), "spatial": spatial, "features": features}
    axes = ["auto", "features", 1, -1, (-1,)] + (["spatial", (1, 2)] if spatial else [])
    given = draw(st.sampled_from(axes))
    axes = named.get(given, given)
    epsilon = draw(st.sampled_from([1e-4, 0.1]))
    fields = brief(draw, {"axes": given, "epsilon": epsilon}, axes="auto", epsilon=1e-4)
    return Case(fields, [x], lambda params, x: standardized(x, axes, epsilon))


@reference("LocalResponseNormalization2DLayer")
def responses(draw):
    """Krizhevsky et al. (2012), section 3.3, with channels counted from 0 to N - 1."""
    x = normal(draw, (2, draw(st.integers(1, 7)), *sizes(draw, 2)[2:]))
    usual = {"n": 5, "k": 2, "alpha": 1e-4, "beta": 0.75}
    other = {"n": draw(st.sampled_from([1, 3])), "k": 1.0, "alpha": 0.5, "beta": 0.5}
    fields = draw(st.sampled_from([usual, other]))
    n, k, alpha, beta = fields.values()
    N = x.shape[1]

    def formula(params, x):
        out = np.empty_like(x)
        for i in range(N):
            near = range(max(0, i - n // 2), min(N - 1, i + n // 2) + 1)
            out[:, i] = x[:, i] / (k + alpha * sum(x[:, j] ** 2 for j in near)) ** beta
        return out

    return Case(brief(draw, fields, **usual), [x], formula)

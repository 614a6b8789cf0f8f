"""Layers whose filters move over images."""

import itertools

import numpy as np
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from .base import Case, biases, brief, nonlinearity, normal, one_or_each, reference, sizes, whole


def correlated(x, W, stride, pads, dilation, groups):
    """Sum of products at each position of the dilated filters, group by group of channels."""
    x = np.pad(x, [(0, 0), (0, 0), *pads])
    axes = range(2, x.ndim)
    extents = [d * (k - 1) + 1 for d, k in zip(dilation, W.shape[2:], strict=True)]
    seen = sliding_window_view(x, extents, tuple(axes))
    at = [slice(None, None, step) for step in (*stride, *dilation)]
    seen = seen[(slice(None), slice(None), *at)]
    parts = [
        np.tensordot(s, w, ((1, *range(x.ndim, s.ndim)), range(1, w.ndim)))
        for s, w in zip(np.split(seen, groups, 1), np.split(W, groups), strict=True)
    ]
    return np.moveaxis(np.concatenate(parts, -1), -1, 1)


def upper(size, extent, step):
    """Zeros before and after an axis as TensorFlow's documentation defines them for 'SAME'."""
    rest = size % step
    zeros = max(extent - (rest or step), 0)
    return zeros // 2, zeros - zeros // 2


def drawn_pads(draw, extents):
    """What the field `pad` is given, and the zeros before and after each axis."""
    named = {
        "valid": [(0, 0)] * len(extents),
        "same": [((e - 1) // 2, e - 1 - (e - 1) // 2) for e in extents],
        "full": [(e - 1, e - 1) for e in extents],
    }
    kind = draw(st.sampled_from([*named, "numbers"]))
    if kind in named:
        return kind, named[kind]
    pad = whole(draw, 0, 4, len(extents))
    return one_or_each(draw, pad), [(p, p) for p in pad]


def sliding(draw, spatial, without=()):
    """How filters slide: fields, the size of filters and images, and ``(x, W, groups) -> out``."""
    size = whole(draw, 1, 5 - spatial // 2, spatial)
    stride = (1,) * spatial if "stride" in without else whole(draw, 1, 4, spatial)
    dilation = draw(st.sampled_from([(1,) * spatial, whole(draw, 1, 2, spatial)]))
    extents = [d * (k - 1) + 1 for d, k in zip(dilation, size, strict=True)]
    pad, pads = drawn_pads(draw, extents)
    least = [max(1, e - sum(p)) for e, p in zip(extents, pads, strict=True)]
    image = [n + draw(st.integers(0, 3)) for n in least]
    if draw(st.booleans()):
        pad = "same_upper"
        pads = [upper(*axis) for axis in zip(image, extents, stride, strict=True)]
    flip = draw(st.booleans())

    def correlate(x, W, groups):
        W = np.flip(W, tuple(range(2, W.ndim))) if flip else W
        return correlated(x, W, stride, pads, dilation, groups)

    fields = {
        "filter_size": one_or_each(draw, size),
        "stride": one_or_each(draw, stride),
        "dilation": one_or_each(draw, dilation),
        "pad": pad,
        "flip_filters": flip,
    }
    fields = {name: value for name, value in fields.items() if name not in without}
    usual = {"stride": 1, "dilation": 1, "pad": 0, "flip_filters": False}
    return brief(draw, fields, **usual), size, image, correlate


@reference("Conv1DLayer", spatial=1)
@reference("Conv2DLayer", spatial=2)
@reference("Conv3DLayer", spatial=3)
def convolution(draw, spatial):
    fields, size, image, correlate = sliding(draw, spatial)
    groups = draw(st.integers(1, 2))
    channels, filters = (groups * draw(st.integers(1, 2)) for _ in range(2))
    x = normal(draw, (draw(st.integers(1, 2)), channels, *image))
    W = normal(draw, (filters, channels // groups, *size))
    bent, bend = nonlinearity(draw)
    more, b, shift = biases(draw, correlate(x, W, groups).shape, untie=True)
    more |= brief(draw, {"num_groups": groups}, num_groups=1)
    return Case(
        {**fields, **more, "num_filters": filters, "nonlinearity": bent},
        [x],
        lambda params, x: bend(correlate(x, params["W"], groups) + shift(params)),
        {"W": W} | b,
    )


@reference("DilatedConv2DLayer")
def dilated(draw):
    """Filters by channel and then by filter, as Lasagne has them."""
    fields, size, image, correlate = sliding(draw, 2, without=["stride"])
    channels, filters = whole(draw, 1, 3, 2)
    x = normal(draw, (2, channels, *image))
    W = normal(draw, (channels, filters, *size))
    bent, bend = nonlinearity(draw)

    def convolved(params, x):
        return correlate(x, params["W"].swapaxes(0, 1), 1)

    more, b, shift = biases(draw, convolved({"W": W}, x).shape, untie=True)
    return Case(
        {**fields, **more, "num_filters": filters, "nonlinearity": bent},
        [x],
        lambda params, x: bend(convolved(params, x) + shift(params)),
        {"W": W} | b,
    )


@reference("DepthwiseConv2DLayer", separable=False)
@reference("SeparableConv2DLayer", separable=True)
def depthwise(draw, separable):
    """As many groups as channels and, for the separable one, sums over the channels of places."""
    fields, size, image, correlate = sliding(draw, 2)
    channels, each, filters = whole(draw, 1, 3, 3)
    x = normal(draw, (draw(st.integers(1, 2)), channels, *image))
    params = {"W": normal(draw, (channels * each, 1, *size))}
    if separable:
        params["W_pointwise"] = normal(draw, (filters, channels * each, 1, 1))
    bent, bend = nonlinearity(draw)

    def convolved(params, x):
        out = correlate(x, params["W"], channels)
        if not separable:
            return out
        return np.einsum("nchw,fc->nfhw", out, params["W_pointwise"][..., 0, 0])

    more, b, shift = biases(draw, convolved(params, x).shape, untie=True)
    more |= brief(draw, {"depth_multiplier": each}, depth_multiplier=1)
    more |= {"num_filters": filters} if separable else {}
    return Case(
        {**fields, **more, "nonlinearity": bent},
        [x],
        lambda params, x: bend(convolved(params, x) + shift(params)),
        params | b,
    )


@reference("TransposedConv2DLayer", spatial=2)
@reference("TransposedConv3DLayer", spatial=3)
def transposed(draw, spatial):
    """Each pixel adds its filters to the output, as far apart as the stride says."""
    size, stride = whole(draw, 1, 6 - spatial, spatial), whole(draw, 1, 6 - spatial, spatial)
    groups, *each = whole(draw, 1, 3, 3)
    channels, filters = (groups * n for n in each)
    x = normal(draw, (2, channels, *whole(draw, 1, 6 - spatial, spatial)))
    whole_size = [(n - 1) * s + k for n, s, k in zip(x.shape[2:], stride, size, strict=True)]
    crop, crops = drawn_pads(draw, size)
    if any(n <= sum(c) for n, c in zip(whole_size, crops, strict=True)):
        crop, crops = "valid", [(0, 0)] * spatial
    more_pixels = [draw(st.integers(0, s - 1)) for s in stride]
    least = [n - sum(c) for n, c in zip(whole_size, crops, strict=True)]
    output_size = tuple(n + more for n, more in zip(least, more_pixels, strict=True))
    inside = [slice(c, c + n) for (c, _), n in zip(crops, output_size, strict=True)]
    flip = draw(st.booleans())
    fields, b, shift = biases(draw, (2, filters, *output_size), untie=True)
    bent, bend = nonlinearity(draw)

    def formula(params, x):
        W = params["W"] if flip else np.flip(params["W"], tuple(range(2, x.ndim)))
        sizes = (n + more for n, more in zip(whole_size, more_pixels, strict=True))
        out = np.zeros((2, filters, *sizes))
        for at in np.ndindex(*x.shape[2:]):
            seen = (slice(a * s, a * s + k) for a, s, k in zip(at, stride, size, strict=True))
            pixels = x[(..., *at)].reshape(2, groups, -1)
            parts = np.einsum("ngc,gcf...->ngf...", pixels, W.reshape(groups, -1, *W.shape[1:]))
            out[(..., *seen)] += parts.reshape(2, filters, *size)
        return bend(out[(..., *inside)] + shift(params))

    fields |= {
        "num_filters": filters,
        "filter_size": one_or_each(draw, size),
        "stride": one_or_each(draw, stride),
        "crop": crop,
        "nonlinearity": bent,
        "flip_filters": flip,
        "num_groups": groups,
        "output_size": None if not any(more_pixels) else one_or_each(draw, output_size),
    }
    W = normal(draw, (channels, filters // groups, *size))
    usual = {"stride": 1, "crop": 0, "flip_filters": True, "output_size": None, "num_groups": 1}
    return Case(brief(draw, fields, **usual), [x], formula, {"W": W} | b)


@reference("LocallyConnected1DLayer", spatial=1)
@reference("LocallyConnected2DLayer", spatial=2)
@reference("LocallyConnected3DLayer", spatial=3)
def locally_connected(draw, spatial):
    """Filters of their own at each place, on the image with zeros around it."""
    x = normal(draw, sizes(draw, spatial))
    size = tuple(draw(st.sampled_from([1, 3, 5][: 4 - spatial])) for _ in range(spatial))
    channelwise = draw(st.booleans())
    filters = x.shape[1] if channelwise else draw(st.integers(1, 3))
    channels = () if channelwise else x.shape[1:2]
    W = normal(draw, (filters, *channels, *size, *x.shape[2:]))
    fields, b, shift = biases(draw, (len(x), filters, *x.shape[2:]), untie=True)
    bent, bend = nonlinearity(draw)
    flip = draw(st.booleans())
    axes = tuple(range(W.ndim - 2 * spatial, W.ndim - spatial))
    product = "nc...,c...->nc..." if channelwise else "nc...,oc...->no..."

    def formula(params, x):
        padded = np.pad(x, [(0, 0), (0, 0), *((k // 2, k // 2) for k in size)])
        out, W = 0.0, np.flip(params["W"], axes) if flip else params["W"]
        for element in itertools.product(*map(range, size)):
            seen = (slice(k, k + n) for k, n in zip(element, x.shape[2:], strict=True))
            own = W[(slice(None), *(slice(None),) * len(channels), *element)]
            out = out + np.einsum(product, padded[(..., *seen)], own)
        return bend(out + shift(params))

    fields |= {
        "num_filters": filters,
        "filter_size": one_or_each(draw, size),
        "channelwise": channelwise,
        "flip_filters": flip,
        "nonlinearity": bent,
    }
    return Case(
        brief(draw, fields, channelwise=False, flip_filters=False), [x], formula, {"W": W} | b
    )

"""Layers that look for what matters in sequences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..errors import LayerError
from ..init import Constant, GlorotUniform
from ..utils.checks import flag, positive, positive_or_none
from ..utils.fields import initial, runtime, structural
from .base import Context, MergeLayer, Params, ParamSpec, extra_input
from .shapes import Shape, need_mask, need_sequences

__all__ = ["MultiHeadAttentionLayer"]


@dataclass(frozen=True)
class MultiHeadAttentionLayer(MergeLayer):
    """Attention with several heads (Vaswani et al. 2017).

    Each head mixes the values of all times, by how well their keys match its query::

        softmax(q @ k.T / sqrt(units of a head)) @ v

    with ``q = x @ W_q + b_q`` and so on; what the heads find, side by side, goes through ``W_o``
    and ``b_o``. Inputs are of shape (n, time, features), of which further axes are flattened.

    Parameters
    ----------
    num_heads : int
        Number of heads; it divides `num_units`.
    num_units : int, optional
        Units of all heads together and of the output; by default as many as the features of the
        queries.
    mask_input : Layer or str, optional
        A layer of shape (n, time), or its name. Where it is zero, keys are not seen. A sequence
        without any keys finds zeros.
    causal : bool
        Whether a query sees no key of a later time.
    p : float
        Probability in training that a query overlooks a key; what it sees counts more instead. A
        runtime value: another one compiles nothing.
    W_q, W_k, W_v, W_o : initialiser, array or name of a layer
        Weights of shape ``(features, num_units)``, and ``(num_units, num_units)`` for ``W_o``.
    b_q, b_k, b_v, b_o : initialiser, array, name of a layer, or None
        Biases of shape ``(num_units,)``.

    Notes
    -----
    One incoming layer attends to itself. Of two, the first has the queries and the second has keys
    and values, and `mask_input` is about the second.

    Examples
    --------
    >>> MultiHeadAttentionLayer(num_heads=4).output_shape((None, 50, 32))
    (None, 50, 32)
    """

    num_heads: int = structural(check=positive)
    num_units: Any = structural(None, check=positive_or_none)
    mask_input: Any = extra_input()
    causal: bool = structural(False, check=flag)
    p: float = runtime(0.0, low=0.0, high=1.0)
    W_q: Any = initial(GlorotUniform())
    b_q: Any = initial(Constant(0.0))
    W_k: Any = initial(GlorotUniform())
    b_k: Any = initial(Constant(0.0))
    W_v: Any = initial(GlorotUniform())
    b_v: Any = initial(Constant(0.0))
    W_o: Any = initial(GlorotUniform())
    b_o: Any = initial(Constant(0.0))

    def _fed(self, inputs: tuple[Any, ...]) -> tuple[Any, Any, Any]:
        """Tell the queries' source from the keys' and from the mask, or None."""
        mask = None if self.mask_input is None else inputs[-1]
        sources = inputs if mask is None else inputs[:-1]
        if len(sources) > 2:
            raise LayerError(f"takes one or two incoming layers, got {len(sources)}")
        return sources[0], sources[-1], mask

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Sequences of the queries' length, with `num_units` features."""
        queries, keys, mask = self._fed(input_shapes)
        need_sequences(queries)
        need_sequences(keys)
        if mask is not None:
            need_mask(mask, keys)
        if self.causal and queries[1] != keys[1]:
            raise LayerError(
                f"causal=True needs as many keys as queries, got {keys[1]} and {queries[1]}"
            )
        units = self._units(queries)
        if units % self.num_heads:
            raise LayerError(f"num_heads={self.num_heads} does not divide num_units={units}")
        return (*queries[:2], units)

    def _units(self, queries: Shape) -> int:
        return math.prod(queries[2:]) if self.num_units is None else self.num_units

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Weights and, where there are any, biases of queries, keys, values and output."""
        queries, keys, _ = self._fed(input_shapes)
        units = self._units(queries)
        features = {"q": math.prod(queries[2:]), "k": math.prod(keys[2:])}
        features |= {"v": features["k"], "o": units}
        specs = {}
        for name, size in features.items():
            specs[f"W_{name}"] = ParamSpec((size, units), getattr(self, f"W_{name}"))
            if (b := getattr(self, f"b_{name}")) is not None:
                specs[f"b_{name}"] = ParamSpec((units,), b, regularizable=False)
        return specs

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Match, and mix what matches."""
        queries, keys, mask = self._fed(inputs)
        q, k, v = (
            self._heads(_through(params, name, x.reshape(*x.shape[:2], -1)))
            for name, x in (("q", queries), ("k", keys), ("v", keys))
        )
        scores = jnp.einsum("nqhu,nkhu->nhqk", q, k) / math.sqrt(q.shape[-1])
        seen = jnp.ones(scores.shape[2:], bool)
        if self.causal:
            seen = jnp.tril(seen)
        if mask is not None:
            seen = seen & (mask[:, None, None, :] != 0)
        # zero once more where all are out of sight and the softmax is even
        weights = jax.nn.softmax(jnp.where(seen, scores, jnp.finfo(scores.dtype).min))
        weights = jnp.where(seen, weights, 0)
        if ctx.train:
            weights = self._overlook(weights, ctx)
        found = jnp.einsum("nhqk,nkhu->nqhu", weights, v)
        return _through(params, "o", found.reshape(*found.shape[:2], -1)), state

    def _heads(self, x: jax.Array) -> jax.Array:
        return x.reshape(*x.shape[:2], self.num_heads, -1)

    def _overlook(self, weights: jax.Array, ctx: Context) -> jax.Array:
        kept = 1 - jnp.asarray(self.p, weights.dtype)

        def drop(weights: jax.Array) -> jax.Array:
            left = weights / jnp.maximum(kept, jnp.finfo(kept.dtype).tiny)
            return jnp.where(jax.random.bernoulli(ctx.key, kept, weights.shape), left, 0)

        # without dropout no time is spent on drawing as many numbers as there are weights
        return lax.cond(kept < 1, drop, lambda weights: weights, weights)


def _through(params: Params, name: str, x: jax.Array) -> jax.Array:
    x = x @ params[f"W_{name}"]
    return x + params[f"b_{name}"] if f"b_{name}" in params else x

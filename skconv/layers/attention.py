"""Attention layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..errors import LayerError
from ..init import Constant, GlorotUniform
from ..nonlinearities import softmax
from ..utils.checks import flag, positive, positive_or_none
from ..utils.fields import initial, runtime, structural
from .base import Context, MergeLayer, Output, Params, ParamSpec, extra_input
from .shapes import Shape, need_mask, need_sequences

__all__ = ["MultiHeadAttentionLayer"]


@dataclass(frozen=True)
class MultiHeadAttentionLayer(MergeLayer):
    """Multi-head attention (Vaswani et al. 2017).

    Each head averages the values of all times, weighted by how well their keys match the query::

        softmax(q @ k.T / sqrt(units of a head)) @ v

    with ``q = x @ W_q + b_q`` and so on; the concatenated outputs of the heads are mapped by
    ``W_o`` and ``b_o``. Inputs have shape (n, time, features); further axes are flattened.

    Parameters
    ----------
    num_heads : int
        Number of heads, a divisor of `num_units`.
    num_units : int, optional
        Units of all heads together and of the output; by default the number of features of the
        queries.
    mask_input : Layer or str, optional
        A layer of shape (n, time), or its name. Keys are ignored where it is zero; without any keys
        the heads return zeros.
    causal : bool
        Whether queries ignore the keys of later times.
    p : float
        Probability of dropping an attention weight in training; the others are scaled up. A runtime
        value: changing it compiles nothing.
    W_q, W_k, W_v, W_o : initializer, array or name of a layer
        Weights of shape ``(features, num_units)``, and ``(num_units, num_units)`` for ``W_o``.
    b_q, b_k, b_v, b_o : initializer, array, name of a layer, or None
        Biases of shape ``(num_units,)``.

    Notes
    -----
    A single incoming layer attends to itself. Of two, the first provides the queries and the second
    the keys and values, to which `mask_input` applies.

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
        """Return the inputs for the queries, the keys and the mask, or None for the mask."""
        mask = None if self.mask_input is None else inputs[-1]
        sources = inputs if mask is None else inputs[:-1]
        if len(sources) > 2:
            raise LayerError(f"incomings must be one or two layers, got {len(sources)}")
        return sources[0], sources[-1], mask

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return ``(n, time, num_units)``, with the time of the queries."""
        queries, keys, mask = self._fed(input_shapes)
        need_sequences(queries)
        need_sequences(keys)
        if mask is not None:
            need_mask(mask, keys)
        if self.causal and queries[1] != keys[1]:
            raise LayerError(
                f"causal must be False unless keys and queries are equally many, got {keys[1]} and "
                f"{queries[1]}"
            )
        units = self._units(queries)
        if units % self.num_heads:
            raise LayerError(f"num_heads must divide num_units={units}, got {self.num_heads}")
        return (*queries[:2], units)

    @property
    def noisy(self) -> bool:
        """Whether weights of the attention may be dropped."""
        return self.p > 0

    def _units(self, queries: Shape) -> int:
        return math.prod(queries[2:]) if self.num_units is None else self.num_units

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return weights and, unless None, biases of queries, keys, values and output."""
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

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the mapped outputs of all heads."""
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
        # zeros again for queries without any key, whose softmax is uniform
        weights = softmax(jnp.where(seen, scores, jnp.finfo(scores.dtype).min))
        weights = jnp.where(seen, weights, 0)
        if ctx.key is not None:
            weights = self._dropout(weights, ctx.key, ctx.noise_shape(weights.shape))
        found = jnp.einsum("nhqk,nkhu->nqhu", weights, v)
        return _through(params, "o", found.reshape(*found.shape[:2], -1)), state

    def _heads(self, x: jax.Array) -> jax.Array:
        return x.reshape(*x.shape[:2], self.num_heads, -1)

    def _dropout(self, weights: jax.Array, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        kept = 1 - jnp.asarray(self.p, weights.dtype)

        def drop(weights: jax.Array) -> jax.Array:
            left = weights / jnp.maximum(kept, jnp.finfo(kept.dtype).tiny)
            return jnp.where(jax.random.bernoulli(key, kept, shape), left, 0)

        # without dropout no random numbers are drawn, one for each weight
        return lax.cond(kept < 1, drop, lambda weights: weights, weights)


def _through(params: Params, name: str, x: jax.Array) -> jax.Array:
    x = x @ params[f"W_{name}"]
    return x + params[f"b_{name}"] if f"b_{name}" in params else x

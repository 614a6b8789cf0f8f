"""Elementwise functions between layers, under Lasagne's names."""

from __future__ import annotations

import jax
import jax.numpy as jnp

__all__ = [
    "identity",
    "leaky_rectify",
    "linear",
    "rectify",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]


def sigmoid(x: jax.Array) -> jax.Array:
    """Logistic function, ``1 / (1 + exp(-x))``, elementwise."""
    return jax.nn.sigmoid(x)


def softmax(x: jax.Array) -> jax.Array:
    """Exponentials that sum to one along the last axis.

    Layers apply their nonlinearity with the channels last, so on images of the public shape
    ``(n, c, h, w)`` the channels of each pixel sum to one.
    """
    return jax.nn.softmax(x, axis=-1)


def tanh(x: jax.Array) -> jax.Array:
    """Hyperbolic tangent, elementwise."""
    return jnp.tanh(x)


def rectify(x: jax.Array) -> jax.Array:
    """Rectifier, ``max(0, x)``, elementwise."""
    return jax.nn.relu(x)


def leaky_rectify(x: jax.Array) -> jax.Array:
    """Leaky rectifier, ``x`` where positive and ``0.01 x`` elsewhere (Maas et al. 2013)."""
    return jax.nn.leaky_relu(x, negative_slope=0.01)


def softplus(x: jax.Array) -> jax.Array:
    """Smooth rectifier, ``log(1 + exp(x))``, elementwise."""
    return jax.nn.softplus(x)


def linear(x: jax.Array) -> jax.Array:
    """Identity: what ``nonlinearity=None`` stands for."""
    return x


identity = linear

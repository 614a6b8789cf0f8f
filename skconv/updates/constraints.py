"""Constraints on the norms of parameters and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..utils.lasagne import norm_axes_of
from .transformation import as_extra_args, is_transformation

__all__ = ["apply_norm_constraint", "norm_constraint", "total_norm_constraint"]


def norm_constraint(
    tensor_var: Any,
    max_norm: float,
    norm_axes: Sequence[int] | None = None,
    epsilon: float = 1e-7,
) -> jax.Array:
    """Return an array whose weights of each unit are scaled down to a norm of at most `max_norm`.

    `apply_norm_constraint` applies it to the parameters after each step of an update rule.

    Parameters
    ----------
    tensor_var : array
        Parameter, gradient or step.
    max_norm : float
        Largest norm.
    norm_axes : sequence of int, optional
        Axes of the weights of a unit. By default the first for a matrix, as of a dense layer, and
        all but the first for 3 to 5 axes, as of a convolution.
    epsilon : float
        Added to the norm that is divided by.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        If `norm_axes` must be given, because of the number of axes.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[3.0, 0.0], [4.0, 1.0]])
    >>> np.asarray(norm_constraint(W, 2.5)).round(3)
    array([[1.5, 0. ],
           [2. , 1. ]], dtype=float32)
    """
    x = jnp.asarray(tensor_var)
    axes = norm_axes_of(x.ndim, vectors=False) if norm_axes is None else tuple(norm_axes)
    norms = jnp.sqrt(jnp.sum(jnp.square(x), axis=axes, keepdims=True))
    return x * (jnp.minimum(norms, max_norm) / (epsilon + norms))


def total_norm_constraint(
    tensor_vars: Any, max_norm: float, epsilon: float = 1e-7, return_norm: bool = False
) -> Any:
    """Return arrays that are scaled down to a norm of at most `max_norm`, taken together.

    Parameters
    ----------
    tensor_vars : list or other pytree of arrays
        Such as all gradients.
    max_norm : float
        Largest norm of all elements. Keyword ``update_clip_norm`` does this to the gradients of
        any update rule, up to `epsilon`.
    epsilon : float
        Added to the norm that is divided by.
    return_norm : bool
        Whether to return the norm before scaling, too.

    Returns
    -------
    scaled : pytree of arrays
        In the form of `tensor_vars`.
    norm : scalar array
        Only if `return_norm` is True.

    Examples
    --------
    >>> scaled, norm = total_norm_constraint([jnp.array([3.0]), jnp.array([4.0])], 1.0,
    ...                                      return_norm=True)
    >>> [round(float(x[0]), 3) for x in scaled], float(norm)
    ([0.6, 0.8], 5.0)
    """
    arrays = jax.tree.map(jnp.asarray, tensor_vars)
    norm = jnp.sqrt(sum(jnp.sum(jnp.square(x)) for x in jax.tree.leaves(arrays)))
    factor = jnp.minimum(norm, max_norm) / (epsilon + norm)
    scaled = jax.tree.map(lambda x: x * factor, arrays)
    return (scaled, norm) if return_norm else scaled


def apply_norm_constraint(
    updates: Any,
    max_norm: float,
    norm_axes: Sequence[int] | None = None,
    epsilon: float = 1e-7,
) -> optax.GradientTransformationExtraArgs:
    """Return an update rule that keeps the norm of each unit's weights at most `max_norm`.

    An alternative to weight decay. Biases and other vectors are not constrained.

    Parameters
    ----------
    updates : optax.GradientTransformation
        The rule, with its hyperparameters.
    max_norm, norm_axes, epsilon
        As in `norm_constraint`, which is applied to all parameters of two or more axes.

    Returns
    -------
    optax.GradientTransformationExtraArgs

    Raises
    ------
    TypeError
        If `updates` is not an update rule.

    Examples
    --------
    >>> from skconv import NeuralNet, layers
    >>> from skconv.updates import apply_norm_constraint, nesterov_momentum
    >>> def constrained(learning_rate=0.01, momentum=0.9, max_norm=3.0):
    ...     return apply_norm_constraint(nesterov_momentum(learning_rate, momentum), max_norm)
    >>> net = NeuralNet([layers.InputLayer, layers.DenseLayer], update=constrained)
    """
    if not is_transformation(updates):
        raise TypeError(
            "updates must be an update rule with its hyperparameters, such as "
            f"apply_norm_constraint(sgd(learning_rate=0.01), 3.0), got {updates!r}"
        )
    rule = as_extra_args(updates)

    def change(step: jax.Array, weights: jax.Array) -> jax.Array:
        if weights.ndim < 2:
            return step
        return norm_constraint(weights + step, max_norm, norm_axes, epsilon) - weights

    def update(
        grads: optax.Updates, state: optax.OptState, weights: Any = None, **extra: Any
    ) -> tuple[optax.Updates, optax.OptState]:
        steps, state = rule.update(grads, state, weights, **extra)
        return jax.tree.map(change, steps, weights), state

    return optax.GradientTransformationExtraArgs(rule.init, update)

"""Momentum for any update rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..errors import Problems, did_you_mean
from .transformation import as_extra_args, is_transformation

__all__ = ["apply_momentum", "apply_nesterov_momentum"]


def apply_momentum(
    updates: Any, params: Iterable[str] | None = None, momentum: float = 0.9
) -> optax.GradientTransformationExtraArgs:
    """Return an update rule with momentum: ``v = momentum * v + step; p += v``.

    `step` is that of another rule. With gradient descent, this is `skconv.updates.momentum`.

    Parameters
    ----------
    updates : optax.GradientTransformation
        The rule, with its hyperparameters.
    params : iterable of str, optional
        The layers, such as ``'conv1'``, and parameters, such as ``'conv1.W'``, whose steps have
        momentum; by default all.
    momentum : float
        Part of the velocity that is kept. More momentum makes larger steps, too; to counter that,
        multiply the learning rate by ``1 - momentum``.

    Returns
    -------
    optax.GradientTransformationExtraArgs

    Raises
    ------
    TypeError
        If `updates` is not an update rule.
    ValueError
        When the network is built, if it has no such layer or parameter.

    Examples
    --------
    The hyperparameters of a function are set by keywords, ``update_momentum=0.8``, and changing
    them compiles nothing:

    >>> from skconv import NeuralNet, layers, updates
    >>> def rmsprop_with_momentum(learning_rate=0.001, momentum=0.9):
    ...     return updates.apply_momentum(updates.rmsprop(learning_rate), momentum=momentum)
    >>> net = NeuralNet([layers.InputLayer, layers.DenseLayer], update=rmsprop_with_momentum)
    """
    return _with_velocity("apply_momentum", updates, params, momentum, lambda v, step: v)


def apply_nesterov_momentum(
    updates: Any, params: Iterable[str] | None = None, momentum: float = 0.9
) -> optax.GradientTransformationExtraArgs:
    """Return a rule with Nesterov momentum: ``v = momentum * v + step; p += momentum * v + step``.

    `step` is that of another rule. With gradient descent, this is
    `skconv.updates.nesterov_momentum`.

    Parameters
    ----------
    updates, params, momentum
        As in `apply_momentum`.

    Returns
    -------
    optax.GradientTransformationExtraArgs

    Raises
    ------
    TypeError, ValueError
        As for `apply_momentum`.

    Examples
    --------
    >>> from skconv.updates import adagrad, apply_nesterov_momentum
    >>> rule = apply_nesterov_momentum(adagrad(0.01), params=['conv1'], momentum=0.8)
    """
    return _with_velocity(
        "apply_nesterov_momentum",
        updates,
        params,
        momentum,
        lambda v, step: momentum * v + step,
    )


def _with_velocity(
    name: str,
    updates: Any,
    params: Iterable[str] | None,
    momentum: float,
    moved: Callable[[jax.Array, jax.Array], jax.Array],
) -> optax.GradientTransformationExtraArgs:
    """Return the rule whose steps are `moved` of the new velocity and the step of another rule."""
    if not is_transformation(updates):
        raise TypeError(
            "updates must be an update rule with its hyperparameters, such as "
            f"{name}(sgd(learning_rate=0.01)), got {updates!r}"
        )
    rule = as_extra_args(updates)
    chosen = None if params is None else [params] if isinstance(params, str) else list(params)

    def init(weights: optax.Params) -> optax.OptState:
        if chosen is not None:
            _check_names(chosen, weights)
        return rule.init(weights), jax.tree.map(jnp.zeros_like, weights)

    def update(
        grads: optax.Updates, state: optax.OptState, weights: Any = None, **extra: Any
    ) -> tuple[optax.Updates, optax.OptState]:
        inner, velocity = state
        steps, inner = rule.update(grads, inner, weights, **extra)
        velocity = jax.tree.map(lambda v, step: momentum * v + step, velocity, steps)
        changes = jax.tree.map(moved, velocity, steps)
        if chosen is not None:
            changes = _choose(chosen, changes, steps)
        return changes, (inner, velocity)

    return optax.GradientTransformationExtraArgs(init, update)


def _choose(chosen: list[str], of_chosen: Any, of_others: Any) -> Any:
    return {
        layer: {
            name: value if {layer, f"{layer}.{name}"} & set(chosen) else of_others[layer][name]
            for name, value in own.items()
        }
        for layer, own in of_chosen.items()
    }


def _check_names(chosen: list[str], weights: Any) -> None:
    names = [*weights, *(f"{layer}.{name}" for layer, own in weights.items() for name in own)]
    problems = Problems()
    for given in chosen:
        if given not in names:
            problems.add(
                "params must be names of layers with parameters, or of parameters, "
                f"got {given!r}.{did_you_mean(given, names)}"
            )
    problems.raise_any()

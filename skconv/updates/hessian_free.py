"""Hessian-free optimization (Martens 2010): Newton's method by conjugate gradients.

The curvature matrix is the Gauss-Newton matrix ``G = J' H J``, where ``J`` is the Jacobian of the
network's outputs and ``H`` the Hessian of the loss with respect to these outputs. It is never
formed, only multiplied by vectors.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from .update_rule import BatchLoss

Vector = Any
"""A pytree of arrays shaped like the parameters."""

Product = Callable[[Vector], Vector]
"""A function that multiplies a matrix by a vector."""

PROGRESS = 5e-4
"""Martens' epsilon: conjugate gradients stop when an iteration gains less than this fraction."""

BACKTRACKING = 0.8
"""Factor by which the line search shortens a step that does not lower the loss."""

MAX_BACKTRACKS = 60


class HessianFreeState(NamedTuple):
    """State of Hessian-free optimization.

    Parameters
    ----------
    direction : pytree of arrays
        Last solution, from which the next conjugate gradients start.
    damping : scalar array
    """

    direction: Vector
    damping: jax.Array


def hessian_free(
    learning_rate: float = 1.0,
    damping: float = 1.0,
    cg_iterations: int = 50,
    cg_decay: float = 0.95,
) -> optax.GradientTransformationExtraArgs:
    """Return Newton's method with the damped Gauss-Newton matrix, solved by conjugate gradients.

    Each step minimizes ``g'p + p'(G + damping * I)p / 2``, shortens the solution until it lowers
    the loss, and then adapts the damping to how well this model predicted the loss (Martens 2010;
    the start of conjugate gradients is that of Martens and Sutskever 2012). Batches must be large,
    ideally all rows: ``batch_iterator_train=len(X)`` and ``train_split=None``.

    Parameters
    ----------
    learning_rate : float
        Factor on each step.
    damping : float
        Initial damping.
    cg_iterations : int
        Maximum number of conjugate gradient iterations per step.
    cg_decay : float
        Factor on the last solution, from which the next conjugate gradients start.

    Returns
    -------
    optax.GradientTransformationExtraArgs
        Its `update` needs ``value``, the loss at the parameters, and ``value_fn``, the loss as a
        function of them, with its two parts ``value_fn.outputs(params)`` and
        ``value_fn.of_outputs(outputs, params)``.
    """

    def init(params: optax.Params) -> HessianFreeState:
        return HessianFreeState(
            jax.tree.map(jnp.zeros_like, params), jnp.asarray(damping, jnp.float32)
        )

    def update(
        grads: optax.Updates,
        state: HessianFreeState,
        params: optax.Params | None = None,
        *,
        value: jax.Array,
        value_fn: BatchLoss,
        **extra: Any,
    ) -> tuple[optax.Updates, HessianFreeState]:
        curvature = gauss_newton(value_fn.outputs, value_fn.of_outputs, params)
        direction, predicted = conjugate_gradients(
            lambda v: _add_scaled(curvature(v), v, state.damping),
            jax.tree.map(jnp.negative, grads),
            _scale(state.direction, cg_decay),
            cg_iterations,
        )

        def loss_after(rate: Any) -> jax.Array:
            return value_fn(_add_scaled(params, direction, rate))

        rate, full_loss = _line_search(loss_after, value, _dot(grads, direction))
        ratio = (full_loss - value) / predicted
        factor = jnp.where(ratio > 0.75, 2 / 3, jnp.where(ratio > 0.25, 1.0, 3 / 2))
        new_state = HessianFreeState(direction, state.damping * factor)
        return _scale(direction, learning_rate * rate), new_state

    return optax.GradientTransformationExtraArgs(init, update)


def gauss_newton(
    outputs: Callable[[Any], Any], of_outputs: Callable[[Any, Any], Any], params: optax.Params
) -> Product:
    """Return the product with the Gauss-Newton matrix of ``of_outputs(outputs(params), params)``.

    Terms of the loss that depend on the parameters directly, such as penalties, contribute their
    exact Hessian.

    Parameters
    ----------
    outputs : callable
        From parameters to outputs. Its forward derivative is computed by differentiating backward
        twice, because some convolutions and pools of skconv have no forward derivative.
    of_outputs : callable
        From outputs and parameters to a number.
    params : pytree of arrays

    Returns
    -------
    callable
        From a vector, a pytree like `params`, to another.

    Examples
    --------
    >>> product = gauss_newton(lambda w: w * w, lambda z, w: (z * z).sum(), jnp.array([3.0]))
    >>> product(jnp.array([1.0])).tolist()
    [72.0]
    """
    out, backward = jax.vjp(outputs, params)
    forward = jax.vjp(lambda u: backward(u)[0], jax.tree.map(jnp.zeros_like, out))[1]
    by_outputs, by_params = jax.grad(of_outputs), jax.grad(of_outputs, argnums=1)

    def product(v: Vector) -> Vector:
        (jacobian_v,) = forward(v)
        hessian_jacobian_v = jax.jvp(lambda z: by_outputs(z, params), (out,), (jacobian_v,))[1]
        direct = jax.jvp(lambda p: by_params(out, p), (params,), (v,))[1]
        return jax.tree.map(jnp.add, backward(hessian_jacobian_v)[0], direct)

    return product


class _Iterate(NamedTuple):
    """State of conjugate gradients after `i` iterations.

    Parameters
    ----------
    x, residual, direction : pytrees of arrays
    square : scalar array
        Squared norm of the residual.
    i : int32
    values : array of shape (iterations + 1,)
        Minimized value after each iteration.
    running : bool
    """

    x: Vector
    residual: Vector
    direction: Vector
    square: jax.Array
    i: jax.Array
    values: jax.Array
    running: jax.Array


def conjugate_gradients(
    product: Product, b: Vector, start: Vector, iterations: int
) -> tuple[Vector, jax.Array]:
    """Minimize ``x'Ax / 2 - b'x`` until the progress of the last iterations is small.

    The stopping rule is Martens': after ``i`` iterations, stop if the last ``k = max(10, i / 10)``
    of them contributed less than ``k * 5e-4`` of the total reduction. Also stop if ``A`` has no
    positive curvature in the search direction.

    Parameters
    ----------
    product : callable
        Multiplies by ``A``.
    b, start : pytree of arrays
    iterations : int
        Maximum number of iterations.

    Returns
    -------
    x : pytree of arrays
    value : scalar array
        The minimized value, at `x`.

    Examples
    --------
    >>> A = jnp.array([[2.0, 1.0], [1.0, 3.0]])
    >>> x, value = conjugate_gradients(lambda v: A @ v, jnp.array([1.0, 2.0]), jnp.zeros(2), 9)
    >>> [round(float(number), 3) for number in (*x, value)]
    [0.2, 0.6, -0.7]
    """

    def value_of(x: Vector, residual: Vector) -> jax.Array:
        return -(_dot(x, residual) + _dot(x, b)) / 2

    residual = _add_scaled(b, product(start), -1.0)
    square = _dot(residual, residual)
    values = jnp.zeros(iterations + 1, square.dtype).at[0].set(value_of(start, residual))
    zero = jnp.zeros((), jnp.int32)
    first = _Iterate(start, residual, residual, square, zero, values, square > 0)

    def step(now: _Iterate) -> _Iterate:
        product_d = product(now.direction)
        curvature = _dot(now.direction, product_d)
        positive = curvature > 0
        length = jnp.where(positive, now.square / jnp.where(positive, curvature, 1), 0)
        x = _add_scaled(now.x, now.direction, length)
        residual = _add_scaled(now.residual, product_d, -length)
        square = _dot(residual, residual)
        direction = _add_scaled(residual, now.direction, square / now.square)
        i = now.i + 1
        values = now.values.at[i].set(value_of(x, residual))
        running = positive & (square > 0) & ~_progress_is_small(values, i)
        return _Iterate(x, residual, direction, square, i, values, running)

    last = lax.while_loop(lambda now: now.running & (now.i < iterations), step, first)
    return last.x, last.values[last.i]


def _progress_is_small(values: jax.Array, i: jax.Array) -> jax.Array:
    """Return whether the last iterations reduced the value by a small fraction of the total."""
    k = jnp.maximum(10, i // 10)
    change = values[i] - values[jnp.maximum(i - k, 0)]
    small = k.astype(values.dtype) * PROGRESS * values[i]
    return (i > k) & (values[i] < 0) & (change > small)


def _line_search(
    loss_after: Callable[[Any], jax.Array], value: jax.Array, slope: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Shorten a step until it satisfies Armijo's rule.

    Returns
    -------
    rate : scalar array
        Length of the shortened step; zero if no length lowers the loss.
    full_loss : scalar array
        Loss after the full step.
    """

    def too_long(search: Any) -> jax.Array:
        n, rate, loss = search
        return (n < MAX_BACKTRACKS) & ~(loss <= value + 0.01 * rate * jnp.minimum(slope, 0))

    def shorten(search: Any) -> Any:
        n, rate, _ = search
        return n + 1, rate * BACKTRACKING, loss_after(rate * BACKTRACKING)

    full_loss = loss_after(1.0)
    start = jnp.zeros((), jnp.int32), jnp.ones((), full_loss.dtype), full_loss
    n, rate, _ = lax.while_loop(too_long, shorten, start)
    return jnp.where(n < MAX_BACKTRACKS, rate, 0), full_loss


def _dot(a: Vector, b: Vector) -> jax.Array:
    products = jax.tree.map(lambda a, b: (a * b).sum(), a, b)
    return jax.tree.reduce(operator.add, products)


def _scale(a: Vector, factor: Any) -> Vector:
    return jax.tree.map(lambda a: a * jnp.asarray(factor, a.dtype), a)


def _add_scaled(a: Vector, b: Vector, factor: Any) -> Vector:
    """Return ``a + factor * b``."""
    return jax.tree.map(lambda a, b: a + jnp.asarray(factor, a.dtype) * b, a, b)

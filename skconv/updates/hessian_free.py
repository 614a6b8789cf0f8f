"""Hessian-free optimisation (Martens 2010): Newton's step by conjugate gradients.

The curvature is the Gauss-Newton matrix ``G = J' H J``, where ``J`` is the derivative of the
network's outputs and ``H`` the Hessian of the loss by these outputs. It is only ever multiplied by
vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

Product = Callable[[Any], Any]
"""From a vector, a pytree like the parameters, to a matrix times it."""

PROGRESS = 5e-4
"""Martens' epsilon: conjugate gradients end where a step gains less than this part of all gain."""

BACKWARD = 0.8
"""Factor by which the line search shortens a step that does not lower the loss."""

SHORTENINGS = 60


class HessianFreeState(NamedTuple):
    """What Hessian-free optimisation remembers.

    Parameters
    ----------
    direction : pytree of arrays
        Last solution, from which the next conjugate gradients start.
    damping : scalar array
    """

    direction: Any
    damping: jax.Array


def hessian_free(
    learning_rate: float = 1.0,
    damping: float = 1.0,
    cg_iterations: int = 50,
    cg_decay: float = 0.95,
) -> optax.GradientTransformationExtraArgs:
    """Newton's steps with the damped Gauss-Newton matrix, solved for by conjugate gradients.

    Each step minimises ``g'p + p'(G + damping * I)p / 2``, shortens the solution until it lowers
    the loss, and then raises or lowers the damping by how well the model foretold the loss
    (Martens 2010; the start of conjugate gradients as in Martens and Sutskever 2012). Batches must
    be large, best all rows: ``batch_iterator_train=len(X)`` and ``train_split=None``.

    Parameters
    ----------
    learning_rate : float
        Factor on each step.
    damping : float
        The damping to start with.
    cg_iterations : int
        Most iterations of conjugate gradients for a step.
    cg_decay : float
        Factor on the last solution, from which the next conjugate gradients start.

    Returns
    -------
    optax.GradientTransformationExtraArgs
        Its `update` needs ``value``, the loss at the parameters, and ``value_fn``, the loss as a
        function of them, with the two functions that it is made of: ``value_fn.outputs(params)``
        and ``value_fn.of_outputs(outputs, params)``.
    """

    def init(params: Any) -> HessianFreeState:
        return HessianFreeState(
            jax.tree.map(jnp.zeros_like, params), jnp.asarray(damping, jnp.float32)
        )

    def update(
        grads: Any,
        state: HessianFreeState,
        params: Any = None,
        *,
        value: jax.Array,
        value_fn: Any,
        **extra: Any,
    ) -> tuple[Any, HessianFreeState]:
        curvature = gauss_newton(value_fn.outputs, value_fn.of_outputs, params)
        direction, foretold = conjugate_gradients(
            lambda v: _plus(curvature(v), v, state.damping),
            jax.tree.map(jnp.negative, grads),
            _scaled(state.direction, cg_decay),
            cg_iterations,
        )

        def loss_after(rate: Any) -> jax.Array:
            return value_fn(_plus(params, direction, rate))

        rate, whole = _shortened(loss_after, value, _dot(grads, direction))
        ratio = (whole - value) / foretold
        factor = jnp.where(ratio > 0.75, 2 / 3, jnp.where(ratio > 0.25, 1.0, 3 / 2))
        renewed = HessianFreeState(direction, state.damping * factor)
        return _scaled(direction, learning_rate * rate), renewed

    return optax.GradientTransformationExtraArgs(init, update)


def gauss_newton(
    outputs: Callable[[Any], Any], of_outputs: Callable[[Any, Any], Any], params: Any
) -> Product:
    """Multiply by the Gauss-Newton matrix of ``of_outputs(outputs(params), params)``.

    What the loss has of the parameters themselves, such as penalties, comes with its own Hessian.

    Parameters
    ----------
    outputs : callable
        From parameters to outputs. It is differentiated backwards only, and twice where the
        product needs its forward derivative, since some of our convolutions and pools have no
        forward derivative.
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

    def product(v: Any) -> Any:
        (moved,) = forward(v)
        bent = jax.jvp(lambda z: by_outputs(z, params), (out,), (moved,))[1]
        own = jax.jvp(lambda p: by_params(out, p), (params,), (v,))[1]
        return jax.tree.map(jnp.add, backward(bent)[0], own)

    return product


class _Iterate(NamedTuple):
    """A moment of conjugate gradients: solution, residual, direction, values of the model."""

    x: Any
    residual: Any
    direction: Any
    square: jax.Array
    i: jax.Array
    values: jax.Array
    going: jax.Array


def conjugate_gradients(
    product: Product, b: Any, start: Any, iterations: int
) -> tuple[Any, jax.Array]:
    """Minimise ``x'Ax / 2 - b'x`` until the progress of the last steps is small.

    The end is Martens': after ``i`` iterations, where the last ``k = max(10, i / 10)`` of them
    gained less than ``k * 5e-4`` of what all gained; also where ``A`` has no positive curvature.

    Parameters
    ----------
    product : callable
        Multiplies by ``A``.
    b, start : pytree of arrays
    iterations : int
        Most iterations.

    Returns
    -------
    x : pytree of arrays
    value : scalar array
        What was minimised, at `x`.

    Examples
    --------
    >>> A = jnp.array([[2.0, 1.0], [1.0, 3.0]])
    >>> x, value = conjugate_gradients(lambda v: A @ v, jnp.array([1.0, 2.0]), jnp.zeros(2), 9)
    >>> [round(float(number), 3) for number in (*x, value)]
    [0.2, 0.6, -0.7]
    """

    def value_of(x: Any, residual: Any) -> jax.Array:
        return -(_dot(x, residual) + _dot(x, b)) / 2

    residual = _plus(b, product(start), -1.0)
    square = _dot(residual, residual)
    values = jnp.zeros(iterations + 1, square.dtype).at[0].set(value_of(start, residual))
    begun = jnp.zeros((), jnp.int32)
    first = _Iterate(start, residual, residual, square, begun, values, square > 0)

    def step(now: _Iterate) -> _Iterate:
        along = product(now.direction)
        curvature = _dot(now.direction, along)
        fine = curvature > 0
        length = jnp.where(fine, now.square / jnp.where(fine, curvature, 1), 0)
        x = _plus(now.x, now.direction, length)
        residual = _plus(now.residual, along, -length)
        square = _dot(residual, residual)
        direction = _plus(residual, now.direction, square / now.square)
        i = now.i + 1
        values = now.values.at[i].set(value_of(x, residual))
        going = fine & (square > 0) & ~_slow(values, i)
        return _Iterate(x, residual, direction, square, i, values, going)

    last = lax.while_loop(lambda now: now.going & (now.i < iterations), step, first)
    return last.x, last.values[last.i]


def _slow(values: jax.Array, i: jax.Array) -> jax.Array:
    back = jnp.maximum(10, i // 10)
    gained = values[i] - values[jnp.maximum(i - back, 0)]
    little = back.astype(values.dtype) * PROGRESS * values[i]
    return (i > back) & (values[i] < 0) & (gained > little)


def _shortened(
    loss_after: Callable[[Any], jax.Array], value: jax.Array, slope: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Shorten a step by Armijo's rule; to zero where no length lowers the loss.

    Returns the part of the step that is left, and the loss after the whole step.
    """

    def too_long(search: Any) -> jax.Array:
        n, rate, loss = search
        return (n < SHORTENINGS) & ~(loss <= value + 0.01 * rate * jnp.minimum(slope, 0))

    def shorter(search: Any) -> Any:
        n, rate, _ = search
        return n + 1, rate * BACKWARD, loss_after(rate * BACKWARD)

    whole = loss_after(1.0)
    begun = jnp.zeros((), jnp.int32), jnp.ones((), whole.dtype), whole
    n, rate, _ = lax.while_loop(too_long, shorter, begun)
    return jnp.where(n < SHORTENINGS, rate, 0), whole


def _dot(one: Any, other: Any) -> jax.Array:
    parts = jax.tree.map(lambda a, b: (a * b).sum(), one, other)
    return sum(jax.tree.leaves(parts))


def _scaled(tree: Any, factor: Any) -> Any:
    return jax.tree.map(lambda a: a * jnp.asarray(factor, a.dtype), tree)


def _plus(one: Any, other: Any, factor: Any) -> Any:
    return jax.tree.map(lambda a, b: a + jnp.asarray(factor, a.dtype) * b, one, other)

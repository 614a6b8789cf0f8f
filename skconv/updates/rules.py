"""First-order update rules under Lasagne's names, newer ones, and L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "amsgrad",
    "lamb",
    "lbfgs",
    "lion",
    "momentum",
    "muon",
    "nesterov_momentum",
    "rmsprop",
    "sgd",
]


def sgd(learning_rate: float = 0.01) -> optax.GradientTransformation:
    """Return stochastic gradient descent: ``p -= learning_rate * g``."""
    return optax.sgd(learning_rate)


def momentum(learning_rate: float = 0.01, momentum: float = 0.9) -> optax.GradientTransformation:
    """Return gradient descent with momentum: ``v = momentum * v - learning_rate * g; p += v``.

    As in Lasagne, the velocity includes the learning rate, so a new rate affects only new
    gradients.
    """
    return _with_velocity(learning_rate, momentum, lambda v, g: v)


def nesterov_momentum(
    learning_rate: float = 0.01, momentum: float = 0.9
) -> optax.GradientTransformation:
    """Return gradient descent with Nesterov momentum, in the form of Bengio et al. (2012).

    ``v = momentum * v - learning_rate * g; p += momentum * v - learning_rate * g``, as in Lasagne.
    """
    return _with_velocity(learning_rate, momentum, lambda v, g: momentum * v - learning_rate * g)


def _with_velocity(
    learning_rate: float, momentum: float, step: Callable[[jax.Array, jax.Array], jax.Array]
) -> optax.GradientTransformation:
    """Return the rule whose steps are `step` of each parameter's new velocity and gradient."""

    def init(params: optax.Params) -> optax.OptState:
        return jax.tree.map(jnp.zeros_like, params)

    def update(
        grads: optax.Updates, velocity: optax.OptState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, optax.OptState]:
        velocity = jax.tree.map(lambda v, g: momentum * v - learning_rate * g, velocity, grads)
        return jax.tree.map(step, velocity, grads), velocity

    return optax.GradientTransformation(init, update)


def adagrad(learning_rate: float = 1.0, epsilon: float = 1e-6) -> optax.GradientTransformation:
    """Return Adagrad: gradients over the root of their summed squares (Duchi et al. 2011)."""
    return optax.adagrad(learning_rate, initial_accumulator_value=0.0, eps=epsilon)


def rmsprop(
    learning_rate: float = 1.0, rho: float = 0.9, epsilon: float = 1e-6
) -> optax.GradientTransformation:
    """Return RMSprop: gradients over their root running mean square (Tieleman and Hinton 2012)."""
    return optax.rmsprop(learning_rate, decay=rho, eps=epsilon)


def adadelta(
    learning_rate: float = 1.0, rho: float = 0.95, epsilon: float = 1e-6
) -> optax.GradientTransformation:
    """Return Adadelta, whose steps have the units of the parameters (Zeiler 2012)."""
    return optax.adadelta(learning_rate, rho=rho, eps=epsilon)


def adam(
    learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> optax.GradientTransformation:
    """Return Adam: bias-corrected first and second moments of gradients (Kingma and Ba 2014)."""
    return optax.adam(learning_rate, b1=beta1, b2=beta2, eps=epsilon)


def adamax(
    learning_rate: float = 0.002, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> optax.GradientTransformation:
    """Return Adamax, which is Adam with the infinity norm (Kingma and Ba 2014, section 7.1)."""
    return optax.adamax(learning_rate, b1=beta1, b2=beta2, eps=epsilon)


def amsgrad(
    learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> optax.GradientTransformation:
    """Return AMSGrad, which is Adam with a non-decreasing second moment (Reddi et al. 2018).

    As in Lasagne and torch, the bias is corrected after taking the maximum. optax corrects it
    before, so a large first gradient slows all later steps (optax issue 1389).
    """

    def init(params: optax.Params) -> optax.OptState:
        mean, square, largest = (jax.tree.map(jnp.zeros_like, params) for _ in range(3))
        return jnp.zeros((), jnp.float32), mean, square, largest

    def update(
        grads: optax.Updates, state: Any, params: optax.Params | None = None
    ) -> tuple[optax.Updates, optax.OptState]:
        t, mean, square, largest = state
        t = t + 1
        mean = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, mean, grads)
        square = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, square, grads)
        largest = jax.tree.map(jnp.maximum, largest, square)
        rate = learning_rate * jnp.sqrt(1 - beta2**t) / (1 - beta1**t)
        steps = jax.tree.map(lambda m, v: -rate * m / (jnp.sqrt(v) + epsilon), mean, largest)
        return steps, (t, mean, square, largest)

    return optax.GradientTransformation(init, update)


def adamw(
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 1e-4,
    mask: Any = None,
) -> optax.GradientTransformation:
    """Return Adam with decoupled weight decay (Loshchilov and Hutter 2019).

    As in optax, all parameters decay, biases included, unless `mask` selects some of them: a
    function from the parameters ``{'layer': {'W': array}}`` to True or False for each.
    """
    return optax.adamw(
        learning_rate, b1=beta1, b2=beta2, eps=epsilon, weight_decay=weight_decay, mask=mask
    )


def lamb(
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-6,
    weight_decay: float = 0.0,
    mask: Any = None,
) -> optax.GradientTransformation:
    """Return LAMB: Adam's steps, scaled to the learning rate times the parameter's norm.

    For large batches (You et al. 2020). `weight_decay` and `mask` are those of `adamw`.
    """
    return optax.lamb(
        learning_rate, b1=beta1, b2=beta2, eps=epsilon, weight_decay=weight_decay, mask=mask
    )


def lion(
    learning_rate: float = 1e-4,
    beta1: float = 0.9,
    beta2: float = 0.99,
    weight_decay: float = 1e-3,
    mask: Any = None,
) -> optax.GradientTransformation:
    """Return Lion: the sign of a running mean of gradients (Chen et al. 2023).

    Every weight moves by the learning rate, which should be 3 to 10 times smaller than Adam's.
    `weight_decay` and `mask` are those of `adamw`.
    """
    return optax.lion(learning_rate, b1=beta1, b2=beta2, weight_decay=weight_decay, mask=mask)


def muon(
    learning_rate: float = 0.02,
    beta: float = 0.95,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
    weight_decay_mask: Any = None,
    ns_steps: int = 5,
    adam_learning_rate: float | None = None,
) -> optax.GradientTransformation:
    """Return Muon: momentum that is orthogonalized before each step (Jordan et al. 2024).

    Only matrices are orthogonalized. Other parameters, such as biases and the filters of
    convolutions, take Adam's steps, at `adam_learning_rate` if it is given. `ns_steps` is the
    number of Newton-Schulz iterations.
    """
    from optax import contrib  # less stable than the rest of optax

    return contrib.muon(
        learning_rate,
        ns_steps=ns_steps,
        beta=beta,
        eps=epsilon,
        weight_decay=weight_decay,
        weight_decay_mask=weight_decay_mask,
        adam_learning_rate=adam_learning_rate,
    )


def lbfgs(
    learning_rate: float | None = None, memory_size: int = 10, linesearch_steps: int = 20
) -> optax.GradientTransformation:
    """Return limited-memory BFGS with a line search for the strong Wolfe conditions (Nocedal 1980).

    It compares losses and gradients between steps, so every step needs the same rows: use
    ``batch_iterator_train=len(X)`` and ``train_split=None``. `memory_size` is the number of past
    steps to remember; `learning_rate` is a factor on the direction before the line search.
    """
    search = optax.scale_by_zoom_linesearch(linesearch_steps, initial_guess_strategy="one")
    return optax.lbfgs(learning_rate, memory_size=memory_size, linesearch=search)

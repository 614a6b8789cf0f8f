"""Update rules under the names of Lasagne and of what came since."""

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
    """Stochastic gradient descent, ``p -= learning_rate * g``."""
    return optax.sgd(learning_rate)


def _velocity(step: Callable[[Any, Any, Any, Any], Any], learning_rate: Any, momentum: Any) -> Any:
    def init(params: Any) -> Any:
        return jax.tree.map(jnp.zeros_like, params)

    def update(grads: Any, velocity: Any, params: Any = None) -> Any:
        velocity = jax.tree.map(lambda v, g: momentum * v - learning_rate * g, velocity, grads)
        steps = jax.tree.map(lambda v, g: step(v, g, learning_rate, momentum), velocity, grads)
        return steps, velocity

    return optax.GradientTransformation(init, update)


def momentum(learning_rate: float = 0.01, momentum: float = 0.9) -> optax.GradientTransformation:
    """Gradient descent with momentum: ``v = momentum * v - learning_rate * g; p += v``.

    The velocity holds the learning rate, as in Lasagne, so a new rate acts on new gradients only.
    """
    return _velocity(lambda v, g, rate, m: v, learning_rate, momentum)


def nesterov_momentum(
    learning_rate: float = 0.01, momentum: float = 0.9
) -> optax.GradientTransformation:
    """Gradient descent with Nesterov's momentum, in the form of Bengio et al. (2012).

    ``v = momentum * v - learning_rate * g; p += momentum * v - learning_rate * g``, as in Lasagne.
    """
    return _velocity(lambda v, g, rate, m: m * v - rate * g, learning_rate, momentum)


def adagrad(learning_rate: float = 1.0, epsilon: float = 1e-6) -> optax.GradientTransformation:
    """Gradients over the root of their summed squares (Duchi et al. 2011)."""
    return optax.adagrad(learning_rate, initial_accumulator_value=0.0, eps=epsilon)


def rmsprop(
    learning_rate: float = 1.0, rho: float = 0.9, epsilon: float = 1e-6
) -> optax.GradientTransformation:
    """Gradients over the root of their squares' running mean (Tieleman and Hinton 2012)."""
    return optax.rmsprop(learning_rate, decay=rho, eps=epsilon)


def adadelta(
    learning_rate: float = 1.0, rho: float = 0.95, epsilon: float = 1e-6
) -> optax.GradientTransformation:
    """Steps in units of the parameters themselves (Zeiler 2012)."""
    return optax.adadelta(learning_rate, rho=rho, eps=epsilon)


def adam(
    learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> optax.GradientTransformation:
    """Running means of gradients and squares, corrected for their start (Kingma and Ba 2014)."""
    return optax.adam(learning_rate, b1=beta1, b2=beta2, eps=epsilon)


def adamax(
    learning_rate: float = 0.002, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> optax.GradientTransformation:
    """Adam with the infinity norm (Kingma and Ba 2014, section 7.1)."""
    return optax.adamax(learning_rate, b1=beta1, b2=beta2, eps=epsilon)


def amsgrad(
    learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> optax.GradientTransformation:
    """Adam whose second moment never falls (Reddi et al. 2018).

    The start is corrected after the maximum, as in Lasagne and torch; optax corrects before it, so
    that a large first gradient slows all later steps (optax issue 1389).
    """

    def init(params: Any) -> Any:
        mean, square, largest = (jax.tree.map(jnp.zeros_like, params) for _ in range(3))
        return jnp.zeros((), jnp.float32), mean, square, largest

    def update(grads: Any, state: Any, params: Any = None) -> Any:
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
    """Adam beside which the weights decay by themselves (Loshchilov and Hutter 2019).

    As in optax all parameters decay, biases too, unless `mask` says which: a function from the
    parameters ``{'layer': {'W': array}}`` to True or False for each.
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
    """Adam's steps, each as long as its parameter times the rate (You et al. 2020).

    For large batches. `weight_decay` and `mask` as in `adamw`.
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
    """Signs of a running mean of the gradients (Chen et al. 2023).

    All numbers move by the rate, so it is 3 to 10 times smaller than Adam's. `weight_decay` and
    `mask` as in `adamw`.
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
    """Momentum whose matrices are made orthogonal before each step (Jordan et al. 2024).

    Parameters that are no matrices, such as biases and the filters of convolutions, take Adam's
    steps, at `adam_learning_rate` where it is given. `ns_steps` counts the Newton-Schulz
    iterations.
    """
    from optax import contrib  # of which optax promises less than of the rest

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
    """Limited-memory BFGS with a line search for the strong Wolfe conditions (Nocedal 1980).

    It compares losses and gradients between steps, which only makes sense on the same rows: give
    ``batch_iterator_train=len(X)`` and ``train_split=None``. `memory_size` counts the last steps
    that it remembers; `learning_rate` is a factor on what enters the line search.
    """
    search = optax.scale_by_zoom_linesearch(linesearch_steps, initial_guess_strategy="one")
    return optax.lbfgs(learning_rate, memory_size=memory_size, linesearch=search)

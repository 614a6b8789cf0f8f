"""Update rules under Lasagne's names, and the one way any rule gets its numbers.

An update is a factory that returns an `optax.GradientTransformation`; optax's own factories work
as they are. Numbers are runtime values: `Update` passes them to the factory inside the compiled
step, so another learning rate, or a schedule, needs no new program.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .errors import Faults
from .scalars import is_number, takes_number

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "amsgrad",
    "momentum",
    "nesterov_momentum",
    "rmsprop",
    "sgd",
]

Factory = Callable[..., optax.GradientTransformation]

_SEEDS = ("key", "seed")
"""optax's names for where randomness begins: whole numbers or keys, which no float32 can carry."""


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


@dataclass(frozen=True)
class Update:
    """A factory with its arguments sorted into structure and runtime values.

    Parameters
    ----------
    factory : callable or optax.GradientTransformation
        What makes the transformation; a transformation made already is taken as it is.
    structure : tuple of (str, object)
        Arguments that decide what is compiled: flags, counts, masks, names.
    names : tuple of str
        Arguments whose numbers enter the compiled step as values.
    """

    factory: Any
    structure: tuple[tuple[str, Any], ...]
    names: tuple[str, ...]

    def transformation(self, values: Mapping[str, Any]) -> optax.GradientTransformation:
        """Make the transformation with these numbers, which may be traced."""
        if isinstance(self.factory, optax.GradientTransformation):
            return self.factory
        return _promoting(self.factory(**dict(self.structure), **values))


def _promoting(made: optax.GradientTransformation) -> optax.GradientTransformation:
    """Let optax raise traced rates to the power of its int32 counts, also where JAX is strict."""

    def update(grads: Any, state: Any, params: Any = None) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            return made.update(grads, state, params)

    return optax.GradientTransformation(made.init, update)


def resolve(factory: Any, given: Mapping[str, Any]) -> tuple[Update, dict[str, Any]]:
    """Sort the keywords given for an update into structure and runtime values.

    Numbers are runtime values, unless the factory's own default says that the argument is a
    count; so are schedules, functions from the number of steps to a number.

    Parameters
    ----------
    factory : callable or optax.GradientTransformation
    given : mapping of str to object
        What the user wrote as ``update_<name>``.

    Returns
    -------
    update : Update
    values : dict of str to float or callable
        Numbers and schedules by name, the factory's own default numbers included.

    Raises
    ------
    TypeError
        Where `factory` cannot be called.
    ValueError
        Where a required keyword is missing, or a number is none.

    Examples
    --------
    >>> update, values = resolve(nesterov_momentum, {'learning_rate': 0.1})
    >>> sorted(values.items())
    [('learning_rate', 0.1), ('momentum', 0.9)]
    """
    if isinstance(factory, optax.GradientTransformation):
        if given:
            raise ValueError(
                f"update is a finished transformation and takes no update_{next(iter(given))}; "
                "give optax's factory instead, as in update=optax.adam"
            )
        return Update(factory, (), ()), {}
    if not callable(factory):
        raise TypeError(f"update must be a factory of optax transformations, not {factory!r}")
    parameters = inspect.signature(factory).parameters
    name = getattr(factory, "__name__", repr(factory))
    _check_complete(name, parameters, given)
    values = {
        key: p.default
        for key, p in parameters.items()
        if isinstance(p.default, float) and key not in given
    }
    structure = {}
    faults = Faults()
    for key, value in given.items():
        runtime = key not in parameters or takes_number(parameters[key])
        runtime = runtime and key not in _SEEDS
        if runtime and (is_number(value) or _is_schedule(value)):
            values[key] = value
        elif runtime and isinstance(value, str):
            faults.add(f"update_{key}={value!r} is no number and no schedule")
        else:
            structure[key] = value
    faults.raise_any()
    return Update(factory, tuple(sorted(structure.items())), tuple(sorted(values))), values


def _check_complete(
    name: str, parameters: Mapping[str, inspect.Parameter], given: Mapping[str, Any]
) -> None:
    faults = Faults()
    for key, p in parameters.items():
        named = p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        if named and p.default is p.empty and key not in given:
            faults.add(f"update={name} needs update_{key}")
    faults.raise_any()


def keywords(factory: Any) -> list[str] | None:
    """List the keywords of an update's factory; None where it takes any, or is none.

    Examples
    --------
    >>> keywords(nesterov_momentum)
    ['learning_rate', 'momentum']
    """
    if not callable(factory):
        return None
    parameters = inspect.signature(factory).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return list(parameters)


def _is_schedule(value: Any) -> bool:
    if not callable(value) or isinstance(value, type):
        return False
    try:
        first = value(0)
        return not isinstance(first, bool | np.bool_) and is_number(np.asarray(first, dtype=float))
    except (TypeError, ValueError, AttributeError):
        return False


def values_at(values: Mapping[str, Any], start: int, steps: int) -> dict[str, np.ndarray]:
    """Numbers for each of the next steps, one dtype whatever was given.

    Parameters
    ----------
    values : mapping of str to float or schedule
    start : int
        Number of steps taken so far.
    steps : int

    Returns
    -------
    dict of str to float32 array of shape (steps,)
        Of one dtype and never weakly typed, which would compile again.

    Examples
    --------
    >>> values_at({'learning_rate': lambda step: 1.0 / (1 + step)}, 1, 2)
    {'learning_rate': array([0.5       , 0.33333334], dtype=float32)}
    """
    return {name: _at(value, start, steps) for name, value in values.items()}


def _at(value: Any, start: int, steps: int) -> np.ndarray:
    if not callable(value):
        return np.full(steps, value, np.float32)
    return np.asarray([value(step) for step in range(start, start + steps)], np.float32)

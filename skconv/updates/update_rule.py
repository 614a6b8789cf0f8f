"""The one way any update rule gets its numbers, its clipped gradients and what else it asks for.

Numbers are runtime values: `Update` passes them to the factory inside the compiled step, so another
learning rate, or a schedule, needs no new program.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import numpy as np
import optax

from ..errors import Problems
from ..utils.checks import is_number, takes_number

_SEEDS = ("key", "seed")
"""optax's names for where randomness begins: whole numbers or keys, which no float32 can carry."""

CLIPS = ("clip_value", "clip_norm")
"""Keywords that every update has, whatever its factory takes."""


class UpdateFactory(Protocol):
    """A function from hyperparameters to an optax transformation, such as ``optax.adam``."""

    def __call__(self, *args: Any, **kwargs: Any) -> optax.GradientTransformation:
        """Return the transformation for these hyperparameters."""
        ...


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
    clips : tuple of str
        Those of them that bound the gradients before the factory's rule sees them.
    """

    factory: Any
    structure: tuple[tuple[str, Any], ...]
    names: tuple[str, ...]
    clips: tuple[str, ...] = ()

    def transformation(self, values: Mapping[str, Any]) -> optax.GradientTransformationExtraArgs:
        """Make the transformation with these numbers, which may be traced.

        Its `update` takes, besides gradients, state and parameters, optax's extra arguments:
        ``value``, ``grad`` and ``value_fn``, a `BatchLoss`. `grad` is the gradient of `value_fn`,
        without clipping and without the layers' `grad_scale`. Rules that have no use for extra
        arguments never see them.
        """
        made = self.factory
        if not isinstance(made, optax.GradientTransformation):
            own = {name: value for name, value in values.items() if name not in self.clips}
            made = made(**dict(self.structure), **own)
        clips = {name: values[name] for name in self.clips}
        return _prepared(optax.with_extra_args_support(made), clips)


@dataclass(frozen=True, eq=False)
class BatchLoss:
    """The loss of a batch as a function of the parameters, with the same random numbers each time.

    Parameters
    ----------
    outputs : callable
        From parameters to the outputs of the network; those before the last nonlinearity where
        the loss has a form for them.
    of_outputs : callable
        From outputs and parameters to the loss, penalties included.
    """

    outputs: Callable[[Any], jax.Array]
    of_outputs: Callable[[jax.Array, Any], jax.Array]

    def __call__(self, params: Any) -> jax.Array:
        """Compute the loss."""
        return self.of_outputs(self.outputs(params), params)


def _prepared(
    made: optax.GradientTransformationExtraArgs, clips: Mapping[str, Any]
) -> optax.GradientTransformationExtraArgs:
    """Clip before the rule, and let optax mix dtypes as it does, also where JAX is strict.

    It raises traced rates to the power of its int32 counts.
    """

    def init(params: Any) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            return jax.tree.map(_strongly_typed, made.init(params))

    def update(grads: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            return made.update(clipped(grads, **clips), state, params, **extra)

    return optax.GradientTransformationExtraArgs(init, update)


def _strongly_typed(value: Any) -> Any:
    """Give a number its type for good; one of a Python number would compile the second step again.

    The line search of optax's lbfgs starts from such.
    """
    weak = getattr(value, "weak_type", False)
    return jax.lax.convert_element_type(value, value.dtype) if weak else value


def clipped(grads: Any, clip_value: Any = None, clip_norm: Any = None) -> Any:
    """Bound the gradients of a step.

    Parameters
    ----------
    grads : pytree of arrays
    clip_value : float, optional
        Bound on the size of each number, as in ``optax.clip``; it comes first.
    clip_norm : float, optional
        Bound on the norm of all gradients together, as in ``optax.clip_by_global_norm``, and as
        Lasagne's ``total_norm_constraint``, which divides by the norm plus 1e-7.

    Returns
    -------
    pytree of arrays

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> [round(float(g), 3) for g in clipped(jnp.array([3.0, 4.0]), clip_norm=1.0)]
    [0.6, 0.8]
    """
    if clip_value is not None:
        grads = optax.clip(clip_value).update(grads, optax.EmptyState())[0]
    if clip_norm is not None:
        grads = optax.clip_by_global_norm(clip_norm).update(grads, optax.EmptyState())[0]
    return grads


def resolve_update(factory: Any, given: Mapping[str, Any]) -> tuple[Update, dict[str, Any]]:
    """Sort the keywords given for an update into structure and runtime values.

    Numbers are runtime values, unless the factory's own default says that the argument is a
    count; so are schedules, functions from the number of steps to a number. Every factory and
    every finished transformation also takes `clip_value` and `clip_norm`, as `clipped` does.

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
    >>> from skconv.updates import nesterov_momentum
    >>> update, values = resolve_update(nesterov_momentum, {'learning_rate': 0.1, 'clip_norm': 5.0})
    >>> sorted(values.items())
    [('clip_norm', 5.0), ('learning_rate', 0.1), ('momentum', 0.9)]
    """
    finished = isinstance(factory, optax.GradientTransformation)
    if not finished and not callable(factory):
        raise TypeError(f"update must be a factory of optax transformations, not {factory!r}")
    parameters = {} if finished else inspect.signature(factory).parameters
    ours = set(CLIPS) - set(parameters)
    clips = _clips({name: value for name, value in given.items() if name in ours})
    given = {name: value for name, value in given.items() if name not in ours}
    if finished and given:
        raise ValueError(
            f"update is a finished transformation and takes no update_{next(iter(given))}; "
            "give optax's factory instead, as in update=optax.adam"
        )
    name = getattr(factory, "__name__", repr(factory))
    _check_complete(name, parameters, given)
    values = clips | {
        key: p.default
        for key, p in parameters.items()
        if isinstance(p.default, float) and key not in given
    }
    structure = {}
    problems = Problems()
    for key, value in given.items():
        runtime = key not in parameters or takes_number(parameters[key])
        runtime = runtime and key not in _SEEDS
        if runtime and (is_number(value) or _is_schedule(value)):
            values[key] = value
        elif runtime and isinstance(value, str):
            problems.add(f"update_{key}={value!r} is no number and no schedule")
        else:
            structure[key] = value
    problems.raise_any()
    ordered = tuple(sorted(structure.items()))
    return Update(factory, ordered, tuple(sorted(values)), tuple(sorted(clips))), values


def _clips(given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the bounds that are there, and none that is no bound."""
    problems = Problems()
    for name, value in given.items():
        positive = is_number(value) and value > 0
        if value is not None and not positive and not _is_schedule(value):
            problems.add(f"update_{name}={value!r} is no number above 0, no schedule and not None")
    problems.raise_any()
    return {name: value for name, value in given.items() if value is not None}


def _check_complete(
    name: str, parameters: Mapping[str, inspect.Parameter], given: Mapping[str, Any]
) -> None:
    problems = Problems()
    for key, p in parameters.items():
        named = p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        if named and p.default is p.empty and key not in given:
            problems.add(f"update={name} needs update_{key}")
    problems.raise_any()


def update_keywords(factory: Any) -> list[str] | None:
    """List the keywords of an update's factory; None where it takes any, or is none.

    Examples
    --------
    >>> from skconv.updates import nesterov_momentum
    >>> update_keywords(nesterov_momentum)
    ['learning_rate', 'momentum', 'clip_value', 'clip_norm']
    """
    if not callable(factory):
        return None
    parameters = inspect.signature(factory).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return [*parameters, *(name for name in CLIPS if name not in parameters)]


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

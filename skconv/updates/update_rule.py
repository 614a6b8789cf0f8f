"""Update rules with runtime hyperparameters and gradient clipping.

Hyperparameters are runtime values: `Update` passes them to the factory inside the compiled step, so
a new learning rate, or a schedule, needs no new program.
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
from ..utils.checks import above_zero, in_float32, is_number, takes_number
from ..utils.signatures import signature_of
from .ranges import is_certainly_number, number_check, structure_check
from .transformation import (
    as_extra_args,
    check_transformation,
    is_transformation,
    with_raw_keys,
    without_injection,
)

_SEEDS = ("key", "seed")
"""optax's names for seeds: integers or keys, which do not fit into float32."""

_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

_LOSSES = ("loss_or_grads", "loss", "cost", "grads", "gradients", "all_grads")
_PARAMETERS = ("params", "all_params", "parameters")
"""Usual names of the first two arguments of update rules in Lasagne's form."""

CLIPS = ("clip_value", "clip_norm")
"""Keywords of every update, whether its factory takes them or not."""


class UpdateFactory(Protocol):
    """A function from hyperparameters to an optax transformation, such as ``optax.adam``."""

    def __call__(self, *args: Any, **kwargs: Any) -> optax.GradientTransformation:
        """Return the transformation for these hyperparameters."""
        ...


@dataclass(frozen=True)
class Update:
    """An update factory with its arguments, split into structure and runtime values.

    Parameters
    ----------
    factory : callable or optax.GradientTransformation
        A function that returns the transformation, or the transformation itself, which may be any
        object with `init` and `update`.
    structure : tuple of (str, object)
        Arguments that are part of the compiled program: flags, counts, masks, names.
    names : tuple of str
        Arguments whose numbers are passed to the compiled step.
    clips : tuple of str
        Those of `names` that bound the gradients before the factory's rule.
    """

    factory: UpdateFactory | optax.GradientTransformation
    structure: tuple[tuple[str, Any], ...]
    names: tuple[str, ...]
    clips: tuple[str, ...] = ()

    def transformation(self, values: Mapping[str, Any]) -> optax.GradientTransformationExtraArgs:
        """Build the transformation with these numbers, which may be traced.

        Besides gradients, state and parameters, its `update` takes optax's extra arguments
        ``value``, ``grad`` and ``value_fn``, a `BatchLoss`; see `as_extra_args`. `grad` is the
        gradient of `value_fn`, before clipping and without the layers' `grad_scale`. Rules
        without extra arguments never receive them.
        """
        rule = self.factory
        if not is_transformation(rule):
            hyperparams = {name: value for name, value in values.items() if name not in self.clips}
            rule = rule(**dict(self.structure), **hyperparams)
        clips = {name: values[name] for name in self.clips}
        return _with_clipping(with_raw_keys(as_extra_args(rule)), clips)

    def check(self, params: Any, values: Mapping[str, Any]) -> str | None:
        """Check on shapes that the rule can update parameters; see `check_transformation`."""

        def outputs(params: Any) -> jax.Array:
            return jax.numpy.concatenate([one.ravel() for one in jax.tree.leaves(params)])[None]

        loss = BatchLoss(outputs, lambda out, params: jax.numpy.square(out).sum())
        return check_transformation(self.transformation(values), params, loss)

    def check_schedules(
        self, values: Mapping[str, Any], numbers: Mapping[str, np.ndarray], start: int
    ) -> None:
        """Check the numbers that schedules have returned.

        Parameters
        ----------
        values : mapping of str to float or schedule
        numbers : mapping of str to array of shape (steps,)
            As from `values_at`.
        start : int
            Number of steps before the first of them.

        Raises
        ------
        InvalidParameterError
            If a schedule has returned an invalid number.
        """
        schedules = [name for name, value in values.items() if callable(value)]
        parameters = _parameters_of(self.factory) if schedules else {}
        problems = Problems()
        for name in schedules:
            own, given = numbers[name], parameters.get(name)
            check = above_zero if name in self.clips else number_check(name, given)
            ends = (int(own.argmin()), int(own.argmax())) if own.size else ()
            for step in dict.fromkeys(ends):
                if valid := check(own[step]):
                    where = f" at step {start + step}"
                    problems.add_parameter(f"update_{name}", valid, float(own[step]), where)
                    break
        problems.raise_any()


@dataclass(frozen=True, eq=False)
class BatchLoss:
    """The loss of a batch as a function of the parameters, with fixed random numbers.

    Parameters
    ----------
    outputs : callable
        From parameters to the outputs of the network, or to the inputs of the last nonlinearity if
        the loss has a form on logits.
    of_outputs : callable
        From outputs and parameters to the loss, penalties included.
    """

    outputs: Callable[[Any], jax.Array]
    of_outputs: Callable[[jax.Array, Any], jax.Array]

    def __call__(self, params: Any) -> jax.Array:
        """Compute the loss."""
        return self.of_outputs(self.outputs(params), params)


def _with_clipping(
    rule: optax.GradientTransformationExtraArgs, clips: Mapping[str, Any]
) -> optax.GradientTransformationExtraArgs:
    """Return the rule with clipped gradients, under standard dtype promotion.

    optax raises traced rates to the power of int32 counts, which strict promotion forbids.
    """

    def init(params: optax.Params) -> optax.OptState:
        with jax.numpy_dtype_promotion("standard"):
            return jax.tree.map(_strongly_typed, rule.init(params))

    def update(
        grads: optax.Updates,
        state: optax.OptState,
        params: optax.Params | None = None,
        **extra: Any,
    ) -> tuple[optax.Updates, optax.OptState]:
        with jax.numpy_dtype_promotion("standard"):
            return rule.update(clipped(grads, **clips), state, params, **extra)

    return optax.GradientTransformationExtraArgs(init, update)


def _strongly_typed(value: Any) -> Any:
    """Return the value without a weak type, which would make the second step compile again.

    The line search of optax's lbfgs starts from weakly typed numbers.
    """
    weak = getattr(value, "weak_type", False)
    return jax.lax.convert_element_type(value, value.dtype) if weak else value


def clipped(grads: optax.Updates, clip_value: Any = None, clip_norm: Any = None) -> optax.Updates:
    """Return the gradients of a step, clipped by value and then by norm.

    Parameters
    ----------
    grads : pytree of arrays
    clip_value : float, optional
        Bound on each absolute value, as in ``optax.clip``.
    clip_norm : float, optional
        Bound on the norm of all gradients together, as in ``optax.clip_by_global_norm``. Lasagne's
        ``total_norm_constraint`` differs only in dividing by the norm plus 1e-7.

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


def resolve_update(
    factory: UpdateFactory | optax.GradientTransformation, given: Mapping[str, Any]
) -> tuple[Update, dict[str, Any]]:
    """Split the keywords given for an update into structure and runtime values.

    Numbers are runtime values, except arguments that are counts by the factory's own default.
    Schedules, functions from the number of steps to a number, are runtime values too. Every factory
    and every finished transformation also takes `clip_value` and `clip_norm`, as `clipped` does.

    Parameters
    ----------
    factory : callable, optax.GradientTransformation, or object with `init` and `update`
    given : mapping of str to object
        The user's ``update_<name>`` keywords, without the prefix.

    Returns
    -------
    update : Update
    values : dict of str to float or callable
        Numbers and schedules by name, including the factory's own default numbers.

    Raises
    ------
    TypeError
        If `factory` is not callable.
    ValueError
        If a required keyword is missing, a runtime value is neither a number nor a schedule, or
        the function takes losses and parameters, as Lasagne's update rules do.

    Examples
    --------
    >>> from skconv.updates import nesterov_momentum
    >>> update, values = resolve_update(nesterov_momentum, {'learning_rate': 0.1, 'clip_norm': 5.0})
    >>> sorted(values.items())
    [('clip_norm', 5.0), ('learning_rate', 0.1), ('momentum', 0.9)]
    """
    factory = without_injection(factory)
    finished = is_transformation(factory)
    if not finished and not callable(factory):
        raise TypeError(
            "update must be an optax transformation or a function that returns one, "
            f"got {factory!r}"
        )
    parameters = _parameters_of(factory)
    _check_form(factory, parameters)
    own_clips = set(CLIPS) - set(parameters)
    clips = _check_clips({name: value for name, value in given.items() if name in own_clips})
    given = {name: value for name, value in given.items() if name not in own_clips}
    if finished and given:
        raise ValueError(
            f"update_{next(iter(given))} cannot be set for an update that is a finished optax "
            "transformation; give its factory instead, such as update=optax.adam"
        )
    _check_required(getattr(factory, "__name__", repr(factory)), parameters, given)
    values = clips | {
        key: p.default
        for key, p in parameters.items()
        if isinstance(p.default, float) and key not in given
    }
    structure = {}
    problems = Problems()
    for key, value in given.items():
        parameter = parameters.get(key)
        runtime = parameter is None or takes_number(parameter)
        runtime = runtime and key not in _SEEDS
        if runtime and (is_number(value) or _is_schedule(value)):
            values[key] = value
            valid = is_number(value) and number_check(key, parameter)(in_float32(value))
        elif runtime and _must_be_number(key, parameter, value):
            valid = number_check(key, parameter)(np.nan)
        else:
            structure[key] = value
            check = structure_check(key, parameter)
            if check and (valid := check(value)):
                problems.add_parameter(f"update_{key}", valid, value)
            continue
        if valid:
            absent = parameter is not None and parameter.default is None
            choices = f"{valid}, a schedule or None" if absent else f"{valid} or a schedule"
            shared = "; write the number, and set it in handlers, as in"
            hint = f"{shared} net.update_{key} = 0.01" if hasattr(value, "get_value") else ""
            problems.add_parameter(f"update_{key}", choices, value, hint)
    problems.raise_any()
    ordered = tuple(sorted(structure.items()))
    return Update(factory, ordered, tuple(sorted(values)), tuple(sorted(clips))), values


def _parameters_of(
    factory: UpdateFactory | optax.GradientTransformation,
) -> Mapping[str, inspect.Parameter]:
    return {} if is_transformation(factory) else signature_of(factory).parameters


def _check_form(factory: Any, parameters: Mapping[str, inspect.Parameter]) -> None:
    """Raise `ValueError` for a function of a loss and parameters, as in Lasagne."""
    first = list(parameters.values())[:2]
    names = [p.name for p in first if p.default is p.empty]
    if len(names) == 2 and (names[0] in _LOSSES or names[1] in _PARAMETERS):
        name = getattr(factory, "__name__", repr(factory))
        others = [str(p) for p in list(parameters.values())[2:] if p.kind not in _ANY]
        raise ValueError(
            "update must be a function of hyperparameters that returns an optax transformation, "
            f"got {name}({', '.join(names)}, ...) in Lasagne's form; write def "
            f"{name}({', '.join(others) or 'learning_rate=0.01'}) and combine rules in it, as in "
            "return apply_momentum(rmsprop(learning_rate), momentum=0.9), or return an "
            "optax.GradientTransformation(init, update) of your own"
        )


def _must_be_number(key: str, parameter: inspect.Parameter | None, value: Any) -> bool:
    """Return whether a value that is neither a number nor a schedule is invalid."""
    if isinstance(value, str):
        return True
    absent = value is None and parameter is not None and parameter.default is None
    return is_certainly_number(key, parameter) and not absent


def _check_clips(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bounds other than None, or raise `ValueError` if one is invalid."""
    problems = Problems()
    for name, value in given.items():
        positive = is_number(value) and value > 0
        if value is not None and not positive and not _is_schedule(value):
            problems.add_parameter(f"update_{name}", "a positive number, a schedule or None", value)
    problems.raise_any()
    return {name: value for name, value in given.items() if value is not None}


def _check_required(
    name: str, parameters: Mapping[str, inspect.Parameter], given: Mapping[str, Any]
) -> None:
    problems = Problems()
    for key, p in parameters.items():
        keyword = p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        if keyword and p.default is p.empty and key not in given:
            problems.add(f"update_{key} must be given for update={name}")
    problems.raise_any()


def update_keywords(factory: Any) -> list[str] | None:
    """Return the keywords of an update's factory, or None if it takes any or is not callable.

    Examples
    --------
    >>> from skconv.updates import nesterov_momentum
    >>> update_keywords(nesterov_momentum)
    ['learning_rate', 'momentum', 'clip_value', 'clip_norm']
    """
    if not callable(factory):
        return None
    parameters = signature_of(factory).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return [*parameters, *(name for name in CLIPS if name not in parameters)]


def _is_schedule(value: Any) -> bool:
    """Return whether a value is a function from the number of steps to a number."""
    if not callable(value) or isinstance(value, type):
        return False
    try:
        first = value(0)
        return not isinstance(first, bool | np.bool_) and is_number(np.asarray(first, dtype=float))
    except (TypeError, ValueError, AttributeError):
        return False


def values_at(values: Mapping[str, Any], start: int, steps: int) -> dict[str, np.ndarray]:
    """Return the numbers for each of the next steps.

    Parameters
    ----------
    values : mapping of str to float or schedule
    start : int
        Number of steps already taken.
    steps : int

    Returns
    -------
    dict of str to float32 array of shape (steps,)
        Always float32 and never weakly typed, so that nothing is compiled again.

    Examples
    --------
    >>> values_at({'learning_rate': lambda step: 1.0 / (1 + step)}, 1, 2)
    {'learning_rate': array([0.5       , 0.33333334], dtype=float32)}
    """
    return {name: _values_of(value, start, steps) for name, value in values.items()}


def _values_of(value: Any, start: int, steps: int) -> np.ndarray:
    if not callable(value):
        return np.full(steps, value, np.float32)
    return np.asarray([value(step) for step in range(start, start + steps)], np.float32)

"""optax transformations of any kind, in the form in which the training step calls them."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from typing import Any

import jax
import optax

from ..utils.signatures import signature_of

SCHEDULE_FREE = (
    "update: predictions use the weights at which optax's schedule_free takes gradients, not "
    "those of optax.contrib.schedule_free_eval_params; the handler ExponentialMovingAverage "
    "averages the weights of any update"
)


def is_transformation(value: Any) -> bool:
    """Return whether a value is an optax transformation: an object with `init` and `update`.

    Besides `optax.GradientTransformation`, this holds for wrappers such as `optax.MultiSteps`.

    Examples
    --------
    >>> is_transformation(optax.sgd(0.1)), is_transformation(optax.MultiSteps(optax.sgd(0.1), 2))
    (True, True)
    >>> is_transformation(optax.sgd), is_transformation(optax.MultiSteps)
    (False, False)
    """
    methods = (getattr(value, name, None) for name in ("init", "update"))
    return not isinstance(value, type) and all(map(callable, methods))


def as_extra_args(rule: Any) -> optax.GradientTransformationExtraArgs:
    """Return a transformation whose `update` takes any of optax's extra arguments.

    It passes on those that the rule's own `update` takes, and ``grad_fn``, the gradient of
    ``value_fn`` as a function of the parameters, to rules that name it, such as
    `optax.contrib.sam`.

    Parameters
    ----------
    rule : object with `init` and `update`

    Returns
    -------
    optax.GradientTransformationExtraArgs
    """
    if type(rule) is optax.GradientTransformation:  # others may take extra arguments
        return optax.with_extra_args_support(rule)
    taken = signature_of(rule.update).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in taken.values())

    def update(
        grads: optax.Updates,
        state: optax.OptState,
        params: optax.Params | None = None,
        **extra: Any,
    ) -> tuple[optax.Updates, optax.OptState]:
        if "value_fn" in extra and "grad_fn" in taken:
            extra["grad_fn"] = lambda params, *_: jax.grad(extra["value_fn"])(params)
        chosen = {name: value for name, value in extra.items() if takes_any or name in taken}
        return rule.update(grads, state, params, **chosen)

    return optax.GradientTransformationExtraArgs(rule.init, update)


def with_raw_keys(rule: optax.GradientTransformationExtraArgs) -> Any:
    """Return a transformation whose state holds random keys as plain arrays.

    Typed keys, as `optax.noisy_sgd` keeps them, cannot become NumPy arrays, and so can neither be
    written to a file nor be stacked.
    """

    def init(params: optax.Params) -> optax.OptState:
        return jax.tree.map(_raw, rule.init(params))

    def update(
        grads: optax.Updates, state: optax.OptState, params: optax.Params, **extra: Any
    ) -> tuple[optax.Updates, optax.OptState]:
        leaves, structure = jax.tree.flatten(state)
        kinds = _kinds_of_keys(lambda: rule.init(params))
        if any(kinds):
            pairs = zip(leaves, kinds, strict=True)
            typed = [jax.random.wrap_key_data(x, impl=kind) if kind else x for x, kind in pairs]
            state = jax.tree.unflatten(structure, typed)
        changes, after = rule.update(grads, state, params, **extra)
        return changes, jax.tree.map(_raw, after)

    return optax.GradientTransformationExtraArgs(init, update)


def _is_key(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)
    return dtype is not None and jax.dtypes.issubdtype(dtype, jax.dtypes.prng_key)


def _raw(leaf: Any) -> Any:
    return jax.random.key_data(leaf) if _is_key(leaf) else leaf


def _kinds_of_keys(make: Callable[[], Any]) -> list[Any]:
    """Return the implementation of each leaf of a tree that is a key, and None for the others."""
    kinds: list[Any] = []

    def trace() -> None:
        for leaf in jax.tree.leaves(make()):
            kinds.append(jax.random.key_impl(leaf) if _is_key(leaf) else None)

    jax.eval_shape(trace)
    return kinds


def without_injection(factory: Any) -> Any:
    """Return the factory inside ``optax.inject_hyperparams(factory)``, or any other unchanged.

    optax keeps injected hyperparameters in the state, where the net's own, which change from step
    to step, would not arrive.

    Examples
    --------
    >>> without_injection(optax.inject_hyperparams(optax.adam)) is optax.adam
    True
    """
    module = getattr(factory, "__globals__", {}).get("__name__", "")
    injected = module.startswith("optax") and module.endswith("._inject")
    return inspect.unwrap(factory) if injected else factory


def check_transformation(
    rule: optax.GradientTransformationExtraArgs, params: Any, value_fn: Callable[[Any], jax.Array]
) -> str | None:
    """Check on shapes that a transformation can update parameters, before anything is compiled.

    Parameters
    ----------
    rule : optax.GradientTransformationExtraArgs
    params : dict of dict of array
    value_fn : callable
        Any loss as a function of the parameters.

    Returns
    -------
    str or None
        A warning, if the rule works, but not as it is meant to.

    Raises
    ------
    ValueError
        If the rule fails, or returns updates or a state of another shape.
    """

    def step(params: Any) -> tuple[Any, Any, Any]:
        state = rule.init(params)
        value, grads = jax.value_and_grad(value_fn)(params)
        changes, after = rule.update(
            grads, state, params, value=value, grad=grads, value_fn=value_fn
        )
        return optax.apply_updates(params, changes), state, after

    try:
        new, before, after = jax.eval_shape(step, params)
    except Exception as error:
        raise ValueError(
            "update must be an optax transformation of a dict of dicts of arrays, by layer and "
            f"parameter, but {_where(error)} failed with {type(error).__name__}: {error}"
        ) from error
    for what, old, changed in (("weights", params, new), ("state", before, after)):
        if _shapes(old) != _shapes(changed):
            raise ValueError(f"update must keep the shapes and dtypes of its {what}")
    return SCHEDULE_FREE if _holds(before, optax.contrib.ScheduleFreeState) else None


def _shapes(tree: Any) -> tuple[list[Any], Any]:
    leaves, structure = jax.tree.flatten(tree)
    return [(leaf.shape, leaf.dtype) for leaf in leaves], structure


def _holds(state: Any, kind: type) -> bool:
    nodes = jax.tree.leaves(state, is_leaf=lambda node: isinstance(node, kind))
    return any(isinstance(node, kind) for node in nodes)


def _where(error: Exception) -> str:
    """Return the name of the function of optax that raised an error, or 'it'."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        name = frame.f_code.co_qualname.partition(".")[0]
        if frame.f_globals.get("__name__", "").startswith("optax.") and not name.startswith("_"):
            return f"optax's {name}"
    return "it"

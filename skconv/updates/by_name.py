"""Update rules by name."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import optax

from . import rules
from .hessian_free import hessian_free
from .update_rule import UpdateFactory


@functools.cache
def named_updates() -> dict[str, UpdateFactory]:
    """Return all update rules by name: those of `skconv.updates`, and the others of optax.

    Examples
    --------
    >>> named_updates()['novograd'] is optax.novograd
    True
    """
    found = {name: getattr(rules, name) for name in rules.__all__}
    found["hessian_free"] = hessian_free
    for name, value in vars(optax).items():
        if name not in found and _is_factory(name, value):
            found[name] = value
    return found


def _is_factory(name: str, value: Any) -> bool:
    """Return whether an attribute of optax is a function from a learning rate to an update rule."""
    if name.startswith(("_", "scale_by")) or isinstance(value, type) or not callable(value):
        return False
    try:
        return "learning_rate" in inspect.signature(value).parameters
    except ValueError:  # functions written in C may lack a signature
        return False


def rules_with(keyword: str) -> list[str]:
    """Return the names of the rules of `skconv.updates` that have a hyperparameter.

    Examples
    --------
    >>> rules_with('momentum')
    ['momentum', 'nesterov_momentum']
    """
    factories = {name: getattr(rules, name) for name in rules.__all__}
    return [
        name for name, rule in factories.items() if keyword in inspect.signature(rule).parameters
    ]


def named_update(value: Any) -> Any:
    """Return the update rule of a name; other values, and unknown names, are returned unchanged.

    ``'optax.adam'`` is optax's rule where both have one of that name.

    Examples
    --------
    >>> named_update('adam') is rules.adam, named_update('adamm')
    (True, 'adamm')
    """
    if not isinstance(value, str):
        return value
    library, _, name = value.rpartition(".")
    if library == "optax" and _is_factory(name, getattr(optax, name, None)):
        return getattr(optax, name)
    return named_updates().get(value, value)

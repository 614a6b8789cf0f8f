"""Prepare a fit: what it shares with others, then its weights and numbers."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

from ..augment.pipeline import check_test_augment
from ..data.fit_arguments import FitArguments
from ..data.inputs import RowSubset
from ..network.graph import Variables
from ..ops.mesh import put_weights
from ..training.events import EVENTS
from ..training.plan import Plan
from ..training.prepared_fit import PreparedFit
from ..training.programs import TrainPrograms
from ..utils.cache_keys import HashedTuple, structural_key
from ..utils.checks import is_integer
from ..utils.forks import check_fork
from ..utils.memo import Memo
from .blueprint import Blueprint, ConfiguredNet, make_blueprint
from .fit_group import FitGroup, prepare_group
from .initial_model import Continuation
from .live_values import LiveValues
from .overrides import check_overrides
from .plan import asked_by_handlers
from .validation import check_settings


def prepare(
    net: ConfiguredNet,
    arguments: FitArguments,
    continuation: Continuation | None,
    memo: Memo,
) -> PreparedFit:
    """Prepare a fit: check its arguments and parameters, without modifying the net.

    Parameters
    ----------
    net : NeuralNet
        Not modified.
    arguments : FitArguments
    continuation : Continuation or None
        What training continues from; None to start afresh.
    memo : Memo
        Results that fits on the same data share.

    Returns
    -------
    PreparedFit

    Raises
    ------
    ValueError
        With all problems of data and parameters in one message.
    RuntimeError
        In a process that was forked after JAX had been used.
    """
    check_fork()
    params = net._settings()
    given = {} if arguments.epochs is None else {"epochs": arguments.epochs}
    problems = check_settings(params | given)
    check_overrides(net, problems)
    if params["test_augment"] is not None:
        with problems.collect():
            check_test_augment(params["test_augment"])
    make = partial(prepare_group, net, params, arguments, continuation, memo, problems)
    alone = not memo.shares or problems.found or continuation is not None
    key = None if alone else _group_key(net, params, arguments)
    group = make() if key is None else memo.get(key, _objects(params, arguments), make)
    group, blueprint = _with_own_numbers(net, params, group, make)

    plan, programs, model = group.plan, group.programs, copy.copy(group.model)
    values = LiveValues(net, model.network, group.frozen)
    values.renew(params, blueprint)
    first = values(model.step, 1).update
    rates = {name: numbers[0] for name, numbers in first.items()}
    _check_update(plan, programs, model.params, rates)
    model.carry = put_weights(model.carry, plan.mesh)
    model.start(plan.update, lambda weights: programs.start(weights, rates))
    return PreparedFit(
        group.features, model, group.outputs, group.train, group.valid, values, programs
    )


def _group_key(
    net: ConfiguredNet, params: Mapping[str, Any], arguments: FitArguments
) -> Hashable | None:
    """Return a key that is equal for fits of one group; None if nothing is shared.

    Numbers of the update and the objective are not part of it, nor are handlers, which training
    changes, but for what they ask the programs for. Nets that draw another seed in each fit share
    nothing.
    """
    if not is_integer(params["random_state"]):
        return None
    own = {
        name: value
        for name, value in params.items()
        if not (name.startswith(("update_", "objective_")) and isinstance(value, float))
        and name not in (*EVENTS, "pretrained")
    }
    structure = own, asked_by_handlers(params), arguments.whole, arguments.batch_size
    try:
        return HashedTuple(("group", type(net), structural_key(structure)))
    except RecursionError:  # a parameter that refers to itself
        return None


def _objects(params: Mapping[str, Any], arguments: FitArguments) -> list[Any]:
    """Return what fits of one group share as the same objects."""
    X, valid = arguments.X, arguments.valid or ()
    rows = [X.X, X.index] if isinstance(X, RowSubset) else [X]
    given = arguments.y, arguments.sample_weight, arguments.classes, arguments.groups
    return [*rows, *given, *valid, params["pretrained"]]


def _with_own_numbers(
    net: ConfiguredNet, params: dict[str, Any], group: FitGroup, make: Callable[[], FitGroup]
) -> tuple[FitGroup, Blueprint]:
    """Return the group of a fit and its own blueprint."""
    if group.params is params:
        return group, group.blueprint
    blueprint = make_blueprint(params, net._own(), group.row)
    if group.fits(blueprint):
        return group, blueprint
    group = make()  # a float that programs hold
    return group, group.blueprint


def _check_update(
    plan: Plan, programs: TrainPrograms, params: Variables, rates: Mapping[str, Any]
) -> None:
    """Check the update rule on the shapes of the parameters, once for each program."""
    if not programs.checked_update:
        programs.update_warning = plan.update.check(params, rates)
        programs.checked_update = True
    if programs.update_warning is not None:
        warnings.warn(programs.update_warning, UserWarning, stacklevel=2)

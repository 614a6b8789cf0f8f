"""The plan of a net: everything that decides which programs are compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..augment.unset_fields import with_ignored_outside
from ..errors import Problems
from ..handlers.base import with_statistics
from ..network.graph import Network
from ..network.recomputation import find_blocks
from ..ops.device_choice import mesh_for
from ..targets.outputs import Outputs
from ..training.events import EVENTS
from ..training.plan import Plan, Scores
from ..utils.checks import as_list
from .blueprint import Blueprint
from .scores import SCORES, score_entries


def make_plan(
    blueprint: Blueprint,
    network: Network,
    outputs: Outputs,
    params: Mapping[str, Any],
    *,
    weighted: bool = False,
) -> Plan:
    """Collect everything that decides which programs are compiled.

    Parameters
    ----------
    blueprint : Blueprint
    network : Network
    outputs : Outputs
    params : mapping of str to object
    weighted : bool
        Whether targets have weights of their own.
    """
    triples = zip(blueprint.losses, outputs.targets, blueprint.losses_given, strict=True)
    augment = blueprint.transforms()
    lists = {name: as_list(params[name]) for name in SCORES}
    measures, statistics = asked_by_handlers(params)
    plan = Plan(
        network=network,
        objective=blueprint.objective,
        objective_structure=blueprint.objective_given.structure,
        loss_functions=tuple(
            given.bound_to(loss or target.loss) for loss, target, given in triples
        ),
        accuracies=tuple(target.accuracy for target in outputs.targets),
        views=outputs.views,
        update=blueprint.update,
        augment=tuple(map(with_ignored_outside, augment)) if any(outputs.holes) else augment,
        scores_train=tuple(map(tuple, lists["scores_train"])),
        scores_valid=tuple(map(tuple, lists["scores_valid"])),
        measures=measures,
        statistics=statistics,
        holes=outputs.holes,
        weighted=weighted,
        mesh=mesh_for(params["devices"], shard_params=params["shard_params"]),
        accumulate_steps=params["accumulate_steps"],
        blocks=find_blocks(network.nodes, params["remat"]),
    )
    problems = Problems()
    taken = [*plan.columns, *dict(plan.measures)]
    for argument in SCORES:
        for name in (entry.name for entry in score_entries(params[argument])):
            if name in taken:
                problems.add(
                    f"{argument} must have names that the history does not use, got {name!r}"
                )
            taken.append(name)
    problems.raise_any()
    return plan


def asked_by_handlers(params: Mapping[str, Any]) -> tuple[Scores, tuple[Any, ...]]:
    """Return what handlers ask the programs for, without duplicates.

    Parameters
    ----------
    params : mapping of str to object

    Returns
    -------
    measures : tuple of (str, callable)
        Of the gradients.
    statistics : tuple of (callable, callable)
        Of the weights.
    """
    handlers = [handler for name in EVENTS for handler in as_list(params[name])]
    measures = dict(pair for h in handlers for pair in getattr(h, "measures", ()))
    watching = with_statistics(as_list(params["on_batch_finished"]))
    return tuple(measures.items()), tuple(handler.statistic for handler in watching)

"""Update rules and losses that parameters of a net give by name."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from .. import objectives
from ..targets.by_output import output_names, regression_by_output
from ..updates.by_name import named_update
from ..utils.loss_contracts import contract_of

LOSSES: dict[str, Any] = {
    **{
        name: getattr(objectives, name)
        for name in objectives.__all__
        if contract_of(getattr(objectives, name)) is not None
    },
    **dict.fromkeys(("mse", "mean_squared_error"), objectives.squared_error),
    **dict.fromkeys(("mae", "mean_absolute_error"), objectives.absolute_error),
    "huber": objectives.huber_loss,
    **dict.fromkeys(("pinball", "quantile"), objectives.pinball_loss),
    "gaussian_nll_loss": objectives.gaussian_nll,
    "cox": objectives.cox_loss,
    **dict.fromkeys(("poisson", "poisson_nll_loss"), objectives.poisson_deviance),
    "sparse_categorical_crossentropy": objectives.categorical_crossentropy,
    **dict.fromkeys(("bce", "binary_cross_entropy"), objectives.binary_crossentropy),
}
"""Losses by name: those of `skconv.objectives`, and names that scikit-learn and Keras use."""

CROSSENTROPY = ("log_loss", "crossentropy", "cross_entropy")
"""Names of the default loss for labels, which depends on their kind."""

LOSS_NAMES = (*LOSSES, *CROSSENTROPY)


def resolve_names(params: dict[str, Any]) -> dict[str, Any]:
    """Replace the names of update rules and losses by what they name.

    Equal parameters give identical values, and unknown names stay, to be reported.

    Parameters
    ----------
    params : dict of str to object
        All parameters of a net.

    Examples
    --------
    >>> given = {'update': 'adam', 'objective_loss_function': 'mse'}
    >>> resolved = resolve_names(given | {'outputs': None, 'regression': True})
    >>> resolved['objective_loss_function'].__name__
    'squared_error'
    """
    loss, outputs = params["objective_loss_function"], params["outputs"]
    changes = {"update": named_update(params["update"])}
    given = loss.values() if isinstance(loss, Mapping) else loss
    given = [given] if isinstance(given, str) or not _is_several(loss) else given
    if any(isinstance(one, str) for one in given):
        numbers = regression_by_output(params["regression"], outputs)
        items = tuple(loss.items()) if isinstance(loss, Mapping) else _frozen(loss)
        arguments = items, isinstance(loss, Mapping), output_names(outputs), numbers
        try:
            changes["objective_loss_function"] = _losses(*arguments)
        except TypeError:  # functions that cannot be hashed
            changes["objective_loss_function"] = _losses.__wrapped__(*arguments)
    return params | changes


def _is_several(loss: Any) -> bool:
    return isinstance(loss, Mapping | list | tuple)


def _frozen(loss: Any) -> Any:
    return tuple(loss) if isinstance(loss, list) else loss


@functools.lru_cache(maxsize=64)
def _losses(given: Any, by_name: bool, names: Sequence[str | None], numbers: Sequence[bool]) -> Any:
    """Return the losses for their names; cached, so that the result is always the same object."""
    if by_name:
        of_numbers = dict(zip(names, numbers, strict=True))
        return {name: _loss(loss, of_numbers.get(name, False)) for name, loss in given}
    if isinstance(given, tuple):
        wanted = (*numbers, *(False,) * len(given))
        return tuple(_loss(loss, number) for loss, number in zip(given, wanted, strict=False))
    return _loss(given, any(numbers))


def _loss(name: Any, numbers: bool) -> Any:
    """Return the loss of a name for an output that predicts numbers or labels."""
    if not isinstance(name, str):
        return name
    return None if name in CROSSENTROPY and not numbers else LOSSES.get(name, name)

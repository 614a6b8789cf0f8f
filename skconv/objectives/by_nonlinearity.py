"""Which nonlinearity a loss goes with, and its numerically stable form on logits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import jax

from ..nonlinearities import exponential, linear, sigmoid, softmax
from ..utils.loss_contracts import OF_OPTAX, contract_of


class LossFunction(Protocol):
    """A function ``(predictions, targets) -> losses``, one loss per row or per element."""

    def __call__(self, predictions: jax.Array, targets: jax.Array, /) -> jax.Array:
        """Return the losses."""
        ...


_LOGITS_FORMS: dict[tuple[Any, Any], LossFunction] = {
    (loss, softmax if contract.predictions == "scores" else sigmoid): loss
    for loss, contract in OF_OPTAX.items()
    if contract.predictions in ("scores", "log odds")
}
"""Forms of losses on logits; those of optax have no other."""


def on_logits(
    loss_function: LossFunction, nonlinearity: Any
) -> Callable[[LossFunction], LossFunction]:
    """Return a decorator that registers the form of a loss on logits, for `from_logits`."""

    def register(form: LossFunction) -> LossFunction:
        _LOGITS_FORMS[loss_function, nonlinearity] = form
        return form

    return register


def from_logits(loss_function: LossFunction, nonlinearity: Any) -> LossFunction | None:
    """Return the form of a loss that takes the inputs of the output nonlinearity.

    Parameters
    ----------
    loss_function, nonlinearity : callable

    Returns
    -------
    callable or None
        ``loss(logits, targets)``, equal to ``loss_function(nonlinearity(logits), targets)`` but
        exact where that overflows, with the same further arguments. None if the pair has no such
        form.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from skconv.objectives import categorical_crossentropy
    >>> loss = from_logits(categorical_crossentropy, softmax)
    >>> loss(jnp.array([[1000.0, 0.0]]), jnp.array([1])).tolist()
    [1000.0]
    """
    if isinstance(loss_function, partial):
        form = from_logits(loss_function.func, nonlinearity)
        return form and partial(form, *loss_function.args, **loss_function.keywords)
    return _LOGITS_FORMS.get((loss_function, nonlinearity))


def takes_logits(loss_function: LossFunction, nonlinearity: Any) -> bool:
    """Return whether a loss applies the nonlinearity itself, as those of optax do.

    Examples
    --------
    >>> import optax
    >>> takes_logits(optax.sigmoid_binary_cross_entropy, sigmoid)
    True
    """
    while isinstance(loss_function, partial):
        loss_function = loss_function.func
    return _LOGITS_FORMS.get((loss_function, nonlinearity)) is loss_function


NONLINEARITIES: dict[str, Any] = {
    "distribution": softmax,
    "probabilities": sigmoid,
    "scores": linear,
    "log odds": linear,
    "rates": exponential,
    "parameters": linear,
}
"""Nonlinearity of an output by the kind of its predictions."""


def default_nonlinearity(loss_function: LossFunction, usual: Any) -> Any:
    """Return the nonlinearity of an output whose predictions a loss takes.

    Parameters
    ----------
    loss_function : callable
    usual : callable
        The nonlinearity that follows from the targets, for losses that do not demand another.

    Examples
    --------
    >>> from skconv.objectives import multiclass_hinge_loss
    >>> default_nonlinearity(multiclass_hinge_loss, softmax) is linear
    True
    """
    contract = contract_of(loss_function)
    if contract is None or takes_logits(loss_function, usual):
        return usual
    return NONLINEARITIES.get(contract.predictions, usual)

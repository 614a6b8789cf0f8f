"""What each known loss takes: the kind of its predictions and of its targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Literal, NamedTuple, TypeVar

import optax

from .output_forms import OutputForm
from .signatures import signature_of

F = TypeVar("F", bound=Callable[..., Any])


class LossContract(NamedTuple):
    """What a loss takes.

    Parameters
    ----------
    predictions : str
        ``'distribution'`` of classes along the last axis; ``'probabilities'`` that are independent;
        ``'scores'`` of classes, of which the highest counts; ``'log odds'``, of which the sign
        counts; ``'numbers'`` in the units of the targets; ``'rates'``, which are positive numbers
        in these units; or ``'parameters'`` of a model, which take both signs.
    targets : str
        ``'values'``, one for each prediction; class ``'indices'`` of shape (n,); ``'rows'`` of
        class probabilities of shape (n, k); ``'classes'``, either of the two; or ``'survival'``,
        times and events of shape (n, 2).
    low, high : float
        Bounds of targets that are values.
    binary : bool
        Whether these bounds are the only valid targets.
    form : OutputForm, optional
        How the output is read if it has several units for each value.
    """

    predictions: Literal[
        "distribution", "probabilities", "scores", "log odds", "numbers", "rates", "parameters"
    ]
    targets: Literal["values", "indices", "rows", "classes", "survival"]
    low: float = -math.inf
    high: float = math.inf
    binary: bool = False
    form: OutputForm | None = None


Declared = LossContract | Callable[..., LossContract]
"""A contract, or a function that returns it for the keywords of the loss."""


def takes(contract: Declared) -> Callable[[F], F]:
    """Return a decorator that declares the contract of a loss."""

    def declare(loss: F) -> F:
        vars(loss)["__skconv_contract__"] = contract
        return loss

    return declare


OF_OPTAX: dict[Any, LossContract] = {
    optax.softmax_cross_entropy_with_integer_labels: LossContract("scores", "indices"),
    optax.softmax_cross_entropy: LossContract("scores", "rows"),
    optax.safe_softmax_cross_entropy: LossContract("scores", "rows"),
    optax.losses.poly_loss_cross_entropy: LossContract("scores", "rows"),
    optax.sigmoid_binary_cross_entropy: LossContract("log odds", "values", 0, 1),
    optax.sigmoid_focal_loss: LossContract("log odds", "values", 0, 1),
    optax.hinge_loss: LossContract("log odds", "values", -1, 1, binary=True),
    optax.squared_error: LossContract("numbers", "values"),
    optax.l2_loss: LossContract("numbers", "values"),
    optax.huber_loss: LossContract("numbers", "values"),
    optax.log_cosh: LossContract("numbers", "values"),
}
"""Contracts of the losses of optax."""


def contract_of(loss: Any) -> LossContract | None:
    """Return what a loss of skconv or optax takes; None for any other loss.

    Parameters
    ----------
    loss : callable
        A partial function has the contract that follows from its keywords.

    Examples
    --------
    >>> contract_of(partial(optax.huber_loss, delta=2.0)).predictions
    'numbers'
    """
    keywords: dict[str, Any] = {}
    while isinstance(loss, partial):
        keywords = {**loss.keywords, **keywords}
        loss = loss.func
    if isinstance(loss, Hashable) and loss in OF_OPTAX:
        return OF_OPTAX[loss]
    declared = getattr(loss, "__skconv_contract__", None)
    return declared(**keywords) if callable(declared) else declared


class LossInfo(NamedTuple):
    """What is known of the loss of an output before its targets are.

    Parameters
    ----------
    name : str
        For messages; empty for the default loss.
    contract : LossContract or None
        None for the default loss and for one of the user's own.
    own : bool
        Whether the loss or the objective is the user's own, so that outputs may have any width.
    """

    name: str = ""
    contract: LossContract | None = None
    own: bool = False

    @property
    def needs_numbers(self) -> bool:
        """Whether the output cannot predict labels."""
        contract = self.contract
        return contract is not None and (
            contract.form is not None or contract.predictions == "rates" or self.takes_survival
        )

    @property
    def fixes_units(self) -> bool:
        """Whether targets in other units than those of y mean something else, or nothing."""
        contract = self.contract
        return contract is not None and (self.takes_survival or math.isfinite(contract.low))

    @property
    def takes_survival(self) -> bool:
        """Whether targets are times and events."""
        return self.contract is not None and self.contract.targets == "survival"


DEFAULT_LOSS = LossInfo()

WEIGHTS = "weights"
"""Parameter of a loss that looks at all rows of a batch: the weight of each."""


def takes_weights(loss: Any) -> bool:
    """Return whether a loss takes the weights of the rows of a batch.

    Examples
    --------
    >>> def loss(predictions, targets, weights): ...
    >>> takes_weights(loss), takes_weights(optax.huber_loss)
    (True, False)
    """
    try:
        return WEIGHTS in list(signature_of(loss).parameters)[2:]
    except (TypeError, ValueError):  # functions in C may lack a signature
        return False

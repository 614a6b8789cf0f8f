"""Check that the outputs of a network, the losses and the targets suit each other."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import Problems, describe_layer
from ..network.graph import Network
from ..network.head import Head
from ..network.node import Node
from ..nonlinearities import OutputRange, linear, output_range, softmax
from ..objectives.by_nonlinearity import NONLINEARITIES, from_logits, takes_logits
from ..targets.by_output import as_tuple
from ..targets.classes import Classes
from ..targets.distributions import OneHot, SoftClasses
from ..targets.holes import is_known
from ..targets.labels import Labels
from ..targets.numbers import Numbers
from ..targets.outputs import Outputs
from ..targets.ragged_array import RaggedArray, array_parts, flat_values
from ..targets.target import Target
from ..utils.checks import function_name
from ..utils.fields import UNSET
from ..utils.loss_contracts import LossContract, contract_of

_KINDS_OF_CLASSES = {"rows": "rows of probabilities", "indices": "class indices"}

SLACK = 1e-3
"""Tolerance for sums of probabilities and for bounds of targets."""


def one_hot_as_classes(outputs: Outputs, network: Network, y: Any) -> Outputs:
    """Return the targets, in which one-hot labels of a softmax are classes.

    Parameters
    ----------
    outputs : Outputs
    network : Network
    y : array of shape (n, ...), or tuple of arrays
        Encoded targets.
    """
    heads = [head for head in network.heads if head.predicted]

    def exclusive(target: Target, head: Head, own: np.ndarray) -> Target:
        is_softmax = isinstance(target, Labels) and network.nonlinearity(head) is softmax
        if is_softmax and _sum_to_one(own):
            return OneHot(target.num_units, ignored=target.ignored)
        return target

    return replace(
        outputs,
        targets=tuple(map(exclusive, outputs.targets, heads, as_tuple(y))),
    )


def with_scores(outputs: Outputs, network: Network) -> Outputs:
    """Return the targets of a network, marked as scores where an output has no probabilities."""
    heads = [head for head in network.heads if head.predicted]
    pairs = zip(outputs.targets, heads, strict=True)
    return replace(outputs, targets=tuple(_with_scores(*pair, network) for pair in pairs))


def _with_scores(target: Target, head: Head, network: Network) -> Target:
    if isinstance(target, Numbers):
        return target
    nonlinearity = network.nonlinearity(head)
    values = None if nonlinearity is target.nonlinearity else output_range(nonlinearity)
    exclusive = isinstance(target, Classes) and not target.single
    scores = values is not None and not (values.sums_to_one if exclusive else values.is_probability)
    return target.with_scores(scores)


def check_outputs(
    network: Network, losses: Sequence[Callable[..., Any]], outputs: Outputs, y: Any
) -> None:
    """Check each output of a network against its loss and its targets.

    Losses of the user's own may take any output.

    Parameters
    ----------
    network : Network
    losses : sequence of callable
        Loss function of each target.
    outputs : Outputs
    y : array of shape (n, ...), or tuple of arrays
        Encoded targets.

    Raises
    ------
    ValueError
        With all pairs that do not suit each other.

    Warns
    -----
    UserWarning
        If the nonlinearity of an output cannot reach some of the numbers in y.
    """
    problems = Problems()
    for head in network.heads:
        node, nonlinearity = network.node(head.name), network.nonlinearity(head)
        loss, target = losses[head.target], outputs.targets[head.target]
        own = as_tuple(y)[head.target]
        units_last = outputs.views[head.target] is not None
        on_logits = takes_logits(loss, nonlinearity) and network.has_logits(
            head, units_last=units_last
        )
        check = _OutputCheck(node, head, nonlinearity, loss, target, own, on_logits)
        for message in check.problems():
            problems.add(message)
    problems.raise_any()


@dataclass(frozen=True, eq=False)
class _OutputCheck:
    """One output with its loss and its targets.

    Parameters
    ----------
    node : Node
    head : Head
    nonlinearity : callable
    loss : callable
    target : Target
    y : array of shape (n, ...), or RaggedArray
    on_logits : bool
        Whether the loss applies the nonlinearity itself.
    """

    node: Node
    head: Head
    nonlinearity: Any
    loss: Any
    target: Target
    y: Any
    on_logits: bool

    def problems(self) -> Iterator[str]:
        """Yield a message for each mismatch; of the targets first, then of the predictions."""
        contract = contract_of(self.loss)
        for mismatch in self.misplaced_softmax():
            yield mismatch
            return
        if contract is not None:
            for mismatch in self.misfit_of_targets(contract):
                yield mismatch
                return
        usual = self.loss is self.target.loss and self.nonlinearity is self.target.nonlinearity
        values = None if usual else output_range(self.nonlinearity)
        if values is None:
            return
        if values.sums_to_one and self.units == 1:
            yield (
                f"{self.layer}: nonlinearity must not be {self.got} for a single unit, where it "
                f"is always 1; {self.remedy(self.target.nonlinearity)}"
            )
        elif contract is not None:
            yield from self.misfit_of_predictions(contract, values)

    @property
    def layer(self) -> str:
        return describe_layer(self.node.name, self.node.layer)

    @property
    def units(self) -> int:
        """Number of units of the output at each position."""
        return self.node.output_shape[self.head.unit_axis]

    @property
    def units_field(self) -> str:
        """Name of the field that sets the number of units."""
        return "num_filters" if hasattr(self.node.layer, "num_filters") else "num_units"

    def misplaced_softmax(self) -> Iterator[str]:
        """Yield a message if the layer's own softmax is not over the classes of positions."""
        before = self.head.ending or self.head.settled
        own = isinstance(self.target, Classes) and self.target.positions and not before
        if not own or (self.node.layer.layout == "channels_last") == (self.head.unit_axis == 1):
            return
        values = output_range(self.nonlinearity)
        if values is not None and values.sums_to_one:
            axis = 1 if self.head.unit_axis != 1 else len(self.node.output_shape) - 1
            yield (
                f"{self.layer}: nonlinearity must be over the classes of {self.node.output_shape}, "
                f"got {self.got} over axis {axis}; leave the layer out, or {self.field} unset, for "
                "a softmax over the classes"
            )

    @property
    def field(self) -> str:
        return f"{self.node.name}_nonlinearity"

    @property
    def inferred(self) -> bool:
        """Whether the task decides on the nonlinearity of a layer that sets none."""
        fields = {field.name: field for field in dataclasses.fields(self.node.layer)}
        return "nonlinearity" not in fields or fields["nonlinearity"].default is UNSET

    def remedy(self, wanted: Any) -> str:
        """Return how to get a nonlinearity that suits."""
        if self.inferred:
            return f"leave {self.field} unset"
        name = "None" if wanted in (None, linear) else function_name(wanted)
        return f"set {self.field}={name}"

    @property
    def got(self) -> str:
        return function_name(self.nonlinearity)

    @property
    def name(self) -> str:
        return function_name(self.loss)

    def misfit_of_targets(self, contract: LossContract) -> Iterator[str]:
        if contract.targets == "values":
            return self.misfit_of_values(contract)
        if contract.targets == "survival":  # checked when they were read
            return iter(())
        return self.misfit_of_classes(contract)

    def misfit_of_values(self, contract: LossContract) -> Iterator[str]:
        """Yield what is wrong with targets that are compared one by one with the predictions."""
        low, high = contract.low, contract.high
        if isinstance(self.target, Classes) and not self.target.single:
            two = len(self.target.classes) == 2 and contract.predictions != "numbers"
            hint = f", or set {self.node.name}_{self.units_field}=1" if two else ""
            each = "position" if self.target.positions else "row"
            yield (
                f"objective_loss_function must take a class for each {each}, got {self.name}, "
                f"which compares each of the {self.units} units of {self.layer} with a "
                f"target of its own; leave it unset{hint}"
            )
        elif not isinstance(self.target, Numbers):
            if contract.binary and low < 0:
                yield (
                    "objective_loss_function must take labels as 0 and 1, got "
                    f"{self.name} for targets of {low:g} and {high:g}"
                )
        elif np.isfinite(low):
            y = flat_values(self.y)
            allowed = np.isin(y, (low, high)) if contract.binary else _within(y, contract)
            allowed |= ~is_known(y)
            if not allowed.all():
                if np.isinf(high):
                    valid, others = f"numbers of at least {low:g}", "for others"
                else:
                    between = f"only {low:g} and" if contract.binary else f"numbers from {low:g} to"
                    valid, others = f"{between} {high:g}", "for regression"
                yield (
                    f"y must hold {valid} for {self.name}, got {y[~allowed][0]:g}; {others} leave "
                    "objective_loss_function unset"
                )

    def misfit_of_classes(self, contract: LossContract) -> Iterator[str]:
        """Yield what is wrong with targets that are classes, or rows of their probabilities."""
        if isinstance(self.target, Classes):
            if self.target.single:
                yield (
                    f"{self.layer}: {self.units_field} must be 2 for {self.name}, which takes a "
                    "unit for each class, got 1; or leave objective_loss_function unset"
                )
            elif contract.targets in ("rows", "indices"):
                soft, words = isinstance(self.target, SoftClasses), _KINDS_OF_CLASSES
                wanted = "rows" if soft else "indices"
                if contract.targets != wanted:
                    yield (
                        f"objective_loss_function must take {words[wanted]}, got {self.name}, "
                        f"which takes {words[contract.targets]}; leave it unset"
                    )
            return
        hint = "leave objective_loss_function unset"
        if len(self.node.output_shape) != 2:
            yield (
                f"{self.layer} must have an output of shape (None, classes) for {self.name}, got "
                f"{self.node.output_shape}"
            )
        elif contract.targets == "indices":
            yield f"y must hold a class for each row for {self.name}; {hint}"
        elif not self.rows_sum_to_one():
            kind = "labels" if self.target.classes is not None else "numbers"
            yield (
                f"y must hold rows of class probabilities, which sum to one, for {self.name}, got "
                f"rows of {kind} that do not; {hint}"
            )

    def misfit_of_predictions(self, contract: LossContract, values: OutputRange) -> Iterator[str]:
        """Yield how the values of the nonlinearity differ from what the loss takes."""
        numbers = isinstance(self.target, Numbers)
        kind = contract.predictions
        if kind == "numbers" and not numbers:
            kind = "probabilities"
        several = contract.form is not None
        rows = not values.sums_to_one or (self.rows_sum_to_one() and not several)
        suits = {
            "distribution": values.sums_to_one,
            "probabilities": values.is_probability and rows,
            "scores": self.on_logits or not values.is_probability,
            "log odds": self.on_logits or values.low < 0 < values.high,
            "numbers": rows,
            "rates": values.low >= 0 and np.isinf(values.high),
            "parameters": values.low < 0 < values.high,
        }
        if not suits[kind]:
            yield self.unsuitable(NONLINEARITIES.get(kind, linear), values)
        elif kind == "numbers" and numbers:
            yield from self.out_of_reach(values)

    def unsuitable(self, wanted: Any, values: OutputRange) -> str:
        why = ", whose units sum to one" if values.sums_to_one else ""
        hint = ""
        logits = from_logits(self.loss, wanted) is not None and not values.is_probability
        if logits and self.inferred:
            hint = ", and training computes the loss from the logits"
        if wanted is softmax and isinstance(self.target, Classes) and len(self.target.classes) == 2:
            hint += f"; or set {self.node.name}_{self.units_field}=1"
        return (
            f"{self.layer}: nonlinearity must be {function_name(wanted)} for {self.name}, got "
            f"{self.got}{why}; {self.remedy(wanted)}{hint}"
        )

    def out_of_reach(self, values: OutputRange) -> Iterator[str]:
        """Yield a message if means of y are out of reach; warn if only some numbers are."""
        bounds = f"{self.got}, which returns numbers from {values.low:g} to {values.high:g}"
        y = flat_values(self.y) if isinstance(self.y, RaggedArray) else self.y
        known = is_known(y)
        means = np.where(known, y, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        outside = ~_within(means, values) & known.any(axis=0)
        if outside.any():
            yield (
                f"{self.layer}: nonlinearity must reach the numbers in y, whose mean is "
                f"{means[outside].flat[0]:g}, got {bounds}; {self.remedy(linear)}"
            )
        elif not _within(numbers := y[known], values).all():
            warnings.warn(
                f"{self.layer}: y has numbers from {numbers.min():g} to {numbers.max():g}, which "
                f"are partly out of reach of {bounds}; {self.remedy(linear)}",
                UserWarning,
                stacklevel=2,
            )

    def rows_sum_to_one(self) -> bool:
        """Return whether the targets are distributions along the axis of the units."""
        parts = [rows for _, rows in array_parts(self.y)]
        if parts[0].ndim < 2 or self.y.dtype.kind in "iu":
            return True  # a class for each row or position
        return all(map(_sum_to_one, parts))


def _sum_to_one(y: np.ndarray) -> bool:
    """Return whether rows without ignored targets are distributions along axis 1."""
    rows = y[is_known(y).reshape(len(y), -1).all(axis=1)]
    distributed = np.abs(rows.sum(axis=1) - 1) <= SLACK
    return bool((rows >= 0).all() and distributed.all())


def _within(y: np.ndarray, bounds: LossContract | OutputRange) -> np.ndarray:
    return (y >= bounds.low - SLACK) & (y <= bounds.high + SLACK)

"""Encode targets and decode predictions, output by output."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..utils.loss_contracts import DEFAULT_LOSS, LossInfo
from .by_output import Names, as_tuple, by_output, for_each, listed, unwrap_single
from .checks import check_labels
from .classes import Classes
from .forms import by_position, join_predictions, split_targets
from .inference import infer
from .kept import keep
from .numbers import Numbers
from .ragged_array import RaggedArray, map_rows
from .row_shapes import row_shape
from .target import Target

NO_SPREAD = (
    "return_std must be False for outputs without a standard deviation, got True; set "
    "test_augment=skconv.augment.MonteCarloDropout() in a net with dropout to get one"
)

NO_SPREAD_OF_NUMBERS = (
    f"{NO_SPREAD}, or train with objective_loss_function='gaussian_nll' to predict one"
)

NO_SPREAD_OF_LABELS = "return_std must be False for labels, got True"

PROBABILITIES = (
    "; predict_proba(X, return_std=True) returns the standard deviations of probabilities"
)


@dataclass(frozen=True)
class Outputs:
    """The targets of all outputs.

    Encoded targets and outputs of the network are tuples of arrays in the order of the outputs, as
    programs take them; probabilities and classes are lists, as in scikit-learn. A single output has
    an array.

    Parameters
    ----------
    names : tuple of str or None
    targets : tuple of Target
    losses : tuple of LossInfo, optional
        What is known of the loss of each output.
    """

    names: Names
    targets: tuple[Target, ...]
    losses: tuple[LossInfo, ...] = ()

    def match(
        self, shapes: Sequence[tuple[int | None, ...]], axes: Sequence[int] | None = None
    ) -> Outputs:
        """Adapt the targets to the outputs' shapes; raises `ValueError` if they do not fit.

        Outputs of losses of the user's own may have any shape.

        Parameters
        ----------
        shapes : sequence of tuple
        axes : sequence of int, optional
            Axis of the units of each output, as returned by `Classes.unit_axis`; by default 1.
        """

        def match(
            target: Target, shape: tuple[int | None, ...], axis: int, loss: LossInfo
        ) -> Target:
            try:
                return target.match(shape, axis)
            except ValueError:
                if not loss.own:
                    raise
                return keep(target)

        axes = axes or [1] * len(self.targets)
        losses = self.losses or (DEFAULT_LOSS,) * len(self.targets)
        matched = for_each(self.names, match, self.targets, shapes, axes, losses)
        return replace(self, targets=matched)

    def only(self, i: int) -> Outputs:
        """Return one of the outputs, without its name."""
        return Outputs((None,), self.targets[i : i + 1], self.losses[i : i + 1])

    def resized(self, shapes: Sequence[tuple[int | None, ...]]) -> Outputs:
        """Adapt targets, which have been matched, to outputs of another size."""
        targets = tuple(
            target.resized(row_shape(shape)) if isinstance(target, Classes | Numbers) else target
            for target, shape in zip(self.targets, shapes, strict=True)
        )
        return replace(self, targets=targets)

    def of_rows(self, shapes: Mapping[int, tuple[int, ...]]) -> Outputs:
        """Return the outputs with targets for rows of y of other shapes, by index of the output."""
        if not shapes:
            return self

        def of_rows(i: int, target: Target) -> Target:
            return target.of_rows(shapes[i]) if i in shapes else target

        targets = for_each(self.names, of_rows, range(len(self.targets)), self.targets)
        return replace(self, targets=targets)

    def with_losses(self, losses: tuple[LossInfo, ...], y: Any) -> Outputs:
        """Return the outputs for other losses, which may read an output in another way.

        Parameters
        ----------
        losses : tuple of LossInfo
        y
            As accepted by `split_targets`.
        """
        if losses == self.losses or not any(info.needs_numbers for info in losses + self.losses):
            return replace(self, losses=losses)

        def adapt(target: Target, loss: LossInfo, part: Any) -> Target:
            if not isinstance(target, Numbers):
                return infer(part, regression=False, loss=loss) if loss.needs_numbers else target
            return infer(part, regression=True, loss=loss, ignored=target.ignored)

        parts = self.split(y)
        targets = for_each(self.names, adapt, self.targets, losses, parts)
        return replace(self, losses=losses, targets=targets)

    @property
    def predicts(self) -> bool:
        """Whether all outputs are predictions of their targets."""
        return all(t.predicts for t in self.targets if isinstance(t, Numbers))

    @property
    def holes(self) -> tuple[bool, ...]:
        """Whether targets of each output may be ignored."""
        return tuple(target.ignored is not None for target in self.targets)

    @property
    def views(self) -> tuple[Any, ...]:
        """How the loss sees each output and its targets, or None if it sees them as they are."""
        return tuple(getattr(target, "view", None) for target in self.targets)

    def encode(self, y: Any, *, unscaled: Collection[int] = ()) -> Any:
        """Encode y for the losses.

        Parameters
        ----------
        y
            As accepted by `split_targets`; rows of several shapes as a `RaggedArray`.
        unscaled : collection of int
            Outputs whose numbers stay in the units of y, for `standardize`.
        """
        parts = self.split(y)

        def encode(i: int, target: Target, part: Any) -> Any:
            if isinstance(part, RaggedArray):
                pairs = [(_for_rows_at(target, *own), own[1]) for own in part.parts()]
                return part.like([encode(i, *pair) for pair in pairs])
            if i in unscaled and isinstance(target, Numbers):
                return target.arrange(part)
            return target.encode(part)

        numbers = range(len(self.targets))
        return unwrap_single(for_each(self.names, encode, numbers, self.targets, parts))

    def with_scales(self, scales: Mapping[int, tuple[np.ndarray, np.ndarray]]) -> Outputs:
        """Return the outputs with the mean and the standard deviation of some targets."""
        targets = list(self.targets)
        for i, (mean, scale) in scales.items():
            if isinstance(numbers := targets[i], Numbers):
                targets[i] = replace(numbers, mean=mean, scale=scale)
        return replace(self, targets=tuple(targets))

    def check_scales(self, scaled: Iterable[int]) -> None:
        """Raise `ValueError` if targets to standardize are not numbers that outputs predict."""
        for i in scaled:
            target = self.targets[i]
            if isinstance(target, Numbers) and not target.standardizes:
                where = "" if self.names[i] is None else f" for the output {self.names[i]!r}"
                raise ValueError(
                    f"normalize_y must be False{where}, whose units are not those of y, got True; "
                    "standardize y before fit"
                )

    def target_scale(
        self, i: int, scale: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the standard deviation of targets for what scales an output back."""
        target = self.targets[i]
        return target.target_scale(*scale) if isinstance(target, Numbers) else scale

    def standardize(self, y: Any) -> Any:
        """Standardize numbers that `encode` has left in the units of y."""
        pairs = zip(self.targets, as_tuple(y), strict=True)
        return unwrap_single(
            [map_rows(t.standardize, part) if isinstance(t, Numbers) else part for t, part in pairs]
        )

    def in_units(self, y: Any) -> Any:
        """Return encoded targets with numbers in the units of y, as losses see them.

        Rows of several shapes become an array of objects.
        """

        def convert(target: Target, part: Any) -> Any:
            if isinstance(part, RaggedArray):
                return part.map(lambda rows: convert(target, rows)).rows()
            view = getattr(target, "view", None)
            values = target.in_units(part) if isinstance(target, Numbers) else part
            return values if view is None else view.targets(values)

        pairs = zip(self.targets, as_tuple(y), strict=True)
        return unwrap_single([convert(*pair) for pair in pairs])

    def output_in_units(self, output: Any) -> Any:
        """Return outputs of the network with numbers in the units of y, as losses see them."""
        pairs = zip(self.targets, as_tuple(output), strict=True)
        return unwrap_single(
            [t.output_in_units(part) if isinstance(t, Numbers) else part for t, part in pairs]
        )

    def decode(self, output: Any) -> Any:
        """Return predicted labels, indicators or numbers for outputs of the network."""
        pairs = zip(self.targets, as_tuple(output), strict=True)
        return self.join([target.decode(own) for target, own in pairs])

    def split(self, predictions: Any) -> tuple[Any, ...]:
        """Return the predictions, or the targets in any form, of each output."""
        return split_targets(predictions, self.names)

    def join(self, predictions: Sequence[np.ndarray]) -> Any:
        """Return the predictions of each output in the form in which `predict` returns them."""
        numbers = [isinstance(target, Numbers) for target in self.targets]
        return join_predictions(predictions, numbers)

    def spread(self, output: Any, deviations: Any = None) -> Any:
        """Return the standard deviations for outputs of the network, in the form of predictions.

        The variance that an output tells and that of its mean over several passes are added.

        Parameters
        ----------
        output
            Outputs of the network.
        deviations : the same, or None
            Their standard deviations over several passes.

        Returns
        -------
        array, or list of array or None
            None for an output without one, if there are several.

        Raises
        ------
        ValueError
            If no output has a standard deviation.
        """

        def spread(target: Target, own: np.ndarray, deviation: np.ndarray | None) -> Any:
            if not isinstance(target, Numbers):
                return None
            told = target.spread(own)
            if deviation is None:
                return told
            passes = target.spread_of_passes(deviation)
            return passes if told is None else np.hypot(told, passes)

        passes = (None,) * len(self.targets) if deviations is None else as_tuple(deviations)
        triples = zip(self.targets, as_tuple(output), passes, strict=True)
        parts = [spread(*triple) for triple in triples]
        if all(part is None for part in parts):
            numbers = any(isinstance(target, Numbers) for target in self.targets)
            hint = PROBABILITIES if self.holds(scores=False) else ""
            raise ValueError(NO_SPREAD_OF_NUMBERS if numbers else f"{NO_SPREAD_OF_LABELS}{hint}")
        known = [part for part in parts if part is not None]
        return self.join(known) if len(known) == len(parts) else parts

    def spread_of_probabilities(self, output: Any, deviations: Any) -> Any:
        """Return the standard deviations of the probabilities; None for numbers and scores.

        Parameters
        ----------
        output, deviations
            As for `spread`.

        Raises
        ------
        ValueError
            If the deviations are not known.
        """
        if deviations is None:
            raise ValueError(NO_SPREAD)
        triples = zip(self.targets, as_tuple(output), as_tuple(deviations), strict=True)
        parts = [
            None if isinstance(t, Numbers) or t.scores else t.spread_by_class(deviation, own)
            for t, own, deviation in triples
        ]
        return parts[0] if len(parts) == 1 else parts

    def probabilities(self, output: Any) -> Any:
        """Return the probabilities for outputs of the network; None for numbers and scores."""
        return self._by_class(output, scores=False)

    def decision(self, output: Any) -> Any:
        """Return the scores for outputs of the network; None for numbers and probabilities.

        A single unit that separates two classes has scores of shape (n,).
        """
        return self._by_class(output, scores=True)

    def _by_class(self, output: Any, *, scores: bool) -> Any:
        def part(target: Target, own: np.ndarray) -> Any:
            if isinstance(target, Numbers) or target.scores != scores:
                return None
            if isinstance(target, Classes) and target.single and scores:
                return target.classes_second(own)[:, 0]
            return target.by_class(own)

        pairs = zip(self.targets, as_tuple(output), strict=True)
        return by_position([part(*pair) for pair in pairs])

    def holds(self, *, scores: bool) -> bool:
        """Return whether some output holds scores, or some output holds probabilities."""
        return any(not isinstance(t, Numbers) and t.scores == scores for t in self.targets)

    def log_probabilities(self, values: Any, nonlinearities: Sequence[Any]) -> Any:
        """Return the logarithms of the probabilities; None for numbers and scores.

        Parameters
        ----------
        values : array or tuple of array
            The logits or output of each output.
        nonlinearities : sequence of callable or None
            The nonlinearity after the logits; None for an output.
        """
        triples = zip(self.targets, as_tuple(values), nonlinearities, strict=True)
        return by_position(
            [
                None if isinstance(t, Numbers) or t.scores else t.log_probabilities(v, f)
                for t, v, f in triples
            ]
        )

    def ignoring(self, labels: Sequence[Any]) -> Outputs:
        """Return targets of which those with a value count nothing, by output."""
        pairs = list(zip(self.targets, labels, strict=True))
        if all(target.ignored is label for target, label in pairs):
            return self
        targets = tuple(replace(target, ignored=label) for target, label in pairs)
        return replace(self, targets=targets)

    def extended(self, y: Any) -> Outputs:
        """Return targets with the further classes in y, of those that the outputs have units for.

        Labels without a unit are left out; `encode` reports them.
        """

        def extend(target: Target, part: Any) -> Target:
            return target.extended(part) if isinstance(target, Classes) else target

        parts = self.split(y)
        extended = for_each(self.names, extend, self.targets, parts)
        unchanged = all(new is old for new, old in zip(extended, self.targets, strict=True))
        return self if unchanged else replace(self, targets=extended)

    @property
    def classes(self) -> Any:
        """Class labels, or a list of them by output; None if all outputs are numbers."""
        classes = [t.classes for t in self.targets]
        return None if all(labels is None for labels in classes) else by_position(classes)

    def check_classes(self, classes: Any) -> None:
        """Raise `ValueError` unless classes, given again by output, are the known ones."""

        def check(target: Target, given: Any) -> None:
            if given is None:
                return
            if target.classes is None:
                raise ValueError("classes must be None for regression, which has none")
            found = np.unique(check_labels(given))
            if not np.array_equal(found, target.classes):
                raise ValueError(
                    f"classes must be the same in each call of partial_fit, got {found.tolist()}; "
                    f"known classes: {target.classes.tolist()}"
                )

        several = len(self.names) > 1
        own = by_output("classes", classes, self.names, None) if several else (classes,)
        for_each(self.names, check, self.targets, own)

    def row_weights(self, encoded: Any, class_weight: Any) -> np.ndarray:
        """Return the weight of each row by its class; only for a single output."""
        if len(self.targets) > 1:
            raise ValueError(
                f"class_weight requires a single output, got {listed(self.names)}; "
                "use sample_weight or output_weights"
            )
        return self.targets[0].row_weights(encoded, class_weight)


def _for_rows_at(target: Target, positions: np.ndarray, rows: np.ndarray) -> Target:
    """Return the targets for rows of another shape; an error names the first of them."""
    try:
        return target.of_rows(rows.shape[1:])
    except ValueError as error:
        raise ValueError(f"{error} (row {positions[0]})") from error

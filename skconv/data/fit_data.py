"""Read the data of a fit: validate rows, encode targets, and split off the validation set."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from sklearn.base import clone

from ..errors import Problems
from ..ops.device_choice import device_count
from ..ops.mesh import multiple_of
from ..targets.by_output import as_tuple, by_output, output_names, regression_by_output
from ..targets.classes import Classes
from ..targets.forms import check_lengths, split_targets
from ..targets.numbers import Numbers
from ..targets.output_inference import infer_outputs
from ..targets.outputs import Outputs
from ..targets.ragged_array import RaggedArray
from ..targets.sample_weights import SampleWeights, check_weights
from ..targets.target import Target
from ..targets.weighted_targets import take_targets
from ..utils.cache_keys import structural_key
from ..utils.loss_contracts import LossInfo
from ..utils.memo import Memo
from .block_order import order_of_places
from .chunks import first_batch
from .counting_targets import check_counting
from .dataset import Dataset, Scale, Shapes
from .features import FEATURES
from .fit_arguments import FitArguments
from .inputs import RowSubset, check_rows, reading_options, row_shapes
from .iterators import (
    BatchIterator,
    TrainSplit,
    as_split,
    as_test_iterator,
    as_train_iterator,
    has_transform,
    split_function,
    with_batch_size,
)
from .largest_values import largest_values
from .ragged_rows import RaggedRows, groups_of
from .ragged_targets import check_sizes, read_targets, shapes_of_largest
from .reading_groups import read_groups
from .reconstruction import as_target, check_autoencoder, check_order, reconstructs
from .rows import ChannelsLast, Inputs, Rows
from .shape_groups import group_rows
from .split_functions import split_by_function
from .splitting import check_groups, first_split, strata
from .validation_set import arrange_validation_set, read_validation_set


class FitData:
    """The data of one fit, validated step by step.

    Parameters
    ----------
    arguments : FitArguments
    params : dict
        Parameters of the net by name.
    memo : Memo
        Holds results that fits on the same data share, as in a search.
    inputs : sequence of str, optional
        Names of the input layers.
    losses : tuple of LossInfo, optional
        What is known of the loss of each output.

    Attributes
    ----------
    rows : Rows or None
        Validated X; None if X is invalid.
    outputs : Outputs or None
        Targets inferred from y, or those of the fit to continue; None if y is invalid.
    weights : SampleWeights
        Validated `sample_weight`.
    """

    def __init__(
        self,
        arguments: FitArguments,
        params: Mapping[str, Any],
        memo: Memo,
        inputs: Sequence[str] = (),
        losses: tuple[LossInfo, ...] = (),
    ) -> None:
        self._arguments = arguments
        self._params = params
        self._memo = memo
        self._inputs = inputs
        self._has_inputs = False
        self._continues = False
        self._reconstructs = False
        self._losses = losses
        self.rows: Rows | None = None
        self.outputs: Outputs | None = None
        self.weights = SampleWeights(None, None)

    def read(
        self, estimator: Any, known: Outputs | None, problems: Problems, *, reset: bool
    ) -> None:
        """Validate X, y and `sample_weight`, and add any errors to `problems`.

        Parameters
        ----------
        estimator : object
            Its ``n_features_in_`` and ``feature_names_in_`` are set if `reset` is True, and
            compared with X otherwise.
        known : Outputs or None
            Targets of the fit to continue.
        problems : Problems
        reset : bool
            Whether training starts from scratch.
        """
        self._continues = known is not None
        found = len(problems.found)
        with problems.collect():
            self._arguments = self._arguments.read()
        if len(problems.found) > found:
            return
        with problems.collect():
            self._arguments = self._arguments.by_input(self._inputs)
            self._has_inputs = True
            chosen = (self._params[name] for name in ("regression", "outputs", "autoencoder"))
            self._reconstructs = reconstructs(self._arguments.y, *chosen)
            self.rows = self._read_rows(estimator, self._arguments.X, reset=reset)
        with problems.collect():
            check_autoencoder(self._params)
            if self._reconstructs and self.rows is not None:
                self._arguments = replace(self._arguments, y=self._own_target(self.rows))
            self._check_names(known)
            if self.rows is not None and self._arguments.y is not None:
                self._read_targets(self.rows)
            if not self._reconstructs or self.rows is not None:
                self.outputs = self._read_outputs(known, type(estimator).__name__)
        given = self._arguments
        if self.rows is None:
            return
        with problems.collect():
            if self.outputs is not None:
                check_lengths(len(self.rows), given.y, self.outputs.names)
        with problems.collect():
            if not given.whole:
                splitter = None if given.valid else as_split(self._params["train_split"])
                check_groups(given.groups, splitter, len(self.rows))
        with problems.collect():
            if given.sample_weight is not None:
                names = output_names(self._params["outputs"])
                y = () if self.outputs is None else split_targets(given.y, names)
                self.weights = check_weights(given.sample_weight, len(self.rows), names, y)

    def _read_rows(self, estimator: Any, X: Any, *, reset: bool) -> Rows:
        if isinstance(X, RowSubset):
            return self._read_rows(estimator, X.X, reset=reset).subset(X.index)
        seen, options = vars(estimator), reading_options(self._params)
        known = structural_key([None if reset else seen.get(name) for name in FEATURES])

        def read() -> tuple[Rows, dict[str, Any]]:
            probe = copy.copy(estimator)
            try:
                rows = check_rows(probe, X, reset=reset, **options)
            except ValueError as error:
                groups = group_rows(X)
                if not groups:
                    raise
                return read_groups(groups, estimator, str(error), **options), {}
            return rows, {name: vars(probe)[name] for name in FEATURES if name in vars(probe)}

        key = ("rows", structural_key(options), reset, known)
        rows, features = self._memo.get(key, [X], read)
        for name in FEATURES:
            seen.pop(name, None)
        seen.update(features)
        return rows

    def _own_target(self, rows: Rows) -> Any:
        return self._memo.get(
            ("own target", *self._reading), self._objects, lambda: as_target(rows)
        )

    @property
    def _reading(self) -> tuple[Any, ...]:
        """How X is read, as part of a key."""
        return (structural_key(reading_options(self._params)),)

    @property
    def _objects(self) -> list[Any]:
        """The objects that the rows are read from."""
        X = self._arguments.X
        return [X.X, X.index] if isinstance(X, RowSubset) else [X]

    def _check_names(self, known: Outputs | None) -> None:
        """Raise `ValueError` if training would continue with other outputs."""
        outputs = self._params["outputs"]
        if known is not None and known.names != output_names(outputs):
            raise ValueError(
                f"outputs must stay the same while training continues, got {outputs!r}; call fit "
                "with warm_start=False to start afresh"
            )

    def _read_targets(self, rows: Rows) -> None:
        """Group the rows by the shapes of X and y."""
        names, y = output_names(self._params["outputs"]), self._arguments.y
        any_shape = any(loss.own for loss in self._losses)

        def read() -> tuple[Rows, Any]:
            return read_targets(rows, y, names, any_shape=any_shape)

        key = "grouped by y", names, any_shape, *self._reading
        self.rows, y = self._memo.get(key, [*self._objects, y], read)
        self._arguments = replace(self._arguments, y=y)

    @property
    def y(self) -> Any:
        """The targets, in one of the forms of y."""
        return self._arguments.y

    def _read_outputs(self, known: Outputs | None, estimator: str) -> Outputs:
        given, params = self._arguments, self._params
        if given.y is None:
            numbers = all(regression_by_output(params["regression"], params["outputs"]))
            hint = " To reconstruct X, as an autoencoder does, set regression=True."
            raise ValueError(
                f"This {estimator} estimator requires y to be passed, but the target y is None."
                f"{'' if numbers else hint}"
            )
        outputs = self._infer_outputs(known)
        if self.rows is None:
            return outputs
        return outputs.of_rows(shapes_of_largest(self.rows, given.y, outputs.names))

    def _infer_outputs(self, known: Outputs | None) -> Outputs:
        given, params = self._arguments, self._params
        names = output_names(params["outputs"])
        ignored = by_output("ignore_label", params["ignore_label"], names, None)
        if known is not None:
            if given.classes is not None:
                known.check_classes(given.classes)
            return self._memo.get(
                ("extended", self._losses, ignored),
                [known, given.y],
                lambda: (
                    known.ignoring(ignored).with_losses(self._losses, given.y).extended(given.y)
                ),
            )
        regression = regression_by_output(params["regression"], params["outputs"])
        exact = bool(params["use_label_encoder"])
        return self._memo.get(
            ("outputs", names, regression, exact, given.whole, self._losses, ignored),
            [given.y, given.classes],
            lambda: infer_outputs(
                given.y,
                names,
                regression=regression,
                exact=exact,
                classes=given.classes,
                growing=given.whole,
                losses=self._losses,
                ignored=ignored,
            ),
        )

    @property
    def first_of_largest(self) -> int | None:
        """The first of the rows whose shape the network is built for, if shapes differ."""
        return int(self.rows.largest()[0]) if isinstance(self.rows, RaggedRows) else None

    @property
    def moved_sequences(self) -> list[Any]:
        """Names of the inputs whose rows have two axes and channels last."""
        if self.rows is None:
            return []
        arrays, shapes = self.rows.arrays, self.rows.shapes
        return [
            name
            for name, array in arrays.items()
            if isinstance(array, ChannelsLast) and len(shapes[name]) == 2
        ]

    def entering_shapes(self, problems: Problems) -> dict[Any, Any]:
        """Return the shape of a row for each input of the network, as far as known from X.

        If the training iterator has a transform, its shapes are those of the first transformed
        batch, unless problems were found before.
        """
        rows, outputs = self.rows, self.outputs
        if not self._has_inputs:
            return {}
        if rows is None:
            return row_shapes(self._arguments.X, self._params["data_format"])
        if problems.found or outputs is None:
            return rows.shapes
        iterator = self._train_iterator()
        if not has_transform(iterator):
            return rows.shapes
        shapes = [(None, *_usual_row(target)) for target in outputs.targets]
        y = outputs.match(shapes).encode(self._arguments.y)
        positions, rows = max(groups_of(rows), key=lambda group: group[1].row_bytes())
        X, _ = first_batch(rows, take_targets(y, positions), iterator)
        return {name: array.shape[1:] for name, array in X.items()}

    def largest_values(self) -> dict[Any, np.ndarray]:
        """Return the largest value at each position of a row of each input.

        None are known if X is invalid, or if a transform comes before the network.
        """
        rows = self.rows
        if rows is None or has_transform(self._train_iterator()):
            return {}
        return self._memo.get(
            ("largest", *self._reading), self._objects, lambda: largest_values(rows)
        )

    def datasets(
        self,
        estimator: Any,
        inputs: Inputs,
        outputs: Shapes,
        seed: int,
        scales: Mapping[int, Scale | None] = MappingProxyType({}),
        *,
        axes: tuple[int, ...] | None = None,
    ) -> tuple[Outputs, Dataset, Dataset | None]:
        """Encode y for the network, and split off the validation set.

        Parameters
        ----------
        estimator : object
            Validates `X_val`, and is passed to a `train_split` function.
        inputs : Inputs
            What the network's input layers take.
        outputs : mapping of str to tuple
            Shapes of its output layers.
        seed : int
            Seed of the split, if `train_split` has none.
        scales : mapping of int to (array, array) or None
            Mean and standard deviation of each output whose targets are standardized; None for
            those of the training rows.
        axes : tuple of int, optional
            Axis of the units of each output layer, as in `Outputs.match`.

        Returns
        -------
        outputs : Outputs
            Targets in the shapes of the output layers, with their scales.
        train : Dataset
        valid : Dataset or None
        """
        given, params = self._arguments, self._params
        assert self.rows is not None
        assert self.outputs is not None
        if self._reconstructs:
            check_order(self.rows, inputs)
        known = inputs.resize is None and not has_transform(self._train_iterator())
        if known and isinstance(self.rows, RaggedRows) and self.rows.refusal:
            raise ValueError(self.rows.refusal)
        shapes = tuple(outputs.values())
        matched, y = self._encode(self.outputs, shapes, axes, frozenset(scales))
        matched.check_scales(scales)
        check_sizes(self.rows, given.y, y, matched, inputs, self._train_iterator())
        own = self.weights.arranged(as_tuple(y))
        train = Dataset(self.rows, y, self.weights.rows, self._train_iterator(), own)
        valid = None
        if given.valid is not None:
            valid = read_validation_set(
                given.valid,
                estimator,
                params,
                outputs=matched,
                inputs=inputs,
                unscaled=scales,
                reconstructs=self._reconstructs,
            )
        elif not given.whole:
            train, valid = self._split(estimator, train, matched.targets[0], inputs, seed)
        if scales:
            matched = matched.with_scales(
                {
                    i: train.target_scale(i) if known is None else matched.target_scale(i, known)
                    for i, known in scales.items()
                }
            )
            train = replace(train, y=matched.standardize(train.y))
            valid = valid and replace(valid, y=matched.standardize(valid.y))
        transformed = has_transform(train.iterator)
        train = train.arranged(inputs)
        if valid is not None:
            is_given = given.valid is not None
            valid = arrange_validation_set(
                valid, inputs, given=is_given, train_transformed=transformed
            )
        if params["class_weight"] is not None:
            train = train.weighted(matched.row_weights(train.y, params["class_weight"]))
        if valid is not None and train.target_weights is not None and valid.target_weights is None:
            valid = valid.with_target_weights()
        check_counting(matched, train, valid)
        return matched, train, valid

    def _train_iterator(self) -> BatchIterator:
        assert self.rows is not None
        value, devices = self._params["batch_iterator_train"], self._devices
        iterator = as_train_iterator(value, len(self.rows), devices)
        size = self._arguments.batch_size
        size = iterator.batch_size if size is None else multiple_of(devices, size)
        return with_batch_size(iterator, size * self._params["accumulate_steps"])

    @property
    def _devices(self) -> int:
        """Number of devices that share a batch."""
        return device_count(self._params["devices"])

    def resized(self, outputs: Outputs, shapes: Sequence[tuple[Any, ...]]) -> Outputs:
        """Return the targets for the outputs' shapes, if they continue those of another size."""
        return outputs.resized(shapes) if self._continues else outputs

    def _encode(
        self,
        outputs: Outputs,
        shapes: tuple[Any, ...],
        axes: tuple[int, ...] | None,
        unscaled: frozenset[int],
    ) -> tuple[Outputs, Any]:
        y = self._arguments.y

        def encode() -> tuple[Outputs, Any]:
            matched = self.resized(outputs, shapes).match(shapes, axes)
            return matched, matched.encode(y, unscaled=unscaled)

        key = "encoded", shapes, axes, unscaled, self._continues
        return self._memo.get(key, [outputs, y], encode)

    def _split(
        self, estimator: Any, dataset: Dataset, target: Target, inputs: Inputs, seed: int
    ) -> tuple[Dataset, Dataset | None]:
        splitter = as_split(self._params["train_split"])
        iterator = as_test_iterator(self._params["batch_iterator_test"], self._devices)
        if splitter is None:
            return dataset, None
        if (function := split_function(splitter)) is not None:
            train, valid = split_by_function(estimator, function, dataset.arranged(inputs))
            return train, replace(valid, iterator=iterator)
        if isinstance(splitter, TrainSplit) and splitter.random_state is None:
            splitter = clone(splitter).set_params(random_state=seed)
        first_y, X, groups = as_tuple(dataset.y)[0], self._arguments.X, self._arguments.groups

        def split() -> tuple[np.ndarray, np.ndarray]:
            if isinstance(first_y, RaggedArray):
                return first_split(splitter, X, first_y.rows(), groups)
            y = first_y.ravel() if first_y.size == len(first_y) else first_y
            own = strata(target.indices(y)) if isinstance(target, Classes) else y
            return first_split(splitter, X, own, groups)

        key = "split", structural_key(splitter)
        train_index, valid_index = self._memo.get(key, [first_y, groups], split)
        if dataset.iterator.shuffle == "blocks":
            valid_index = valid_index[order_of_places(dataset.index[valid_index])]
        valid = replace(dataset.subset(valid_index), iterator=iterator)
        return dataset.subset(train_index), valid


def _usual_row(target: Target) -> tuple[int, ...]:
    """Return the shape of a row of an output that suits a target."""
    if isinstance(target, Classes):
        return target.num_units, *target.positions
    plain = isinstance(target, Numbers) and target.num_units == math.prod(target.shape)
    return target.shape or (1,) if isinstance(target, Numbers) and plain else (target.num_units,)

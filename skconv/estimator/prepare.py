"""Check the data and parameters of a fit, and make of them what is trained."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from ..augment.base import mixes
from ..augment.pipeline import check_test_augment
from ..data.dataset import (
    Dataset,
    _arranged,
    _batch,
    _encoded,
    _held_out,
    _shapes_after,
    _split,
    _with_class_weights,
)
from ..data.inputs import Rows, RowSubset, check_rows, check_weights, row_shapes
from ..data.iterators import as_train_iterator
from ..data.output_targets import (
    Outputs,
    check_lengths,
    infer_outputs,
    output_names,
    regression_by_output,
)
from ..data.targets import Numbers
from ..errors import Problems
from ..network.graph import Network
from ..network.model import Model
from ..training.dry_run import check_transforms
from ..training.programs import Programs, programs_for
from ..utils.cache_keys import structural_key
from ..utils.memo import Memo
from .blueprint import Blueprint, make_plan
from .live_values import LiveValues
from .validation import check_settings


@dataclass(frozen=True)
class FitArguments:
    """What a call of `fit` or `partial_fit` was given.

    Parameters
    ----------
    X, y, sample_weight : array-like
    valid : (X_val, y_val) or None
    classes : array-like or None
        All labels that may come.
    whole : bool
        Whether no rows are set aside for validation.
    """

    X: Any
    y: Any
    sample_weight: Any = None
    valid: tuple[Any, Any] | None = None
    classes: Any = None
    whole: bool = False


class Continuation(NamedTuple):
    """What training goes on from.

    Parameters
    ----------
    model : Model
    outputs : Outputs or None
        None where the model was initialised without data.
    """

    model: Model
    outputs: Outputs | None


class PreparedFit(NamedTuple):
    """What is trained.

    Parameters
    ----------
    probe : object
        A shallow copy of the net, on which X was validated.
    model : Model
    outputs : Outputs
    train : Dataset
    valid : Dataset or None
    values : LiveValues
    programs : Programs
    """

    probe: Any
    model: Model
    outputs: Outputs
    train: Dataset
    valid: Dataset | None
    values: LiveValues
    programs: Programs


FEATURES = ("n_features_in_", "feature_names_in_")
"""What a net knows of the columns of X."""


def prepare(
    net: Any,
    settings: Callable[[], dict[str, Any]],
    describe: Callable[[dict[str, Any], Any], Blueprint],
    data: FitArguments,
    continuation: Continuation | None,
    memo: Memo,
) -> PreparedFit:
    """Check everything before anything is changed.

    Parameters
    ----------
    net : object
        The net; it stays as it is.
    settings : callable
        Returns the net's parameters by name.
    describe : callable
        From parameters and shapes of rows to a `Blueprint`.
    data : Data
    going : Continuation or None
        What training goes on from; None to start afresh.
    memo : Memo
        Shared by trainings on the same data.

    Returns
    -------
    PreparedFit

    Raises
    ------
    ValueError
        With all that is wrong.
    """
    params = settings()
    problems = check_settings(params)
    probe = copy.copy(net)
    rows = outputs = weights = made = network = None
    with problems.collect():
        check_test_augment(params["test_augment"])
    with problems.collect():
        rows = _rows(probe, data.X, params["check_input"], continuation, memo)
    with problems.collect():
        outputs = _outputs(params, data, continuation, type(net).__name__, memo)
    with problems.collect():
        if rows is not None and outputs is not None:
            check_lengths(len(rows), data.y, outputs.names)
    with problems.collect():
        if rows is not None and data.sample_weight is not None:
            weights = check_weights(data.sample_weight, len(rows))
    shapes = row_shapes(data.X) if rows is None else rows.shapes
    if not problems.found:
        shapes = _shapes_after(params, rows, outputs, data.y)
    with problems.collect():
        made = describe(params, shapes)
        if shapes:
            network = made.network(shapes, outputs or _stand_in(made))
    if made is not None:
        _check_mixing(made, data.y, problems)
    problems.raise_any()
    model = _model(params, continuation, network, memo)
    outputs, y = _encoded(outputs, data.y, network, memo)
    iterator = as_train_iterator(params["batch_iterator_train"])
    train = Dataset(rows, y, weights, iterator)
    valid = None
    if data.valid is not None:
        valid = _held_out(probe, params, data.valid, network, outputs)
    elif not data.whole:
        train, valid = _split(net, params, train, model.seed, network, memo)
    train = _arranged(train, network)
    valid = None if valid is None else _arranged(valid, network, like=train.iterator)
    train = _with_class_weights(train, params["class_weight"], outputs)
    values = LiveValues(settings, lambda now: describe(now, network.rows()), network)
    values.renew(params, made)
    made_plan = make_plan(made, network, outputs, params)
    programs = programs_for(made_plan)
    first = values(model.step, 1)
    if made.augment:
        batch = _batch(train)
        if str(batch) not in programs.rehearsed:
            check_transforms(made_plan, made.augment, *batch, first)
            programs.rehearsed.add(str(batch))
    rates = {name: numbers[0] for name, numbers in first.update.items()}
    model.start(made_plan.update, lambda weights: programs.start(weights, rates))
    return PreparedFit(probe, model, outputs, train, valid, values, programs)


def _rows(probe: Any, X: Any, check: Any, continuation: Continuation | None, memo: Memo) -> Rows:
    """Check X, and put on the probe what it is found to be like."""
    if isinstance(X, RowSubset):
        return _rows(probe, X.X, check, continuation, memo).subset(X.index)
    fresh = continuation is None
    known = structural_key([None if fresh else vars(probe).get(name) for name in FEATURES])

    def make() -> tuple[Rows, dict[str, Any]]:
        bare = copy.copy(probe)
        rows = check_rows(bare, X, reset=fresh, check=check)
        return rows, {name: vars(bare)[name] for name in FEATURES if name in vars(bare)}

    rows, seen = memo.get(("rows", bool(check), fresh, known), [X], make)
    vars(probe).pop("feature_names_in_", None)
    vars(probe).update(seen)
    return rows


def _check_mixing(made: Blueprint, y: Any, problems: Problems) -> None:
    """Note transforms that would mix text, of which there is no mean."""
    mixing = [entry for entry in made.augment if mixes(entry.transform)]
    if not (mixing and all(made.regression)):
        return
    first = next(iter(np.asarray(y).ravel()), None)
    for entry in mixing if isinstance(first, str) else ():
        problems.add(f"{entry.called} mixes numbers, and the targets are text such as '{first}'")


def _stand_in(made: Blueprint) -> Outputs:
    """Targets in place of faulty ones, so that the faults of the layers can be told as well."""
    targets = (Numbers((1,)),) * len(made.regression)
    return Outputs((None,) * len(targets), targets)


def _outputs(
    params: dict[str, Any],
    data: FitArguments,
    continuation: Continuation | None,
    name: str,
    memo: Memo,
) -> Outputs:
    if data.y is None:
        raise ValueError(
            f"This {name} estimator requires y to be passed, but the target y is None."
        )
    names = output_names(params["outputs"])
    if continuation is not None and continuation.outputs is not None:
        if continuation.outputs.names != names:
            raise ValueError("the net cannot go on with other outputs; fit it afresh")
        return continuation.outputs
    regression = regression_by_output(params["regression"], params["outputs"])
    exact = bool(params["use_label_encoder"])
    return memo.get(
        ("outputs", names, regression, exact),
        [data.y, data.classes],
        lambda: infer_outputs(
            data.y, names, regression=regression, exact=exact, classes=data.classes
        ),
    )


def _model(
    params: dict[str, Any], continuation: Continuation | None, network: Network, memo: Memo
) -> Model:
    """Start a model, or copy the one whose parameters still fit."""
    if continuation is None:
        seed = int(check_random_state(params["random_state"]).randint(2**31 - 1))
        first = memo.get(
            ("model", network.initial_key, seed), [], lambda: Model(network, seed).initialize()
        )
        return replace(first, network=network)
    if continuation.model.network.parameter_shapes() != network.parameter_shapes():
        raise ValueError(
            "the net cannot go on with its weights, because its layers have other shapes than "
            "before; fit it afresh with warm_start=False"
        )
    model = copy.copy(continuation.model)
    model.network = network
    return model

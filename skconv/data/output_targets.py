"""What y means for each output of a net, and how the outputs answer in kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_consistent_length

from ..errors import Problems, did_you_mean
from .targets import Numbers, Target, from_output, infer


def output_names(outputs: Any) -> tuple[str | None, ...]:
    """Read the parameter `outputs`; without one, None stands for the last layer.

    Examples
    --------
    >>> output_names(['digit', 'parity']), output_names('digit'), output_names(None)
    (('digit', 'parity'), ('digit',), (None,))
    """
    if isinstance(outputs, list | tuple) and outputs:
        return tuple(outputs)
    return (outputs if isinstance(outputs, str) else None,)


def by_output(
    argument: str, value: Any, names: Sequence[str | None], default: Any
) -> tuple[Any, ...]:
    """Give each output its own part of what was given for all, by name or in order.

    Parameters
    ----------
    argument : str
        For messages.
    value : mapping, list, tuple or object
        An object that is none of these is for each output.
    names : sequence of str
        The outputs; None names the only one.
    default : object
        For outputs that a mapping leaves out.

    Examples
    --------
    >>> by_output('regression', {'age': True}, ['digit', 'age'], False)
    (False, True)
    >>> by_output('regression', True, ['digit', 'age'], False)
    (True, True)
    """
    if isinstance(value, Mapping):
        problems = Problems()
        for name in value:
            if name not in names:
                hint = did_you_mean(name, filter(None, names))
                problems.add(f"{argument} has {name!r}, which is none of the outputs.{hint}")
        problems.raise_any()
        return tuple(value.get(name, default) for name in names)
    if isinstance(value, list | tuple):
        if len(value) != len(names):
            raise ValueError(f"{argument} has {len(value)} entries, but outputs has {len(names)}")
        return tuple(value)
    return (value,) * len(names)


def regression_by_output(regression: Any, outputs: Any) -> tuple[bool, ...]:
    """Tell for each output whether it answers with numbers, also before all else is checked.

    Parameters
    ----------
    regression, outputs
        As the parameters of `NeuralNet`.

    Examples
    --------
    >>> regression_by_output({'age': True}, ['digit', 'age']), regression_by_output(True, None)
    ((False, True), (True,))
    """
    names = output_names(outputs)
    if isinstance(regression, Mapping):
        return tuple(bool(regression.get(name)) for name in names)
    if isinstance(regression, list | tuple):
        return tuple(i < len(regression) and bool(regression[i]) for i in range(len(names)))
    return (bool(regression),) * len(names)


def unwrap_single(values: Sequence[Any]) -> Any:
    """Take one value out of a sequence of one; make a tuple of several."""
    return values[0] if len(values) == 1 else tuple(values)


def as_tuple(values: Any) -> tuple[Any, ...]:
    """Make a tuple of what `unwrap_single` made."""
    return tuple(values) if isinstance(values, list | tuple) else (values,)


Names = tuple[str | None, ...]
"""Names of the outputs; None names the only one."""


@dataclass(frozen=True)
class Outputs:
    """The targets of all outputs.

    Arrays are an array where there is one output, and a tuple in the order of the outputs where
    there are several.

    Parameters
    ----------
    names : tuple of str or None
    targets : tuple of Target
    """

    names: Names
    targets: tuple[Target, ...]

    def match(self, shapes: Sequence[tuple[int | None, ...]]) -> Outputs:
        """Agree with the shapes of the network's outputs, or say why not."""
        matched = _for_each(self.names, lambda t, shape: t.match(shape), self.targets, shapes)
        return replace(self, targets=matched)

    def encode(self, y: Any) -> Any:
        """What was given to what the losses take."""
        parts = split_targets(y, self.names)
        return unwrap_single(
            _for_each(self.names, lambda t, part: t.encode(part), self.targets, parts)
        )

    def decode(self, output: Any) -> Any:
        """Outputs of the network to labels, indicators or numbers."""
        return unwrap_single(
            [t.decode(o) for t, o in zip(self.targets, as_tuple(output), strict=True)]
        )

    def probabilities(self, output: Any) -> Any:
        """Outputs of the network to probabilities; None for numbers."""
        pairs = zip(self.targets, as_tuple(output), strict=True)
        return unwrap_single([None if t.classes is None else t.probabilities(o) for t, o in pairs])

    @property
    def classes(self) -> Any:
        """Labels of the one output, or a list by output; None where all are numbers."""
        classes = [t.classes for t in self.targets]
        if all(labels is None for labels in classes):
            return None
        return classes[0] if len(classes) == 1 else classes

    def row_weights(self, encoded: Any, class_weight: Any) -> np.ndarray:
        """Weight of each row by its class, where there is one output."""
        if len(self.targets) > 1:
            raise ValueError(
                f"class_weight needs a single output, and there are {', '.join(self.names)}; "
                "use sample_weight, or output_weights"
            )
        return self.targets[0].row_weights(encoded, class_weight)

    def score(self, y: Any, predictions: Any, sample_weight: Any = None) -> float:
        """Mean of the outputs' scores: accuracy, or for numbers the coefficient R^2."""
        from sklearn.metrics import accuracy_score, r2_score

        def score(target: Target, true: Any, predicted: Any) -> float:
            metric = r2_score if isinstance(target, Numbers) else accuracy_score
            return metric(true, predicted, sample_weight=sample_weight)

        parts = split_targets(y, self.names), as_tuple(predictions)
        return float(np.mean(_for_each(self.names, score, self.targets, *parts)))


def infer_outputs(
    y: Any, names: Names, *, regression: Sequence[bool], exact: bool = True, classes: Any = None
) -> Outputs:
    """Find out what kind of targets y holds for each output.

    Parameters
    ----------
    y : array-like, dict, tuple or list
        As `split_targets` takes it.
    names : tuple of str or None
    regression : sequence of bool
        By output.
    exact : bool
        Whether the classes are the labels found, even if an output has more units.
    classes : array-like, dict, tuple or list, optional
        All labels, where y may hold only some; by output where there are several.

    Returns
    -------
    Outputs

    Examples
    --------
    >>> y = {'digit': [3, 8, 5], 'parity': ['odd', 'even', 'odd']}
    >>> outputs = infer_outputs(y, ('digit', 'parity'), regression=(False, False))
    >>> [labels.tolist() for labels in outputs.classes]
    [[3, 5, 8], ['even', 'odd']]
    """

    def find(part: Any, numbers: bool, labels: Any) -> Target:
        return infer(part, regression=numbers, exact=exact, classes=labels)

    parts = split_targets(y, names)
    known = (classes,) if len(names) == 1 else by_output("classes", classes, names, None)
    return Outputs(names, _for_each(names, find, parts, regression, known))


def guess_outputs(
    shapes: Sequence[tuple[int | None, ...]], names: Names, *, regression: Sequence[bool]
) -> Outputs:
    """Guess the targets of a network that has not seen any, from the shapes of its outputs."""
    pairs = zip(shapes, regression, strict=True)
    return Outputs(names, tuple(from_output(shape, regression=own) for shape, own in pairs))


def split_targets(y: Any, names: Names) -> tuple[Any, ...]:
    """Give each output its own targets.

    Parameters
    ----------
    y : array-like, or for several outputs one of

        - a dict by output, or a DataFrame with a column for each;
        - a tuple or list of arrays, in the order of the outputs;
        - an array of shape (n, outputs), with a column for each in their order.
    names : tuple of str or None

    Returns
    -------
    tuple of array-like

    Raises
    ------
    ValueError
        Where an output has no targets, or targets have no output.
    """
    if len(names) == 1:
        if isinstance(y, Mapping) and not sparse.issparse(y):
            raise ValueError(
                f"y is a dict of {', '.join(map(repr, y))}, but the net has a single output; give "
                "an array, or name the output layers in outputs"
            )
        return (y,)
    if isinstance(y, Mapping) or hasattr(y, "columns"):
        _check_names(list(y if isinstance(y, Mapping) else y.columns), names)
        return tuple(y[name] for name in names)
    if isinstance(y, list | tuple) and len(y) == len(names):
        return tuple(y)
    table = y if isinstance(y, np.ndarray) else np.array(y, dtype=object)
    if table.ndim != 2 or table.shape[1] != len(names):
        shape = getattr(y, "shape", table.shape)
        given = f"{len(y)} entries" if isinstance(y, list | tuple) else f"shape {shape}"
        raise ValueError(
            f"y has {given}, but the net has the outputs {', '.join(names)}; give a dict of "
            f"arrays, a tuple of {len(names)} arrays, or an array of {len(names)} columns"
        )
    return tuple(_column(table, i) for i in range(len(names)))


def check_lengths(n: int, y: Any, names: Names) -> None:
    """Raise where some output has not a target for each of `n` rows."""
    check_consistent_length(np.empty(n), *split_targets(y, names))


def _check_names(given: list[Any], names: Names) -> None:
    problems = Problems()
    for name in given:
        if name not in names:
            problems.add(f"y has {name!r}, which is no output.{did_you_mean(name, names)}")
    for name in names:
        if name not in given:
            problems.add(f"y lacks targets for the output {name!r}")
    problems.raise_any()


def _column(table: np.ndarray, i: int) -> np.ndarray:
    """Take a column, with a type of its own where the table holds objects."""
    return np.array(table[:, i].tolist()) if table.dtype == object else table[:, i]


def _for_each(names: Names, function: Callable[..., Any], *values: Sequence[Any]) -> tuple:
    """Call a function for each output, and tell all that is wrong with the output's name."""
    problems, found = Problems(), []
    for name, *own in zip(names, *values, strict=True):
        with problems.collect(), _naming(name):
            found.append(function(*own))
    problems.raise_any()
    return tuple(found)


@contextmanager
def _naming(name: str | None) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError) as error:
        if name is None:
            raise
        raise ValueError(f"output {name!r}: {error}") from error

"""What a net answers: labels with probabilities or scores, or numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..targets.classes import Classes
from ..targets.labels import Labels
from ..targets.outputs import Outputs
from .writer import Writer

FLOAT, INT64 = 1, 7
"""Codes of types in ONNX."""


class Answer(NamedTuple):
    """An output of the file.

    Parameters
    ----------
    name : str
    type : int
        Code of its type in ONNX.
    axes : int
        Number of axes.
    """

    name: str
    type: int
    axes: int


def answer_names(outputs: Outputs) -> list[tuple[str, ...]]:
    """Return the names of what is answered for each output, as sklearn-onnx calls it.

    Parameters
    ----------
    outputs : Outputs

    Returns
    -------
    list of tuple of str
        ``('label', 'probabilities')`` for classes, with ``'scores'`` instead of probabilities if
        the net computes scores, and ``('variable',)`` for numbers. Several outputs put their names
        before, as in ``'digit_label'``, and numbers have the name of their output.
    """
    found: list[tuple[str, ...]] = []
    for name, target in zip(outputs.names, outputs.targets, strict=True):
        alone = name is None or len(outputs.targets) == 1
        if isinstance(target, Classes | Labels):
            prefix = "" if alone else f"{name}_"
            numbers = "scores" if target.scores else "probabilities"
            found.append((f"{prefix}label", prefix + numbers))
        else:
            found.append(("variable" if alone else str(name),))
    return found


def write_answers(
    writer: Writer, outputs: Outputs, found: list[str], ranks: list[int]
) -> list[Answer]:
    """Write what follows from the outputs of a network.

    Parameters
    ----------
    writer : Writer
        In which the names are reserved.
    outputs : Outputs
    found : list of str
        Names of the outputs of the network.
    ranks : list of int
        Numbers of their axes.

    Raises
    ------
    ValueError
        If labels are neither numbers nor text.
    """
    answers = []
    for names, target, out, rank in zip(
        answer_names(outputs), outputs.targets, found, ranks, strict=True
    ):
        writer.scope = names[0]
        if isinstance(target, Classes):
            answers += _classes(writer, target, out, rank, names)
        elif isinstance(target, Labels):
            answers += _labels(writer, target, out, rank, names)
        else:
            writer.add("Identity", out, named=names[0])
            answers.append(Answer(names[0], FLOAT, rank))
    return answers


def _classes(writer: Writer, target: Classes, x: str, rank: int, names: Any) -> list[Answer]:
    label, numbers = names
    if target.axis != 1:
        x = writer.add("Transpose", x, perm=[0, rank - 1, *range(1, rank - 1)])
    if target.single:
        one = () if target.scores else (writer.constant(1.0, "one"),)
        first = writer.add("Sub", *one, x) if one else writer.add("Neg", x)
        writer.add("Concat", first, x, axis=1, named=numbers)
    elif target.num_units == len(target.classes):
        writer.add("Identity", x, named=numbers)
    else:
        kept = np.arange(target.num_units)[target.classes]
        x = writer.add("Gather", x, writer.integers(*kept, name="units"), axis=1)
        if target.scores:
            writer.add("Identity", x, named=numbers)
        else:
            total = writer.add("ReduceSum", x, writer.integers(1, name="axis"))
            known = writer.add("Greater", total, writer.constant(0.0, "zero"))
            even = writer.constant(1 / len(kept), "even")
            writer.add("Where", known, writer.add("Div", x, total), even, named=numbers)
    classes = _plain(target.classes)
    best = writer.add("ArgMax", numbers, axis=1, keepdims=0)
    kind = 8 if classes.dtype.kind in "OU" else writer_type(classes)
    writer.add("Gather", writer.constant(classes, "classes", None), best, axis=0, named=label)
    return [Answer(label, kind, rank - 1), Answer(numbers, FLOAT, rank)]


def writer_type(array: np.ndarray) -> int:
    """Return the code of an array's type in ONNX: that of floats or of integers."""
    return FLOAT if array.dtype.kind == "f" else INT64


def _plain(classes: np.ndarray) -> np.ndarray:
    """Return classes as float32, int64 or objects that are text."""
    if classes.dtype.kind in "biu":
        return classes.astype(np.int64)
    if classes.dtype.kind == "f":
        return classes.astype(np.float32)
    if not all(isinstance(label, str) for label in classes):
        raise ValueError(f"classes_ must be numbers or text, got {list(classes[:10])}")
    return classes.astype(object)


def _labels(writer: Writer, target: Labels, x: str, rank: int, names: Any) -> list[Answer]:
    label, numbers = names
    writer.add("Identity", x, named=numbers)
    if type(target) is not Labels:  # one-hot classes
        best = writer.add("ArgMax", x, axis=1, keepdims=0)
        eye = writer.constant(np.eye(target.num_units), "eye", np.int64)
        writer.add("Gather", eye, best, axis=0, named=label)
    else:
        threshold = writer.constant(0.0 if target.scores else 0.5, "threshold")
        writer.add("Cast", writer.add("Greater", x, threshold), to=INT64, named=label)
    return [Answer(label, INT64, rank), Answer(numbers, FLOAT, rank)]

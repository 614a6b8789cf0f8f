"""Infer the targets of all outputs, from y or from the outputs of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..utils.loss_contracts import DEFAULT_LOSS, LossInfo
from .by_output import Names, by_output, for_each
from .forms import split_targets
from .inference import from_output, infer
from .outputs import Outputs
from .target import Target


def infer_outputs(
    y: Any,
    names: Names,
    *,
    regression: Sequence[bool],
    exact: bool = True,
    classes: Any = None,
    growing: bool = False,
    losses: tuple[LossInfo, ...] = (),
    ignored: Sequence[Any] = (),
) -> Outputs:
    """Infer the kind of targets of each output from y.

    Parameters
    ----------
    y : array-like, dict, tuple or list
        As accepted by `split_targets`.
    names : tuple of str or None
    regression : sequence of bool
        By output.
    exact : bool
        Whether the classes are just the labels in y, even if an output has more units.
    classes : array-like, dict, tuple or list, optional
        All labels, for a y that may hold only some of them; by output if there are several.
    growing : bool
        Whether y may lack labels that come later.
    losses : tuple of LossInfo, optional
        By output.
    ignored : sequence of object, optional
        Value of the targets that count nothing, by output; None if all count.

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

    def find(part: Any, numbers: bool, labels: Any, loss: LossInfo, label: Any) -> Target:
        options: dict[str, Any] = {"exact": exact, "growing": growing, "loss": loss}
        return infer(part, regression=numbers, classes=labels, ignored=label, **options)

    parts = split_targets(y, names)
    known = (classes,) if len(names) == 1 else by_output("classes", classes, names, None)
    infos = losses or (DEFAULT_LOSS,) * len(names)
    labels = ignored or (None,) * len(names)
    targets = for_each(names, find, parts, regression, known, infos, labels)
    return Outputs(names, targets, losses)


def guess_outputs(
    shapes: Sequence[tuple[int | None, ...]],
    names: Names,
    *,
    regression: Sequence[bool],
    axes: Sequence[int] | None = None,
    losses: tuple[LossInfo, ...] = (),
) -> Outputs:
    """Return default targets for a network that was not fitted to any, by its output shapes."""
    axes = axes or [1] * len(names)
    infos = losses or (DEFAULT_LOSS,) * len(names)
    parts = zip(shapes, regression, axes, infos, strict=True)
    targets = [
        from_output(shape, regression=own, axis=axis, loss=loss) for shape, own, axis, loss in parts
    ]
    return Outputs(names, tuple(targets), losses)

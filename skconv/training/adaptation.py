"""Set the state of a model that follows from the training data: statistics of X and y."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..data.dataset import Dataset, Scale
from ..network.head import SCALE, Head
from ..network.model import Model
from ..targets.numbers import Numbers
from ..targets.outputs import Outputs


def _scaled_heads(model: Model) -> Iterator[Head]:
    return (head for head in model.network.heads if head.predicted and head.scaled)


def target_scales(model: Model) -> dict[int, Scale | None]:
    """Return what scales back each output whose targets are standardized.

    Returns
    -------
    dict of int to (array, array) or None
        A shift and a factor for each value of a row of the output, by index of the output; None if
        the model does not know them yet.
    """
    scales: dict[int, Scale | None] = {}
    for head in _scaled_heads(model):
        known = (head.name, SCALE[0]) in model.adapted
        mean, scale = (np.asarray(model.state[head.name][name], np.float64) for name in SCALE)
        scales[head.target] = (mean, scale) if known else None
    return scales


def in_units_of(outputs: Outputs, model: Model) -> Outputs:
    """Return the outputs with the scales that a model holds."""
    known = {
        i: outputs.target_scale(i, scale)
        for i, scale in target_scales(model).items()
        if scale is not None
    }
    return outputs.with_scales(known) if known else outputs


def adapt(model: Model, train: Dataset, outputs: Outputs) -> None:
    """Compute the statistics of the training rows that layers ask for, and store the scales of y.

    Parameters
    ----------
    model : Model
        Changed in place; state that was loaded, or computed before, is kept.
    train : Dataset
    outputs : Outputs
        With the scales of the targets.
    """
    for head in _scaled_heads(model):
        numbers = outputs.targets[head.target]
        if isinstance(numbers, Numbers) and (head.name, SCALE[0]) not in model.adapted:
            values = dict(zip(SCALE, numbers.output_scale(), strict=True))
            model.adapt(head.name, values)
    for node in model.network.nodes:
        places = {(node.name, name) for name in node.specs}
        if node.layer.adapts and not places & model.adapted:
            (source,) = node.incomings
            batches = ((X[source], weights) for X, weights in train.batches())
            model.adapt(node.name, node.layer.adapt(batches))

"""The output layers of a net, and their weights in the training loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import InvalidParameterError, Problems, did_you_mean
from ..network.head import Head
from ..targets.by_output import by_output, output_names, regression_by_output
from .routing import describe_losses


def read_heads(
    outputs: Any,
    aux_outputs: Iterable[str],
    layers: Sequence[str],
    scaled: Sequence[bool] | None = None,
) -> tuple[Head, ...]:
    """Return the output layers, those of predictions before auxiliary ones.

    Parameters
    ----------
    outputs : str, list of str or None
    aux_outputs : iterable of str
        Names of auxiliary outputs, trained on the target of the first output.
    layers : sequence of str
        Names of all layers.
    scaled : sequence of bool, optional
        Whether the targets of each output are standardized.

    Returns
    -------
    tuple of Head

    Raises
    ------
    ValueError
        With all unknown and repeated names.
    """
    problems = Problems()
    names = [layers[-1] if name is None else name for name in output_names(outputs)]
    aux = list(aux_outputs)
    for argument, given in (("outputs", names), ("aux_outputs", aux)):
        for name in given:
            if name not in layers:
                hint = did_you_mean(name, layers)
                problems.add(f"{argument} must name layers of the net, got {name!r}.{hint}")
    for i, name in enumerate(names):
        if name in names[:i]:
            problems.add(f"outputs must name each layer once, got {name!r} twice")
        if name in aux:
            problems.add(f"aux_outputs must not name layers of outputs, got {name!r}")
    problems.raise_any()
    predicted = [
        Head(name, target, scaled=scaled is not None and scaled[target])
        for target, name in enumerate(names)
    ]
    return (*predicted, *(Head(name, predicted=False) for name in aux))


def head_weights(
    heads: Sequence[Head],
    output_weights: Mapping[str, float],
    aux_outputs: Mapping[str, float],
) -> tuple[float, ...]:
    """Return the weight of each output in the training loss, 1.0 by default.

    Examples
    --------
    >>> heads = read_heads(['digit', 'parity'], ['early'], ['early', 'digit', 'parity'])
    >>> head_weights(heads, {'parity': 0.5}, {'early': 0.3})
    (1.0, 0.5, 0.3)
    """
    names = [head.name for head in heads if head.predicted]
    weights = by_output("output_weights", output_weights, names, 1.0)
    if not any((*weights, *aux_outputs.values())):
        raise InvalidParameterError(
            f"output_weights must give some output a positive weight, got {output_weights!r}"
        )
    return (*weights, *aux_outputs.values())


def scaled_outputs(params: Mapping[str, Any]) -> tuple[bool, ...]:
    """Return for each output whether its targets are standardized.

    Raises
    ------
    ValueError
        If `normalize_y` is True, but no output predicts numbers.
    """
    numbers = regression_by_output(params["regression"], params["outputs"])
    if not params["normalize_y"]:
        return (False,) * len(numbers)
    if not any(numbers):
        raise ValueError("normalize_y must be False or None if no output predicts numbers")
    infos = describe_losses(params)
    scaled = [own and not info.fixes_units for own, info in zip(numbers, infos, strict=True)]
    if not any(scaled):
        raise ValueError(
            f"normalize_y must be False or None for {infos[0].name}, which takes y in its units"
        )
    return tuple(scaled)

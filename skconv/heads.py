"""The outputs of a net: which layers they are, and what each of them is trained on.

Inside, outputs and targets are tuples. What users write gets an array where there is one output,
and a tuple where there are several: `alone` and `each` lead from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .errors import Faults, did_you_mean


class Head(NamedTuple):
    """An output layer.

    Parameters
    ----------
    name : str
    target : int
        Number of the target that it is trained on.
    predicted : bool
        False for an auxiliary output, which is there for the training loss alone.
    ending : callable, optional
        Nonlinearity after a layer that has none of its own.
    """

    name: str
    target: int = 0
    predicted: bool = True
    ending: Any = None


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


def read_heads(outputs: Any, aux_outputs: Iterable[str], layers: Sequence[str]) -> tuple[Head, ...]:
    """Find the output layers, those that are predicted first.

    Parameters
    ----------
    outputs : str, list of str or None
    aux_outputs : iterable of str
        Auxiliary outputs, trained on the target of the first output.
    layers : sequence of str
        Names of all layers.

    Returns
    -------
    tuple of Head

    Raises
    ------
    ValueError
        With all names that no layer has, or that are there twice.
    """
    faults = Faults()
    names = [layers[-1] if name is None else name for name in output_names(outputs)]
    aux = list(aux_outputs)
    for argument, given in (("outputs", names), ("aux_outputs", aux)):
        for name in given:
            if name not in layers:
                faults.add(f"{argument}: there is no layer {name!r}.{did_you_mean(name, layers)}")
    for i, name in enumerate(names):
        if name in names[:i]:
            faults.add(f"outputs: {name!r} is there twice")
        if name in aux:
            faults.add(f"aux_outputs: {name!r} is an output already")
    faults.raise_any()
    predicted = [Head(name, target) for target, name in enumerate(names)]
    return (*predicted, *(Head(name, predicted=False) for name in aux))


def head_weights(
    heads: Sequence[Head],
    output_weights: Mapping[str, float],
    aux_outputs: Mapping[str, float],
) -> tuple[float, ...]:
    """Weight of each output in the training loss; one where nothing is said.

    Examples
    --------
    >>> heads = read_heads(['digit', 'parity'], ['early'], ['early', 'digit', 'parity'])
    >>> head_weights(heads, {'parity': 0.5}, {'early': 0.3})
    (1.0, 0.5, 0.3)
    """
    names = [head.name for head in heads if head.predicted]
    return (*by_output("output_weights", output_weights, names, 1.0), *aux_outputs.values())


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
        faults = Faults()
        for name in value:
            if name not in names:
                hint = did_you_mean(name, filter(None, names))
                faults.add(f"{argument} has {name!r}, which is none of the outputs.{hint}")
        faults.raise_any()
        return tuple(value.get(name, default) for name in names)
    if isinstance(value, list | tuple):
        if len(value) != len(names):
            raise ValueError(f"{argument} has {len(value)} entries, but outputs has {len(names)}")
        return tuple(value)
    return (value,) * len(names)


def numeric(regression: Any, outputs: Any) -> tuple[bool, ...]:
    """Tell for each output whether it answers with numbers, also before all else is checked.

    Parameters
    ----------
    regression, outputs
        As the parameters of `NeuralNet`.

    Examples
    --------
    >>> numeric({'age': True}, ['digit', 'age']), numeric(True, None)
    ((False, True), (True,))
    """
    names = output_names(outputs)
    if isinstance(regression, Mapping):
        return tuple(bool(regression.get(name)) for name in names)
    if isinstance(regression, list | tuple):
        return tuple(i < len(regression) and bool(regression[i]) for i in range(len(names)))
    return (bool(regression),) * len(names)


def alone(values: Sequence[Any]) -> Any:
    """Take one value out of a sequence of one; make a tuple of several."""
    return values[0] if len(values) == 1 else tuple(values)


def each(values: Any) -> tuple[Any, ...]:
    """Make a tuple of what `alone` made."""
    return tuple(values) if isinstance(values, list | tuple) else (values,)

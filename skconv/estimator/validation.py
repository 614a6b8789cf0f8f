"""The table of valid values for the parameters of `NeuralNet`."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from ..data.iterators import BatchIterator, TrainSplit, split_function
from ..errors import Problems, did_you_mean
from ..models.pretrained import Pretrained
from ..network.precision import available_dtypes, dtype_hint
from ..ops.device_choice import are_shared, is_devices
from ..ops.platform import devices
from ..targets.holes import is_label
from ..training.events import EVENTS
from ..updates.by_name import named_updates
from ..updates.transformation import is_transformation
from ..utils.checks import (
    MAX_SEED,
    is_integer,
    is_named,
    is_number,
    random_state,
    seed,
    takes_arguments,
)
from ..utils.signatures import signature_of
from .by_name import CROSSENTROPY, LOSS_NAMES
from .handler_lists import check_handlers
from .scores import SCORES, check_scores, is_list_of_scores, list_hint

Test = Callable[[Any], bool]


def _is_fraction(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < 1


def _is_list_of_functions(value: Any) -> bool:
    return value is None or callable(value) or _each(value, callable)


def _is_list_of_transforms(value: Any) -> bool:
    def is_entry(entry: Any) -> bool:
        return callable(entry[1] if is_named(entry) else entry)

    return value is None or callable(value) or _each(value, is_entry)


def _each(value: Any, test: Test) -> bool:
    return isinstance(value, list | tuple) and all(map(test, value))


def _are_sizes(value: Any) -> bool:
    sizes = value if isinstance(value, list | tuple) else [value]
    return all(is_integer(size, low=1) for size in sizes)


def _is_split(value: Any) -> bool:
    def is_pair(entry: Any) -> bool:
        return isinstance(entry, list | tuple) and len(entry) == 2

    if isinstance(value, str | bytes | type):  # text has a method of that name
        return False
    if callable(value) and not hasattr(value, "split"):
        return takes_arguments(value, 3)
    given = hasattr(value, "split") or (_each(value, is_pair) and len(value) > 0)
    return given or _is_eval_size(value)


def _is_eval_size(value: Any) -> bool:
    return value is None or (is_number(value) and value == 0) or _is_fraction(value)


def _is_list_of_names(value: Any) -> bool:
    names = [value] if isinstance(value, str) else value
    return _each(names, lambda name: isinstance(name, str)) and len(names) > 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_) or (is_integer(value) and value in (0, 1))


def _by_output(value: Any, test: Test) -> bool:
    """Return whether a value, or each value of a dict or list by output, passes a test."""
    if isinstance(value, Mapping):
        return all(map(test, value.values()))
    return _each(value, test) or test(value)


def _are_weights(value: Any) -> bool:
    def is_weight(number: Any) -> bool:
        return is_number(number) and 0 <= number < np.inf

    return value is None or (isinstance(value, Mapping) and all(map(is_weight, value.values())))


_HANDLERS = (_is_list_of_functions, "a function (net, train_history), or a list of them")

_SCORES = (is_list_of_scores, "a list of (name, function)")

_WEIGHTS = (_are_weights, "a dict of non-negative weights by output, or None")

_ITERATOR = (
    lambda v: isinstance(v, BatchIterator) or is_integer(v, low=1),
    "a positive integer or a BatchIterator",
)

_FLAG = (_is_flag, "True or False")


def _is_objective(value: Any) -> bool:
    if not callable(value) or hasattr(value, "get_loss"):
        return False
    try:
        called = signature_of(value)
        called.bind_partial(*range(4), loss_function=None)
    except TypeError:
        return False
    except ValueError:  # functions in C have no signature
        return True
    return next(iter(called.parameters), "") not in ("layers", "layers_")


def _is_format(value: Any) -> bool:
    return isinstance(value, str) and value in ("channels_first", "channels_last")


_SEED = (lambda v: seed(v) is None, f"an integer between 0 and {MAX_SEED} or None")

_EPOCHS = (lambda v: is_integer(v, low=0), "a non-negative integer")

RULES: dict[str, tuple[Test, str]] = {
    "update": (
        lambda v: callable(v) or is_transformation(v),
        "an update rule such as skconv.updates.adam or optax.adam, or its name",
    ),
    "objective": (
        _is_objective,
        "a function (predictions, targets, weights, params, *, loss_function, ...) such as "
        "skconv.objectives.objective",
    ),
    "objective_loss_function": (
        lambda v: _by_output(v, lambda loss: loss is None or callable(loss)),
        "a function (predictions, targets) or its name, a dict of them by output, or None",
    ),
    "regression": (
        lambda v: _by_output(v, _is_flag),
        "True or False, or a dict or list of them by output",
    ),
    "outputs": (
        lambda v: v is None or _is_list_of_names(v),
        "the name of a layer, a list of names, or None",
    ),
    "aux_outputs": _WEIGHTS,
    "output_weights": _WEIGHTS,
    "batch_iterator_train": (
        lambda v: v is None or _ITERATOR[0](v),
        "a positive integer, a BatchIterator or None",
    ),
    "batch_iterator_test": _ITERATOR,
    "hidden_layer_sizes": (_are_sizes, "a positive integer, or a list or tuple of them"),
    "normalize_y": (lambda v: v is None or _is_flag(v), "True, False or None"),
    "max_epochs": _EPOCHS,
    "epochs": _EPOCHS,
    "train_split": (
        _is_split,
        "a fraction between 0 and 1, a splitter such as KFold(5), a list of pairs of arrays of row "
        "indices, a function (X, y, net), or None",
    ),
    "custom_scores": (
        lambda v: _SCORES[0](v) or isinstance(v, str | Mapping),
        f"{_SCORES[1]} or names of scikit-learn's scorers, or a dict of them by output",
    ),
    "scores_train": _SCORES,
    "scores_valid": _SCORES,
    **dict.fromkeys(EVENTS, _HANDLERS),
    "more_params": (lambda v: v is None or isinstance(v, Mapping), "a dict or None"),
    "check_input": _FLAG,
    "data_format": (
        lambda v: _is_format(v) or (isinstance(v, Mapping) and all(map(_is_format, v.values()))),
        "'channels_first' or 'channels_last', or a dict of them by input",
    ),
    "use_label_encoder": _FLAG,
    "warm_start": _FLAG,
    "verbose": (lambda v: _is_flag(v) or is_integer(v, low=0), "a non-negative integer"),
    "random_state": (
        lambda v: random_state(v) is None,
        f"an integer between 0 and {MAX_SEED}, a RandomState or None",
    ),
    "class_weight": (
        lambda v: _are_weights(v) or (isinstance(v, str) and v == "balanced"),
        "a dict of non-negative weights by label, 'balanced', or None",
    ),
    "ignore_label": (
        lambda v: _by_output(v, lambda label: label is None or is_label(label)),
        "a label or number, numpy.nan or None, or a dict or list of them by output",
    ),
    "augment": (
        _is_list_of_transforms,
        "a transform or function (key, Xb, yb), a list of them or of (name, transform), or None",
    ),
    "test_augment": (
        lambda v: v is None or callable(v),
        "a function (forward, key, Xb), or None",
    ),
    "transform_layer": (
        lambda v: v is None or isinstance(v, str) or is_integer(v),
        "the name or the index of a layer, or None",
    ),
    "autoencoder": _FLAG,
    "devices": (
        is_devices,
        "'all', the number of devices, a list of different jax devices of one platform, a "
        "jax.sharding.Mesh of one axis, or None",
    ),
    "shard_params": _FLAG,
    "compute_dtype": (
        lambda v: v is None or (isinstance(v, str) and v in available_dtypes()),
        "None, 'float32', 'bfloat16' or, where JAX has it enabled, 'float64'",
    ),
    "accumulate_steps": (lambda v: is_integer(v, low=1), "a positive integer"),
    "remat": (
        lambda v: v is None or isinstance(v, bool) or _is_list_of_names(v),
        "True, the name of a layer, a list of names, or None",
    ),
    "pretrained": (
        lambda v: v is None or isinstance(v, Pretrained | Mapping | str | os.PathLike),
        "a Pretrained, a dict of weights, the path of a weight file, or None",
    ),
    "cache_features": _FLAG,
}
"""For each parameter a test of its value, and a phrase that says what is valid.

`epochs` is the argument of `fit`.
"""

COMPONENTS: dict[type, dict[str, tuple[Test, str]]] = {
    BatchIterator: {
        "batch_size": (lambda v: v is None or is_integer(v, low=1), "a positive integer or None"),
        "shuffle": (lambda v: _is_flag(v) or v == "blocks", "True, False or 'blocks'"),
        "seed": _SEED,
        "block": (lambda v: v is None or is_integer(v, low=1), "a positive integer or None"),
    },
    TrainSplit: {
        "eval_size": (_is_eval_size, "a fraction between 0 and 1, or None"),
        "stratify": (lambda v: v is None or _is_flag(v), "True, False or None"),
        "random_state": _SEED,
        "shuffle": _FLAG,
    },
}
"""The same for the nested parameters of objects that are the value of a parameter."""


def _hint(name: str, value: Any) -> str:
    """Return the nearest known names for the unknown names in a value."""
    known: Collection[str] = ()
    if name in SCORES:
        return list_hint(value)
    if name == "train_split":
        return _split_hint(value)
    if name == "devices":
        return _devices_hint(value)
    if name == "pretrained" and hasattr(value, "get_all_params"):
        return "; for the weights of a net, write skconv.models.Pretrained.from_net(net)"
    if name == "compute_dtype":
        return dtype_hint(value)
    if name == "objective" and callable(value):
        return (
            "; it gets the outputs of the net and the regularizable parameters as arrays, and "
            "returns the loss"
        )
    if name == "update":
        known = named_updates()
    elif name == "objective_loss_function":
        known = LOSS_NAMES
    several = value.values() if isinstance(value, Mapping) else value
    given = several if not isinstance(value, str) and isinstance(several, Iterable) else [value]
    if known and any(isinstance(one, str) and one in CROSSENTROPY for one in given):
        return "; the cross-entropy is a loss for labels, not for outputs with regression=True"
    unknown = [one for one in given if isinstance(one, str) and one not in known]
    return f".{did_you_mean(unknown[0], known)}" if known and unknown else ""


def _split_hint(value: Any) -> str:
    """Return what to write instead of a value that splits no rows."""
    if isinstance(value, type):
        return f"; write {value.__name__}()"
    if isinstance(value, np.ndarray) and value.dtype == bool:
        return "; write [(~mask, mask)] for a mask of the validation rows"
    pair = isinstance(value, list | tuple) and len(value) == 2
    if pair and all(isinstance(part, np.ndarray | list | range) for part in value):
        return "; write [(train, valid)]"
    return ""


def _devices_hint(value: Any) -> str:
    """Return how many devices can be chosen, if a number is given."""
    count = len(devices())
    return f"; JAX has {count} device{'s' if count > 1 else ''}" if is_number(value) else ""


def check_devices(value: Any, problems: Problems) -> None:
    """Add an error if a value chooses no devices of this process."""
    test, valid = RULES["devices"]
    if not test(value):
        problems.add_parameter("devices", valid, value, _hint("devices", value))


def check_settings(values: Mapping[str, Any]) -> Problems:
    """Check the values of parameters that have a rule.

    Parameters
    ----------
    values : mapping of str to object
        Parameters of a net by name.

    Returns
    -------
    Problems
        One `InvalidParameterError` per invalid value.

    Examples
    --------
    >>> check_settings({'max_epochs': -1}).found
    [InvalidParameterError('max_epochs must be a non-negative integer, got -1')]
    """
    problems = Problems()
    for name, (test, valid) in RULES.items():
        if name not in values:
            continue
        value = values[name]
        if not test(value):
            problems.add_parameter(name, valid, value, _hint(name, value))
        for cls, nested in COMPONENTS.items():
            if not isinstance(value, cls) or (cls is TrainSplit and split_function(value)):
                continue
            for inner, (test_inner, valid_inner) in nested.items():
                if not hasattr(value, inner):
                    problems.add(
                        f"{name} lacks its parameter {inner}; {type(value).__name__}.__init__ must "
                        "call super().__init__"
                    )
                elif not test_inner(getattr(value, inner)):
                    problems.add_parameter(f"{name}__{inner}", valid_inner, getattr(value, inner))
    if values.get("shard_params") and values.get("devices", "all") is None:
        problems.add_parameter(
            "shard_params", "False without devices", True, "; write devices='all'"
        )
    valid_lists = {name: value for name, value in values.items() if _is_valid_list(name, value)}
    check_scores(valid_lists, problems)
    check_handlers(valid_lists, problems)
    if are_shared(values.get("devices")):
        _check_shared(values, problems)
    return problems


def _check_shared(values: Mapping[str, Any], problems: Problems) -> None:
    """Add an error for each value with which several processes cannot train a net together."""
    where = "where several processes train a net together"
    if values.get("random_state", 0) is None:
        hint = "; all draw the same weights and orders from it"
        problems.add_parameter("random_state", f"an integer {where}", None, hint)
    if values.get("shard_params"):
        hint = "; give the devices of one process, as in devices=jax.local_devices()"
        problems.add_parameter("shard_params", f"False {where}", True, hint)


def _is_valid_list(name: str, value: Any) -> bool:
    return name in (*SCORES, *EVENTS) and RULES[name][0](value)

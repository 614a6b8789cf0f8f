"""The modules of a state dict of torch."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ...errors import list_names

LEAVES = {
    *("weight", "bias", "running_mean", "running_var", "num_batches_tracked"),
    *("in_proj_weight", "in_proj_bias", "q_proj_weight", "k_proj_weight", "v_proj_weight"),
}
"""Names of parameters and buffers in modules of torch."""

RECURRENT = re.compile(r"((?:weight|bias)_(?:ih|hh|hr))(?:_l(\d+)(_reverse)?)?")
"""Names of parameters in recurrent modules, with layer and direction."""

COUNTERS = ("num_batches_tracked", "n_averaged")
"""Numbers in state dicts that are not weights."""

WRAPPERS = ("module", "_orig_mod", "model", "net", "network")
"""First parts of names that wrappers add: data parallel, compiled and Lightning's modules."""

NESTED = (
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "net",
    "network",
    "weights",
    "params",
)
"""Keys of checkpoints under which weights usually are, the preferred ones first."""


class Module(NamedTuple):
    """A module of torch with its tensors.

    Parameters
    ----------
    path : str
        Its name, such as ``'layer1.0.conv1'``. Layers and directions of a recurrent module are
        modules of their own, such as ``'lstm.l0_reverse'``.
    keys : dict of str to str
        Names of the tensors in the state dict, by those within the module.
    """

    path: str
    keys: dict[str, str]


def is_of_torch(names: Collection[str]) -> bool:
    """Return whether most names are those of tensors in modules of torch.

    Examples
    --------
    >>> is_of_torch(['fc.weight', 'fc.bias']), is_of_torch(['fc.W', 'fc.b'])
    (True, False)
    """
    found = [name for name in names if isinstance(name, str) and _is_leaf(name.split(".")[-1])]
    return 2 * len(found) > len(names)


def _is_leaf(name: str) -> bool:
    return name in LEAVES or RECURRENT.fullmatch(name) is not None


def find_state_dict(source: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return the state dict of a checkpoint, which may hold it under a key, or the source itself.

    Raises
    ------
    ValueError
        If it holds several under other keys than the usual ones.

    Examples
    --------
    >>> import numpy as np
    >>> list(find_state_dict({'epoch': 3, 'state_dict': {'fc.weight': np.ones((2, 3))}}))
    ['fc.weight']
    """
    nested = {
        key: value
        for key, value in source.items()
        if isinstance(value, Mapping) and value and is_of_torch(value.keys())
    }
    if not nested:
        deeper = [value for value in source.values() if _is_checkpoint(value)]
        return find_state_dict(deeper[0]) if len(deeper) == 1 else source
    for key in NESTED:
        if key in nested:
            return nested[key]
    if len(nested) > 1:
        names = list_names([repr(key) for key in nested], 5)
        raise ValueError(
            f"source must hold the weights of one net, got those of several under the keys {names}"
            "; give one of them, as in load_params_from(torch.load(path, weights_only=True)[key])"
        )
    return next(iter(nested.values()))


def _is_checkpoint(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    inner = (one for one in value.values() if isinstance(one, Mapping) and one)
    return any(is_of_torch(one.keys()) for one in inner)


def read_modules(source: Mapping[str, Any]) -> list[Module]:
    """Return the modules of a state dict, in its order, without the prefixes of wrappers.

    Parameters
    ----------
    source : mapping of str to array or tensor

    Examples
    --------
    >>> read_modules({'module.fc.weight': 0, 'module.fc.bias': 0})
    [Module(path='fc', keys={'weight': 'module.fc.weight', 'bias': 'module.fc.bias'})]
    """
    keys = [key for key in source if key.split(".")[-1] not in COUNTERS]
    start = len(_wrapper(keys))
    modules: dict[str, Module] = {}
    for key in keys:
        path, _, leaf = key[start:].rpartition(".")
        if match := RECURRENT.fullmatch(leaf):
            leaf, layer, reverse = match.groups()
            inner = f"l{layer}{reverse or ''}" if layer is not None else ""
            path = ".".join(filter(None, (path, inner)))
        modules.setdefault(path, Module(path, {})).keys[leaf] = key
    return list(modules.values())


def _wrapper(keys: list[str]) -> str:
    """Return the prefix that wrappers have added to all names."""
    prefix = ""
    while keys:
        first = keys[0][len(prefix) :].split(".")[0]
        longer = f"{prefix}{first}."
        if first not in WRAPPERS or not all(key.startswith(longer) for key in keys):
            break
        prefix = longer
    return prefix


def is_in_order(source: Mapping[str, Any]) -> bool:
    """Return whether tensors are in the order of their definition, rather than sorted by name.

    Files in the format safetensors are sorted, tensors of one type after the other. In torch
    weights come before biases.

    Examples
    --------
    >>> import numpy as np
    >>> is_in_order({'b.weight': np.ones(3), 'b.bias': np.ones(3)})
    True
    """
    by_type: dict[str, list[str]] = {}
    for key, tensor in source.items():
        if key.split(".")[-1] not in COUNTERS:
            by_type.setdefault(str(getattr(tensor, "dtype", "")), []).append(key)
    return any(keys != sorted(keys) for keys in by_type.values())

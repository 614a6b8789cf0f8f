"""Files with all that training needs to go on as if it had never stopped."""

from __future__ import annotations

import json
import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .errors import Faults
from .history import Row
from .model import Model
from .persistence import load_arrays, save_arrays

COUNTS = ("seed", "epoch", "step")


def save_checkpoint(model: Model, history: list[Row], path: str | os.PathLike[str]) -> None:
    """Write weights, state, the state of the update rule, and the history.

    Parameters
    ----------
    model : Model
    history : list of dict
    path : str or path
        Ends in ``.safetensors`` or ``.npz``; what is there is replaced whole.
    """
    rows = np.frombuffer(json.dumps(history).encode(), np.uint8)
    counts = {name: np.int64(getattr(model, name)) for name in COUNTS}
    leaves = {name: np.asarray(leaf) for name, leaf in _leaves(model).items()}
    save_arrays({**counts, **leaves, "history": rows}, path)


def load_checkpoint(model: Model, path: str | os.PathLike[str]) -> list[Row]:
    """Put a model where another one was when it was saved.

    Parameters
    ----------
    model : Model
        Of the same network and update rule, which has been started.
    path : str or path

    Returns
    -------
    list of dict
        The history.

    Raises
    ------
    ValueError
        With all that does not fit; the model stays as it was.
    """
    arrays = load_arrays(path)
    leaves = _leaves(model)
    faults = Faults()
    missing = [name for name in (*COUNTS, "history", *leaves) if name not in arrays]
    unknown = [name for name in arrays if name not in (*COUNTS, "history", *leaves)]
    if missing or unknown:
        faults.add(
            f"{path} is no checkpoint of this network and update: it lacks "
            f"{', '.join(missing) or 'nothing'}, and has {', '.join(unknown) or 'nothing'} besides"
        )
    for name, leaf in leaves.items():
        if name in arrays and _kind(arrays[name]) != _kind(leaf):
            faults.add(f"{name} in {path} is {_described(arrays[name])}, needs {_described(leaf)}")
    if "seed" in arrays and arrays["seed"] != model.seed:
        faults.add(
            f"{path} comes from a training with other random numbers; give the net the "
            "random_state that it had, a whole number"
        )
    faults.raise_any()
    tree = model.params, model.state, model.opt
    new = [jnp.asarray(arrays[name]) for name in leaves]
    model.params, model.state, model.opt = jax.tree.unflatten(jax.tree.structure(tree), new)
    model.epoch, model.step = int(arrays["epoch"]), int(arrays["step"])
    return json.loads(bytes(arrays["history"]))


def _leaves(model: Model) -> dict[str, Any]:
    tree = {"params": model.params, "state": model.state, "update": model.opt}
    found = {name: jax.tree.leaves_with_path(part) for name, part in tree.items()}
    return {
        name + jax.tree_util.keystr(path): leaf
        for name, leaves in found.items()
        for path, leaf in leaves
    }


def _kind(array: Any) -> tuple[Any, ...]:
    return array.shape, array.dtype


def _described(array: Any) -> str:
    return f"{array.dtype} {array.shape}"

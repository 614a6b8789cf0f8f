"""The files of checkpoints: write the state of a training, read it, and restore a model."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from ..errors import Problems, list_names
from ..network.model import Model
from ..network.precision import device_copy
from ..network.weight_files import load_arrays, save_arrays
from ..utils.plain_values import pack, unpack
from .history import Row

COUNTS = ("seed", "epoch", "step")
"""Integers of a model that a checkpoint holds beside its arrays."""

TEXTS = ("identity", "history", "progress")
"""Parts of a checkpoint that are written as JSON."""

PROGRESS = "progress:"
"""What the names of the handlers' arrays begin with."""


class CheckpointFile(NamedTuple):
    """The contents of a checkpoint.

    Parameters
    ----------
    arrays : dict of str to array
        Weights, layer state, state of the update rule, and the counts of the model.
    identity : dict of str to str
        What decided the training, as `TrainingIdentity.parts`; empty if the file does not say.
    history : list of dict
    progress : dict of str to object
        Plain values that handlers keep.
    """

    arrays: dict[str, np.ndarray]
    identity: dict[str, str]
    history: list[Row]
    progress: dict[str, Any]


def save_checkpoint(
    model: Model,
    history: list[Row],
    path: str | os.PathLike[str],
    identity: Mapping[str, str],
    progress: Mapping[str, Any],
) -> None:
    """Write weights, layer state, optimizer state and history to a file.

    Parameters
    ----------
    model : Model
    history : list of dict
    path : str or path
        Ends in ``.safetensors`` or ``.npz``. An existing file is replaced in one step.
    identity : mapping of str to str
        What decides the training.
    progress : mapping of str to object
        Plain values that handlers keep.
    """
    own: dict[str, np.ndarray] = {}
    arrays = {name: np.asarray(getattr(model, name), np.int64) for name in COUNTS}
    arrays |= {name: np.asarray(leaf) for name, leaf in _named_leaves(model).items()}
    packed = pack(dict(progress), own, PROGRESS)
    texts = {"identity": dict(identity), "history": history, "progress": packed}
    arrays |= {name: np.frombuffer(json.dumps(texts[name]).encode(), np.uint8) for name in TEXTS}
    save_arrays(arrays | own, path)


def read_checkpoint(path: str | os.PathLike[str]) -> CheckpointFile:
    """Read a file that `save_checkpoint` wrote.

    Raises
    ------
    ValueError
        If it is damaged, or not a checkpoint.
    """
    arrays = load_arrays(path)
    if "history" not in arrays:
        raise ValueError(f"{os.fspath(path)} must be a checkpoint, got a file without a history")
    own = {name: arrays.pop(name) for name in list(arrays) if name.startswith(PROGRESS)}
    texts = {"identity": {}, "progress": ["dict"]} | {
        name: _read_text(arrays.pop(name), name, path) for name in TEXTS if name in arrays
    }
    identity, history = texts["identity"], texts["history"]
    if not isinstance(history, list) or not all(map(_is_row, history)):
        raise ValueError(f"the history in {os.fspath(path)} must be a list of epochs")
    if not isinstance(identity, dict):
        raise ValueError(f"the identity in {os.fspath(path)} must be a mapping")
    try:
        progress = unpack(texts["progress"], own)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the progress in {os.fspath(path)} {error}") from error
    if not isinstance(progress, dict):
        raise ValueError(f"the progress in {os.fspath(path)} must be a mapping")
    return CheckpointFile(arrays, identity, history, progress)


def restore_model(model: Model, saved: CheckpointFile, path: str | os.PathLike[str]) -> None:
    """Restore a model from the contents of a checkpoint.

    Parameters
    ----------
    model : Model
        Started, with the network and update rule of the saved one.
    saved : CheckpointFile
    path : str or path
        For messages.

    Raises
    ------
    ValueError
        With every mismatch of model and file; the model is left unchanged.
    """
    arrays, path = saved.arrays, os.fspath(path)
    leaves = _named_leaves(model)
    expected = (*COUNTS, *leaves)
    problems = Problems()
    missing = [name for name in expected if name not in arrays]
    unexpected = [name for name in arrays if name not in expected]
    if missing or unexpected:
        problems.add(
            f"{path} must be a checkpoint of this network and update rule; "
            f"missing: {list_names(missing) or 'none'}; "
            f"unexpected: {list_names(unexpected) or 'none'}"
        )
    for name, leaf in leaves.items():
        if name not in arrays:
            continue
        array = arrays[name]
        if _describe(array) != _describe(leaf):
            problems.add(f"{name} in {path} must be {_describe(leaf)}, got {_describe(array)}")
        elif not _is_finite(array) and not name.startswith("update"):
            problems.add(f"{name} in {path} must hold finite numbers")
    counts = [name for name in COUNTS if name in arrays]
    for name in counts:
        if arrays[name].dtype.kind not in "iu" or arrays[name].shape:
            problems.add(f"{name} in {path} must be an integer, got {_describe(arrays[name])}")
    if "seed" in counts and not np.array_equal(arrays["seed"], model.seed):
        problems.add(
            f"{path} was written with another seed; set random_state to the same integer as in "
            "that training"
        )
    problems.raise_any()
    restored = [device_copy(arrays[name], arrays[name].dtype) for name in leaves]
    model.carry = jax.tree.unflatten(jax.tree.structure(model.carry), restored)
    model.epoch, model.step = int(arrays["epoch"]), int(arrays["step"])


def _read_text(array: np.ndarray, name: str, path: str | os.PathLike[str]) -> Any:
    try:
        return json.loads(array.tobytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the {name} in {os.fspath(path)} must be JSON: {error}") from error


def _is_row(row: Any) -> bool:
    """Return whether a value may be a row of the history."""
    return isinstance(row, dict) and not {"epoch", "train_loss"} - row.keys() and _is_epoch(row)


def _is_epoch(row: Row) -> bool:
    return all(isinstance(value, int | float) for value in row.values())


def _is_finite(array: np.ndarray) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _named_leaves(model: Model) -> dict[str, Any]:
    """Return the arrays of a model by their path, such as ``params['conv1']['W']``."""
    trees = {"params": model.params, "state": model.state, "update": model.opt}
    return {
        name + jax.tree_util.keystr(path): leaf
        for name, tree in trees.items()
        for path, leaf in jax.tree.leaves_with_path(tree)
    }


def _describe(array: Any) -> str:
    return f"{array.dtype} {array.shape}"

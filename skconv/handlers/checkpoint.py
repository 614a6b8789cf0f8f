"""Checkpoints: files from which an interrupted training resumes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import Problems
from ..network.model import Model
from ..network.weight_files import check_suffix, load_arrays, save_arrays
from ..training.history import Row
from ..utils import checks
from ..utils.checks import flag, positive, verbosity
from ..utils.files import check_writable
from .base import Columns, Handler

__all__ = ["Checkpoint"]

COUNTS = ("seed", "epoch", "step")
"""Integers of a model that a checkpoint holds beside its arrays."""


class Checkpoint(Handler):
    """Handler that writes checkpoints, from which `fit` resumes an interrupted training.

    Pass it as ``on_epoch_finished``, before other handlers. A `fit` that finds the file continues
    from it, up to `max_epochs` in all, and ends with the same weights, bit for bit, as an
    uninterrupted one. `SaveWeights` writes only the weights.

    Parameters
    ----------
    path : str or path
        File to write, ending in ``.safetensors`` or ``.npz``. It is replaced in one step, so that
        an interruption never leaves a damaged file.
    every_n_epochs : int
        Epochs from one checkpoint to the next.
    resume : bool
        Whether a fresh `fit` continues from the file if it exists.
    verbose : int
        Whether to print a line when training resumes.

    Raises
    ------
    ValueError
        For invalid parameters; and in `fit`, if the file belongs to another network, another update
        rule or another `random_state`, which must be an integer.
    OSError
        Before training, if the folder does not exist, or the file may not be written to.

    Examples
    --------
    >>> handler = Checkpoint('training.safetensors', every_n_epochs=5)
    """

    allowed_in = ("on_epoch_finished",)
    parameter_checks = {
        "path": checks.path,
        "every_n_epochs": positive,
        "resume": flag,
        "verbose": verbosity,
    }

    def __init__(
        self,
        path: str | os.PathLike[str],
        every_n_epochs: int = 1,
        resume: bool = True,
        verbose: int = 1,
    ) -> None:
        self.path = path
        self.every_n_epochs = every_n_epochs
        self.resume = resume
        self.verbose = verbose
        self.check_parameters()

    def check_parameters(self) -> None:
        """Raise `ValueError` for invalid parameters, or a path with another ending."""
        super().check_parameters()
        check_suffix(Path(self.path))

    def check(self, net: Any, columns: Columns) -> None:
        """Raise an error if the file cannot be written."""
        super().check(net, columns)
        check_writable(self.path)

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Continue from the file, unless the net continues an earlier training."""
        if not self.resume or train_history or not os.path.exists(self.path):
            return
        train_history += load_checkpoint(net._fitted().model, self.path)
        if self.verbose:
            print(f"Resuming after epoch {len(train_history)} from {os.fspath(self.path)}.")

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Write the file after every n-th epoch."""
        if train_history[-1]["epoch"] % self.every_n_epochs == 0:
            save_checkpoint(net._fitted().model, train_history, self.path)


def save_checkpoint(model: Model, history: list[Row], path: str | os.PathLike[str]) -> None:
    """Write weights, layer state, optimizer state and history to a file.

    Parameters
    ----------
    model : Model
    history : list of dict
    path : str or path
        Ends in ``.safetensors`` or ``.npz``. An existing file is replaced in one step.
    """
    arrays = {name: np.asarray(getattr(model, name), np.int64) for name in COUNTS}
    arrays |= {name: np.asarray(leaf) for name, leaf in _named_leaves(model).items()}
    arrays["history"] = np.frombuffer(json.dumps(history).encode(), np.uint8)
    save_arrays(arrays, path)


def load_checkpoint(model: Model, path: str | os.PathLike[str]) -> list[Row]:
    """Restore a model from a file, and return the history.

    Parameters
    ----------
    model : Model
        Started, with the network and update rule of the saved one.
    path : str or path

    Returns
    -------
    list of dict

    Raises
    ------
    ValueError
        With every mismatch of model and file; the model is left unchanged.
    """
    arrays = load_arrays(path)
    leaves = _named_leaves(model)
    expected = (*COUNTS, "history", *leaves)
    problems = Problems()
    missing = [name for name in expected if name not in arrays]
    unexpected = [name for name in arrays if name not in expected]
    if missing or unexpected:
        problems.add(
            f"{path} must be a checkpoint of this network and update rule; "
            f"missing: {', '.join(missing) or 'none'}; "
            f"unexpected: {', '.join(unexpected) or 'none'}"
        )
    for name, leaf in leaves.items():
        if name in arrays and _describe(arrays[name]) != _describe(leaf):
            problems.add(
                f"{name} in {path} must be {_describe(leaf)}, got {_describe(arrays[name])}"
            )
    if "seed" in arrays and arrays["seed"] != model.seed:
        problems.add(
            f"{path} was written with another seed; set random_state to the same integer as in "
            "that training"
        )
    problems.raise_any()
    tree = model.params, model.state, model.opt
    restored = [jnp.asarray(arrays[name]) for name in leaves]
    model.params, model.state, model.opt = jax.tree.unflatten(jax.tree.structure(tree), restored)
    model.epoch, model.step = int(arrays["epoch"]), int(arrays["step"])
    return json.loads(bytes(arrays["history"]))


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

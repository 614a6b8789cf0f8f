"""Files with all that training needs to go on as if it had never stopped."""

from __future__ import annotations

import json
import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import Problems
from ..network.model import Model
from ..network.weight_files import load_arrays, save_arrays
from ..training.history import Row
from .base import Handler

__all__ = ["Checkpoint"]


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
    problems = Problems()
    missing = [name for name in (*COUNTS, "history", *leaves) if name not in arrays]
    unknown = [name for name in arrays if name not in (*COUNTS, "history", *leaves)]
    if missing or unknown:
        problems.add(
            f"{path} is no checkpoint of this network and update: it lacks "
            f"{', '.join(missing) or 'nothing'}, and has {', '.join(unknown) or 'nothing'} besides"
        )
    for name, leaf in leaves.items():
        if name in arrays and _kind(arrays[name]) != _kind(leaf):
            problems.add(
                f"{name} in {path} is {_described(arrays[name])}, needs {_described(leaf)}"
            )
    if "seed" in arrays and arrays["seed"] != model.seed:
        problems.add(
            f"{path} comes from a training with other random numbers; give the net the "
            "random_state that it had, a whole number"
        )
    problems.raise_any()
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


class Checkpoint(Handler):
    """Write all that training needs to go on, and go on from there.

    Pass it as ``on_epoch_finished``, before other handlers. A `fit` that finds the file goes on
    from it, up to `max_epochs` in all, and ends with the same weights, bit for bit, as one that was
    never cut off. `SaveWeights` writes weights alone.

    Parameters
    ----------
    path : str or path
        File to write, which ends in ``.safetensors`` or ``.npz``. It is replaced whole, so that
        there is always a good one.
    every_n_epochs : int
    resume : bool
        Whether a fresh `fit` goes on from the file where there is one.
    verbose : int

    Raises
    ------
    ValueError
        By `fit`, where the file belongs to another network, another update or another
        `random_state`; that has to be a whole number.

    Examples
    --------
    >>> handler = Checkpoint('training.safetensors', every_n_epochs=5)
    """

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

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Go on from the file, unless training goes on from something else."""
        if not self.resume or train_history or not os.path.exists(self.path):
            return
        train_history += load_checkpoint(net._model, self.path)
        if self.verbose:
            print(f"Going on from epoch {len(train_history)} in {os.fspath(self.path)}.")

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Write the file, if it is time to."""
        if train_history[-1]["epoch"] % self.every_n_epochs == 0:
            save_checkpoint(net._model, train_history, self.path)

"""Checkpoints, from which an interrupted training resumes."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import Any, Literal

from ..network.weight_files import check_suffix
from ..ops.processes import is_first
from ..training.checkpoint_files import (
    CheckpointFile,
    read_checkpoint,
    restore_model,
    save_checkpoint,
)
from ..training.cores import describe_cores
from ..training.events import EVENTS
from ..training.history import Row
from ..utils import checks
from ..utils.checks import as_list, flag, one_of, positive, verbosity
from ..utils.files import check_writable
from ..utils.plain_values import is_plain
from .base import HASH, NO_HASH, Columns, Handler
from .hyperparams import changed_params, restore_params
from .terminal import say

__all__ = ["Checkpoint"]


class Checkpoint(Handler):
    """Handler that writes checkpoints, from which `fit` resumes an interrupted training.

    Pass it as ``on_epoch_finished``. A `fit` that finds the file continues from it, up to
    `max_epochs` in all, and ends with the same weights, bit for bit, as an uninterrupted one on the
    same machine and number of CPU cores. The file also has the state of all other handlers, as
    `Handler.get_state` returns it, and the numbers that they have set, such as a learning rate.
    Handlers listed after this one are called again for the last epoch in the file, which they had
    not seen; loggers are best listed before it. `SaveWeights` writes only the weights.

    SIGTERM, which schedulers send before they kill a process, ends a training as Ctrl-C does,
    unless the program handles it itself.

    A file holds digests of what decides the training: the rows of X, y, their weights, the
    validation set, the classes, the layers, and the parameters of the net, such as `update`, the
    learning rate, `augment` and `random_state`. A `fit` in which any of them differs never
    continues from the file. If X is larger than 64 MB, a sample of its rows is compared, and all
    of y.

    Parameters
    ----------
    path : str or path
        File to write, ending in ``.safetensors`` or ``.npz``. It is replaced in one step, so that
        an interruption never leaves a damaged file. The placeholder ``{hash}`` stands for twelve
        characters that differ from training to training, so that each fit of a cross-validation or
        search has its own file, and resumes from it.
    every_n_epochs : int
        Epochs from one checkpoint to the next.
    resume : bool
        Whether a fresh `fit` continues from the file if it exists.
    verbose : int
        Whether to print a line when training resumes.
    mismatch : {'restart', 'raise'}
        What to do if the file belongs to another training: start anew, with a warning, and replace
        the file; or raise an error.

    Raises
    ------
    ValueError
        For invalid parameters; in `fit`, if the file is damaged, or belongs to another training and
        `mismatch` is ``'raise'``; and in skconv's searches and ensembles, if `path` lacks
        ``{hash}``.
    OSError
        Before training, if the folder does not exist, or the file may not be written to.

    Warns
    -----
    UserWarning
        If the file belongs to another training; if `random_state` is None, with which no training
        can resume; and if the training resumes on another number of CPU cores, where sums may be
        rounded otherwise.

    Examples
    --------
    >>> handler = Checkpoint('training.safetensors', every_n_epochs=5)
    >>> for_each_fold = Checkpoint('training-{hash}.safetensors')
    """

    allowed_in = ("on_epoch_finished",)
    catches_sigterm = True
    parameter_checks = {
        "path": checks.path,
        "every_n_epochs": positive,
        "resume": flag,
        "verbose": verbosity,
        "mismatch": one_of("restart", "raise"),
    }

    def __init__(
        self,
        path: str | os.PathLike[str],
        every_n_epochs: int = 1,
        resume: bool = True,
        verbose: int = 1,
        mismatch: Literal["restart", "raise"] = "restart",
    ) -> None:
        self.path = path
        self.every_n_epochs = every_n_epochs
        self.resume = resume
        self.verbose = verbose
        self.mismatch = mismatch
        self.check_parameters()
        self.reset()

    def reset(self) -> None:
        """Forget what was read from a file."""
        self.read: CheckpointFile | None = None
        self.unsaved: set[str] = set()

    def check_parameters(self) -> None:
        """Raise `ValueError` for invalid parameters, or a path with another ending."""
        super().check_parameters()
        path = os.fspath(self.path)
        other = [found for found in re.findall(r"\{\w*\}", path) if found != HASH]
        if other:
            raise ValueError(
                f"{type(self).__name__}: path must have no placeholder but {HASH}, got {path!r}"
            )
        check_suffix(Path(path))

    def check(self, net: Any, columns: Columns) -> None:
        """Raise an error if the file cannot be written; warn if no training can resume from it."""
        super().check(net, columns)
        if is_first():
            check_writable(os.fspath(self.path).replace(HASH, NO_HASH))
        if self.resume and net.random_state is None:
            warnings.warn(
                f"{type(self).__name__}: random_state is None, so that each training draws another "
                "seed and none resumes from a checkpoint; set random_state to an integer, or "
                "resume=False",
                UserWarning,
                stacklevel=2,
            )

    def check_several(self) -> None:
        """Raise `ValueError` if all trainings would write the same file."""
        self.check_path("path", self.path)

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Continue from the file, unless the net continues an earlier training."""
        model = net._fitted().model
        parts = model.identity.parts  # of the weights before the first step
        path = self._path(model)
        if not self.resume or train_history or not os.path.exists(path):
            return
        saved = read_checkpoint(path)
        if saved.identity != parts:
            self._refuse(saved, parts, path)
            return
        restore_model(model, saved, path)
        train_history += saved.history
        self.read = saved
        if self.verbose:
            say(f"Resuming after epoch {len(train_history)} from {path}.")

    def _path(self, model: Any) -> str:
        path = os.fspath(self.path)
        return path.replace(HASH, model.identity.hash) if HASH in path else path

    def _refuse(self, saved: CheckpointFile, parts: dict[str, str], path: str) -> None:
        """Raise an error or warn because a file belongs to another training."""
        names = sorted(saved.identity.keys() | parts.keys())
        differing = [name for name in names if saved.identity.get(name) != parts.get(name)]
        what = (
            f"which differs in {', '.join(differing)}"
            if saved.identity
            else "or was written by another version of skconv, which did not compare the data"
        )
        other = f"{path} is a checkpoint of another training, {what}"
        if self.mismatch == "raise":
            raise ValueError(
                f"{type(self).__name__}: {other}; delete the file, or write another path or "
                "mismatch='restart'"
            )
        stem, suffix = os.path.splitext(path)
        warnings.warn(
            f"{type(self).__name__}: {other}; this training starts anew, and replaces the file. "
            f"Write {stem + '-' + HASH + suffix!r} to keep a file of each training, or "
            "mismatch='raise' for an error",
            UserWarning,
            stacklevel=2,
        )

    def begun(self, net: Any, train_history: list[Row]) -> None:
        """Give handlers their state and the net the hyperparameters that they had set.

        Then call the handlers after this one, which had not seen the last epoch yet.
        """
        saved, self.read = self.read, None
        if saved is None:
            return
        identity = net._fitted().model.identity
        restore_params(net, identity.given, saved.progress.get("params", {}))
        handlers, states = _with_state(net), saved.progress.get("handlers", {})
        for name in handlers.keys() & states.keys():
            handlers[name].set_state(states[name])
        self._warn_of_cores(saved.progress.get("cores"), describe_cores(net._fitted().mesh))
        self._warn_of_states(handlers, states)
        given = as_list(net.get_params(deep=False)["on_epoch_finished"])
        place = next((i for i, handler in enumerate(given) if handler is self), len(given))
        for handler in given[place + 1 :]:
            handler(net, train_history)

    def _warn_of_cores(self, before: str | None, now: str) -> None:
        """Warn if the file was written on another number of cores or devices."""
        if before not in (None, now):
            warnings.warn(
                f"{type(self).__name__}: the file was written on {before}, and the training "
                f"resumes on {now}, so that its results may differ in the last bits from those of "
                "an uninterrupted one; for equal bits, resume it where it began or, between CPUs "
                "of a kind, set the environment variable PJRT_NPROC to the same number of threads",
                UserWarning,
                stacklevel=2,
            )

    def _warn_of_states(self, handlers: dict[str, Any], states: dict[str, Any]) -> None:
        """Warn of handlers without a state in the file, and of states without a handler."""
        new = [name for name, handler in handlers.items() if name not in states]
        new = [name for name in new if handlers[name].get_state()]
        gone = [name for name in states if name not in handlers]
        parts = [f"{', '.join(new)} starts without a state"] if new else []
        parts += [f"the state of {', '.join(gone)} is ignored"] if gone else []
        if parts:
            warnings.warn(
                f"{type(self).__name__}: the training resumes with other handlers than before: "
                f"{'; '.join(parts)}, so that it may end differently",
                UserWarning,
                stacklevel=2,
            )

    def get_state(self) -> dict[str, Any]:
        """Return nothing: a checkpoint has no state beyond its file."""
        return {}

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Write the file after every n-th epoch."""
        if train_history[-1]["epoch"] % self.every_n_epochs == 0:
            model = net._fitted().model
            path, identity = self._path(model), model.identity
            progress = self._progress(net)
            if is_first():
                save_checkpoint(model, train_history, path, identity.parts, progress)

    def _progress(self, net: Any) -> dict[str, Any]:
        """Return the state of all handlers, and the parameters that they have set."""
        states = {}
        for name, handler in _with_state(net).items():
            state = handler.get_state()
            if not is_plain(state):
                raise TypeError(
                    f"{name}.get_state must return a dict of numbers, strings, None, arrays, and "
                    f"lists, tuples and dicts of them, got {state!r}"
                )
            if state:
                states[name] = state
        changed = changed_params(net, net._fitted().model.identity.given)
        params = {name: value for name, value in changed.items() if is_plain(value)}
        unsaved = changed.keys() - params.keys() - self.unsaved
        if unsaved:
            self.unsaved |= unsaved
            warnings.warn(
                f"{type(self).__name__}: {', '.join(sorted(unsaved))} was changed during training "
                "to what a checkpoint cannot hold; a training that resumes starts with the value "
                "given to the net",
                UserWarning,
                stacklevel=2,
            )
        cores = describe_cores(net._fitted().mesh)
        return {"handlers": states, "params": params, "cores": cores}


def _with_state(net: Any) -> dict[str, Any]:
    """Return the handlers of a net that have a state, by the name of their class.

    Several of a class are numbered in their order.
    """
    params = net.get_params(deep=False)
    given = [handler for event in EVENTS for handler in as_list(params[event])]
    found: dict[str, Any] = {}
    for handler in {id(handler): handler for handler in given}.values():
        if hasattr(handler, "get_state") and hasattr(handler, "set_state"):
            name, number = type(handler).__name__, 1
            while (key := name if number == 1 else f"{name} {number}") in found:
                number += 1
            found[key] = handler
    return found

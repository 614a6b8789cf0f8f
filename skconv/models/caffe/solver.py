"""Solvers of Caffe as keywords for the update rule."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable
from typing import Any

from ...errors import did_you_mean, list_names
from ...updates import adadelta, adagrad, adam, momentum, nesterov_momentum, rmsprop, sgd
from .numbers import plain
from .schedule import CaffeSchedule
from .text import read_text

OLD_TYPES = ("SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam")
"""Types by their number in the older field ``solver_type``."""


def from_caffe_solver(
    path: str | os.PathLike[str], *, iterations_per_epoch: int | None = None
) -> dict[str, Any]:
    """Read the settings of a training from a ``solver.prototxt`` of Caffe.

    Parameters
    ----------
    path : str or path
    iterations_per_epoch : int, optional
        Number of batches of an epoch, which turns ``max_iter`` into ``max_epochs``. A net with
        ``train_split`` trains on the rest of the rows.

    Returns
    -------
    dict of str to object
        ``update`` for ``type`` and its keywords: the learning rate, or a `CaffeSchedule` for
        ``lr_policy``, ``momentum``, and ``update_clip_norm`` for ``clip_gradients``.
        ``weight_decay`` is ``objective_l2``, half of it because Caffe's gradient of the penalty is
        that of half the squares, or ``objective_l1``; biases do not decay here. ``random_seed`` is
        ``random_state``.

    Raises
    ------
    ValueError
        If the file is damaged, or its ``type`` or ``lr_policy`` is unknown.
    ImportError
        If protobuf is not installed: ``pip install 'skconv[caffe]'``.

    Warns
    -----
    UserWarning
        Names the settings that have no counterpart. Those that only say when to print, to test
        and to save are left out without a warning.

    Notes
    -----
    The batch size is part of the layout in Caffe; set ``batch_iterator_train`` to it. AdaGrad and
    RMSProp add ``delta`` to the root in Caffe, and its square under the root here. Adam adds it to
    the root of the corrected moment here.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> text = 'base_lr: 0.01 lr_policy: "step" gamma: 0.1 stepsize: 100 momentum: 0.9'
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, 'solver.prototxt')
    ...     _ = path.write_text(text + ' max_iter: 350 weight_decay: 0.0005')
    ...     keywords = from_caffe_solver(path, iterations_per_epoch=50)
    >>> keywords['update'].__name__, keywords['update_learning_rate'](100)
    ('momentum', 0.001)
    >>> keywords['objective_l2'], keywords['max_epochs']
    (0.00025, 7)
    """
    if iterations_per_epoch is not None and iterations_per_epoch < 1:
        raise ValueError(
            f"iterations_per_epoch must be a positive integer, got {iterations_per_epoch!r}"
        )
    text = read_text(path, "Solver")
    if text.scan.lines:
        raise ValueError(f"{text.name} must be a solver, got a layout; read it by from_caffe")
    solver = text.message
    left = [
        f"{unknown.path} in line {unknown.line}"
        for unknown in text.scan.unknown
        if unknown.value is None and unknown.layer is None
    ]
    kind = solver.type
    if solver.HasField("solver_type") and not solver.HasField("type"):
        kind = OLD_TYPES[solver.solver_type]
    if kind not in RULES:
        raise ValueError(
            f"{text.name}: type must be {', '.join(map(repr, RULES))}, got {kind!r}."
            f"{did_you_mean(kind, RULES)}"
        )
    keywords = RULES[kind](solver)
    if kind in ("AdaGrad", "RMSProp") and plain(solver.momentum):
        left.append(f"momentum with {kind}")
    try:
        keywords["update_learning_rate"] = _rate(solver)
    except ValueError as error:
        raise ValueError(f"{text.name}: lr_policy: {error}") from error
    clips = plain(solver.clip_gradients)
    if clips > 0:
        keywords["update_clip_norm"] = clips
    decay, penalty = plain(solver.weight_decay), solver.regularization_type
    if penalty not in ("L1", "L2"):
        raise ValueError(f"{text.name}: regularization_type must be 'L1' or 'L2', got {penalty!r}")
    if decay:
        keywords |= {"objective_l1": decay} if penalty == "L1" else {"objective_l2": decay / 2}
        if clips > 0:
            left.append("weight_decay after clip_gradients (the penalty is clipped as well)")
    if solver.max_iter and iterations_per_epoch:
        keywords["max_epochs"] = math.ceil(solver.max_iter / iterations_per_epoch)
    elif solver.max_iter:
        left.append(f"max_iter: {solver.max_iter} (pass iterations_per_epoch)")
    if solver.iter_size > 1:
        left.append(f"iter_size: {solver.iter_size} (multiply the batch size by it)")
    if solver.random_seed >= 0:
        keywords["random_state"] = solver.random_seed
    if left:
        warnings.warn(
            f"{text.name} has settings without a counterpart: {list_names(left)}", stacklevel=2
        )
    return keywords


def _rate(solver: Any) -> CaffeSchedule | float:
    if solver.lr_policy == "fixed":
        return plain(solver.base_lr)
    return CaffeSchedule(
        solver.lr_policy,
        plain(solver.base_lr),
        plain(solver.gamma),
        plain(solver.power),
        solver.stepsize,
        tuple(solver.stepvalue),
        solver.max_iter,
    )


def _sgd(solver: Any) -> dict[str, Any]:
    if not solver.momentum:
        return {"update": sgd}
    return {"update": momentum, "update_momentum": plain(solver.momentum)}


def _nesterov(solver: Any) -> dict[str, Any]:
    return {"update": nesterov_momentum, "update_momentum": plain(solver.momentum)}


def _adagrad(solver: Any) -> dict[str, Any]:
    return {"update": adagrad, "update_epsilon": plain(solver.delta) ** 2}


def _rmsprop(solver: Any) -> dict[str, Any]:
    decay = plain(solver.rms_decay)
    return {
        "update": rmsprop,
        "update_rho": decay,
        "update_epsilon": plain(solver.delta) ** 2,
    }


def _adadelta(solver: Any) -> dict[str, Any]:
    return {
        "update": adadelta,
        "update_rho": plain(solver.momentum),
        "update_epsilon": plain(solver.delta),
    }


def _adam(solver: Any) -> dict[str, Any]:
    return {
        "update": adam,
        "update_beta1": plain(solver.momentum),
        "update_beta2": plain(solver.momentum2),
        "update_epsilon": plain(solver.delta),
    }


RULES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "SGD": _sgd,
    "Nesterov": _nesterov,
    "AdaGrad": _adagrad,
    "RMSProp": _rmsprop,
    "AdaDelta": _adadelta,
    "Adam": _adam,
}
"""Keywords for the rule of each type of solver."""

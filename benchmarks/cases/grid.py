"""Case: a grid search over learning rates and momenta."""

from __future__ import annotations

import time
from typing import Any

from .. import data, recipe
from ..case import Case, Contender, Measure, Sample, Setting
from ..machine import torch_device


def _search(net: Any, rate: str, momentum: str, split: data.Split) -> Sample:
    from sklearn.model_selection import GridSearchCV

    X, y = split.X_train[: recipe.GRID_ROWS], split.y_train[: recipe.GRID_ROWS]
    grid = {rate: recipe.GRID["rate"], momentum: recipe.GRID["momentum"]}
    search = GridSearchCV(net, grid, cv=recipe.GRID_FOLDS)
    began = time.perf_counter()
    search.fit(X, y)
    seconds = time.perf_counter() - began
    return Sample([seconds], None, {"best accuracy": float(search.best_score_)})


def _ours(setting: Setting) -> Measure:
    from .. import nets

    def measure(seed: int) -> Sample:
        net = nets.tutorial(max_epochs=recipe.GRID_EPOCHS, train_split=None, random_state=seed)
        return _search(net, "update_learning_rate", "update_momentum", data.digits(setting))

    return measure


def _skorch(setting: Setting) -> Measure:
    import torch

    from ..peers import skorch_nets

    device = torch_device(setting.platform)

    def measure(seed: int) -> Sample:
        torch.manual_seed(seed)
        net = skorch_nets.tutorial(device, max_epochs=recipe.GRID_EPOCHS, train_split=None)
        return _search(net, "lr", "optimizer__momentum", data.digits(setting))

    return measure


GRID = Case(
    "grid",
    "GridSearchCV of 6 learning rates and momenta, 3 folds, tutorial CNN on 1,000 digits, "
    "3 epochs: wall time in a new process, compiling included",
    (
        Contender("skconv", _ours, ours=True),
        Contender("skorch", _skorch, 0.35, ("torch", "skorch")),
    ),
    fresh=True,
)

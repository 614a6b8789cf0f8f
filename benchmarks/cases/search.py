"""Cases: searches over learning rates and momenta, with and without batched training."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .. import data, recipe
from ..case import Case, Contender, Measure, Sample, Setting
from ..machine import torch_device

OURS = ("update_learning_rate", "update_momentum")
THEIRS = ("lr", "optimizer__momentum")


class Search(NamedTuple):
    """The data, the grid and the nets of a search.

    Parameters
    ----------
    rows : callable
        ``(setting) -> (X, y)``.
    grid : dict
        Learning rates and momenta.
    folds, epochs : int
    ours : callable
        ``(**keywords) -> net`` of skconv.
    theirs : callable
        ``(device, X, y, **keywords) -> net`` of skorch.
    """

    rows: Callable[[Setting], tuple[np.ndarray, np.ndarray]]
    grid: dict[str, list[float]]
    folds: int
    epochs: int
    ours: Callable[..., Any]
    theirs: Callable[..., Any]

    def over(self, names: tuple[str, str]) -> dict[str, list[float]]:
        """Return the grid with the parameter names of a library."""
        return dict(zip(names, self.grid.values(), strict=True))


def _timed(search: Any, X: np.ndarray, y: np.ndarray, names: tuple[str, str]) -> Sample:
    began = time.perf_counter()
    search.fit(X, y)
    seconds = time.perf_counter() - began
    best = search.cv_results_["params"][search.best_index_]
    scores = {"best accuracy": float(search.best_score_)}
    best_params = {"rate": best[names[0]], "momentum": best[names[1]]}
    return Sample([seconds], None, scores | best_params)


def _ours(task: Search, kind: str, setting: Setting) -> Measure:
    from sklearn.model_selection import GridSearchCV

    from skconv.model_selection import BatchedGridSearchCV, BatchedHalvingSearch

    kinds = {
        "batched": BatchedGridSearchCV,
        "halving": BatchedHalvingSearch,
        "one by one": GridSearchCV,
    }

    def measure(seed: int) -> Sample:
        net = task.ours(max_epochs=task.epochs, train_split=None, random_state=seed)
        options = {"return_train_score": False, "refit": False, "cv": task.folds}
        search = kinds[kind](net, task.over(OURS), **options)
        return _timed(search, *task.rows(setting), OURS)

    return measure


def _skorch(task: Search, setting: Setting) -> Measure:
    import torch
    from sklearn.model_selection import GridSearchCV

    device = torch_device(setting.platform)

    def measure(seed: int) -> Sample:
        torch.manual_seed(seed)
        X, y = task.rows(setting)
        net = task.theirs(device, X, y, max_epochs=task.epochs, train_split=None)
        search = GridSearchCV(net, task.over(THEIRS), cv=task.folds, refit=False, n_jobs=2)
        return _timed(search, X, y, THEIRS)

    return measure


def _case(
    name: str, title: str, task: Search, bar: float | None, own_bar: float | None = None
) -> Case:
    candidates = len(task.grid["rate"]) * len(task.grid["momentum"])
    return Case(
        name,
        f"{title}, {candidates} candidates x {task.folds} folds x {task.epochs} epochs: wall time "
        "in a new process, including compiling, without the final refit",
        (
            Contender("skconv, BatchedGridSearchCV", partial(_ours, task, "batched"), ours=True),
            Contender("skconv, GridSearchCV", partial(_ours, task, "one by one"), own_bar),
            Contender(
                "skorch, GridSearchCV(n_jobs=2)", partial(_skorch, task), bar, ("torch", "skorch")
            ),
        ),
        fresh=True,
    )


def _digits(setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    split = data.digits(setting)
    return split.X_train[: recipe.SEARCH_ROWS], split.y_train[: recipe.SEARCH_ROWS]


def _flat_digits(setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    X, y = _digits(setting)
    return X.reshape(len(X), -1), y


def _standardized(load: str, _: Setting) -> tuple[np.ndarray, np.ndarray]:
    from sklearn import datasets
    from sklearn.preprocessing import StandardScaler

    X, y = getattr(datasets, load)(return_X_y=True)
    return StandardScaler().fit_transform(X).astype(np.float32), y


def _our_hidden(units: int, **kwargs: Any) -> Any:
    from .. import nets

    return nets.hidden(units, **kwargs)


def _their_hidden(units: int, device: str, X: np.ndarray, y: np.ndarray, **kwargs: Any) -> Any:
    from ..peers import skorch_nets

    return skorch_nets.hidden(device, X.shape[1], units, len(np.unique(y)), **kwargs)


def _our_tutorial(**kwargs: Any) -> Any:
    from .. import nets

    return nets.tutorial(**kwargs)


def _their_tutorial(device: str, X: np.ndarray, y: np.ndarray, **kwargs: Any) -> Any:
    from ..peers import skorch_nets

    return skorch_nets.tutorial(device, **kwargs)


MLP = Search(
    _flat_digits,
    recipe.SEARCH_MLP,
    3,
    recipe.SEARCH_MLP_EPOCHS,
    partial(_our_hidden, recipe.SEARCH_UNITS),
    partial(_their_hidden, recipe.SEARCH_UNITS),
)

CNN = Search(
    _digits, recipe.SEARCH_CNN, 3, recipe.SEARCH_CNN_EPOCHS, _our_tutorial, _their_tutorial
)


def _table(load: str) -> Search:
    units = recipe.SEARCH_TABLE_UNITS
    return Search(
        partial(_standardized, load),
        recipe.SEARCH_TABLE,
        5,
        recipe.SEARCH_TABLE_EPOCHS,
        partial(_our_hidden, units),
        partial(_their_hidden, units),
    )


TINY = _case(
    "tiny",
    f"4-{recipe.TINY_UNITS}-3 on iris",
    _table("load_iris")._replace(
        epochs=recipe.TINY_EPOCHS,
        ours=partial(_our_hidden, recipe.TINY_UNITS),
        theirs=partial(_their_hidden, recipe.TINY_UNITS),
    ),
    None,
    0.25,
)

WINE = _case("wine", "13-20-3 on wine", _table("load_wine"), 0.08, 0.25)

CANCER = _case("cancer", "30-20-2 on breast cancer", _table("load_breast_cancer"), 0.08)

WIDE = MLP._replace(grid=recipe.HALVING, epochs=recipe.HALVING_EPOCHS)

HALVING = Case(
    "halving",
    "MLP 784-64-10 on 1,000 digits, 24 candidates over four decades of rates x 3 folds x up to "
    f"{WIDE.epochs} epochs: successive halving compared with the whole grid",
    (
        Contender("skconv, BatchedHalvingSearch", partial(_ours, WIDE, "halving"), ours=True),
        Contender("skconv, BatchedGridSearchCV", partial(_ours, WIDE, "batched"), 1 / 3),
    ),
    fresh=True,
)

SEARCHES = (
    _case("mlp", "MLP 784-64-10 on 1,000 digits", MLP, 0.15, 0.5),
    _case("cnn", "Tutorial CNN on 1,000 digits", CNN, 0.35, 0.8),
    TINY,
    WINE,
    CANCER,
    HALVING,
)

"""Predict in threads while others load weights and fit, fit clones side by side, and search."""

from __future__ import annotations

import threading
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from skconv import NeuralNet
from skconv.layers import BatchNormLayer, DenseLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV
from skconv.updates import adam

from .figures import Figures, figure

PREDICTING = 8
"""Number of threads that predict at a time."""

EPOCHS = 3


@dataclass
class ThreadFigures(Figures):
    """What threads that share a net, or fit side by side, saw."""

    loads: int = figure("loads", at_least=1)
    refits: int = figure("refits", at_least=1)
    answers: int = figure("answers while a net was loaded or fitted", at_least=1)
    mixed: int = figure("of them from a mixture of nets", at_most=0)
    known: int = figure("different nets among them", at_least=2)
    fits: int = figure("clones fitted and grids searched side by side", at_least=1)
    different: int = figure("of them unlike one after the other", at_most=0)
    errors: int = figure("errors", at_most=0)


def threads(count: int, seed: int) -> ThreadFigures:
    """Load weights `count` times, and fit a fifth as often, while eight threads predict."""
    warnings.simplefilter("ignore")
    rng, figures = np.random.default_rng(seed), ThreadFigures()
    X, y = rng.normal(size=(200, 20)).astype(np.float32), rng.integers(0, 2, 200)
    figures.add(_load_while_predicting(X, y, count))
    figures.add(_refit_while_predicting(X, y, -(-count // 5)))
    figures.add(_fit_clones(X, y, -(-count // 50)))
    figures.add(_search(X, y, -(-count // 200)))
    return figures


def _make_net(**params: Any) -> NeuralNet:
    layers = [
        ("input", InputLayer),
        ("hidden", DenseLayer),
        ("norm", BatchNormLayer),
        ("output", DenseLayer),
    ]
    known = {"hidden_num_units": 30, "max_epochs": EPOCHS, "random_state": 0, "update": adam}
    return NeuralNet(layers=layers, **known | params)


def _bits(answer: np.ndarray) -> bytes:
    return np.ascontiguousarray(answer).tobytes()


def _load_while_predicting(X: Any, y: Any, count: int) -> ThreadFigures:
    """Load the weights of two nets by turns."""
    nets = [_make_net(random_state=seed).fit(X, y) for seed in (0, 1)]
    weights = [net.get_all_params_values() for net in nets]
    known = {_bits(net.predict_proba(X)) for net in nets}
    shared = nets[0]

    def load() -> None:
        for i in range(count):
            shared.load_params_from(weights[i % 2])

    figures = _predict_during(load, shared, X, known)
    figures.loads = count
    return figures


def _refit_while_predicting(X: Any, y: Any, count: int) -> ThreadFigures:
    """Fit a net with two seeds by turns; each epoch makes another net."""
    known = {
        _bits(_make_net(random_state=seed, max_epochs=epochs).fit(X, y).predict_proba(X))
        for seed in (0, 1)
        for epochs in range(EPOCHS + 1)
    }
    shared = _make_net().fit(X, y)

    def refit() -> None:
        for i in range(count):
            shared.set_params(random_state=(i + 1) % 2).fit(X, y)

    figures = _predict_during(refit, shared, X, known)
    figures.refits = count
    return figures


def _predict_during(
    change: Callable[[], None], net: NeuralNet, X: Any, known: set[bytes]
) -> ThreadFigures:
    """Predict in threads until `change` returns, and compare with the answers of known nets."""
    figures, seen, stop, lock = ThreadFigures(), set[bytes](), threading.Event(), threading.Lock()

    def predict() -> None:
        while not stop.is_set():
            answer = _bits(net.predict_proba(X))
            with lock:
                figures.answers += 1
                figures.mixed += answer not in known
                seen.add(answer)

    def change_and_stop() -> None:
        try:
            change()
        finally:
            stop.set()

    _run_all([change_and_stop, *[predict] * PREDICTING], figures)
    figures.known = len(seen & known)
    return figures


def _fit_clones(X: Any, y: Any, rounds: int) -> ThreadFigures:
    """Fit clones of one net, and compare with the same fits one after the other."""

    def fit(seed: int) -> bytes:
        net = clone(_make_net()).set_params(random_state=seed)
        return _bits(net.fit(X, y).predict_proba(X))

    return _compare([lambda seed=seed: fit(seed) for seed in range(PREDICTING)], rounds)


def _search(X: Any, y: Any, rounds: int) -> ThreadFigures:
    """Search grids, and compare with the same searches one after the other."""

    def search(seed: int) -> bytes:
        rates = {"update_learning_rate": [0.01, 0.1]}
        search = BatchedGridSearchCV(_make_net(random_state=seed), rates, cv=2).fit(X, y)
        return _bits(search.cv_results_["mean_test_score"]) + _bits(search.predict_proba(X))

    return _compare([lambda seed=seed: search(seed) for seed in range(3)], rounds)


def _compare(works: list[Callable[[], bytes]], rounds: int) -> ThreadFigures:
    """Do all in threads at once, for some rounds, and compare with one after the other."""
    figures, lock = ThreadFigures(), threading.Lock()
    expected = [work() for work in works]

    def check(work: Callable[[], bytes], alone: bytes) -> None:
        together = work()
        with lock:
            figures.fits += 1
            figures.different += together != alone

    for _ in range(rounds):
        pairs = zip(works, expected, strict=True)
        _run_all([lambda pair=pair: check(*pair) for pair in pairs], figures)
    return figures


def _run_all(works: list[Callable[[], None]], figures: ThreadFigures) -> None:
    """Run functions in a thread each, and count the errors."""
    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(work) for work in works]:
            error = future.exception()
            if error is not None:
                figures.errors += 1
                figures.note("".join(traceback.format_exception(error))[-1500:])

"""Fit and use nets of many architectures, and watch the memory of the process."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from skconv import NeuralNet, clear_programs, compile_counts
from skconv.layers import BatchNormLayer, Conv2DLayer, DenseLayer, GRULayer, InputLayer

from .figures import Figures, figure
from .memory import resident_mb

ALTERNATING = 8
"""Number of nets that are used by turns, and must not be compiled again."""


@dataclass
class ArchitectureFigures(Figures):
    """What nets of different architectures leave in memory."""

    nets: int = figure("architectures")
    start_mb: float = figure("MB at the start")
    first_mb: float = figure("MB after the first")
    end_mb: float = figure("MB after the last", at_most=600)
    cleared_mb: float = figure("MB after clear_programs()")
    returned_mb: float = figure("MB returned by it", at_least=10)
    recompiled: int = figure("programs compiled again for the last nets", at_most=0)


def architectures(count: int, seed: int) -> ArchitectureFigures:
    """Fit and use `count` nets, each of another architecture, the last of them twice."""
    rng, figures = np.random.default_rng(seed), ArchitectureFigures()
    warnings.simplefilter("ignore")
    figures.start_mb = resident_mb()
    for i in range(count):
        _use(rng, i)
        figures.nets += 1
        figures.first_mb = figures.first_mb or resident_mb()
    before = sum(compile_counts().values())
    for i in range(max(count - ALTERNATING, 0), count):
        _use(rng, i)
    figures.recompiled = sum(compile_counts().values()) - before
    figures.end_mb = resident_mb()
    clear_programs()
    figures.cleared_mb = resident_mb()
    figures.returned_mb = figures.end_mb - figures.cleared_mb
    return figures


def _use(rng: np.random.Generator, number: int) -> None:
    family, size = FAMILIES[number % len(FAMILIES)], 3 + number // len(FAMILIES)
    shape, layers, params = family(size)
    X, y = rng.normal(size=(40, *shape)).astype(np.float32), np.arange(40) % 2
    net = NeuralNet(layers=layers, max_epochs=1, batch_iterator_train=20, **params)
    net.fit(X, y).predict(X)


Family = tuple[tuple[int, ...], list[tuple[str, type]], dict[str, Any]]


def _dense(size: int) -> Family:
    layers = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]
    return (20,), layers, {"hidden_num_units": size}


def _normalized(size: int) -> Family:
    layers = [
        ("input", InputLayer),
        ("hidden", DenseLayer),
        ("norm", BatchNormLayer),
        ("output", DenseLayer),
    ]
    return (size,), layers, {"hidden_num_units": 8}


def _convolutional(size: int) -> Family:
    layers = [("input", InputLayer), ("conv", Conv2DLayer), ("output", DenseLayer)]
    return (1, 8, 8), layers, {"conv_num_filters": size, "conv_filter_size": 3}


def _recurrent(size: int) -> Family:
    layers = [("input", InputLayer), ("gru", GRULayer), ("output", DenseLayer)]
    return (5, 4), layers, {"gru_num_units": size}


FAMILIES = [_dense, _normalized, _convolutional, _recurrent]

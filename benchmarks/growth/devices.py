"""Trainings on growing numbers of simulated devices."""

from __future__ import annotations

import os

import numpy as np

from ..clock import Clock
from .curve import Point
from .fits import EPOCHS, draw_blobs
from .searches import batched

BATCH = 1024
ROWS = 16_384
UNITS = 512
CANDIDATES = 64


def shared_batches(n: int) -> Point:
    """Train one net whose batches are shared by `n` devices."""
    simulate(n)
    from .. import nets

    X, y = draw_blobs(ROWS, 10)
    clock = Clock()
    net = nets.deep(3, UNITS, max_epochs=EPOCHS, train_split=None, random_state=0)
    net.set_params(devices="all", batch_iterator_train=BATCH, on_epoch_finished=clock.tick)
    net.fit(X, y)
    accuracy = float(np.mean(net.predict(X) == y))
    name = "an epoch of one net with devices='all'"
    return Point({name: min(clock.warm)}, {"training accuracy": accuracy})


def search(n: int) -> Point:
    """Search with candidates dealt out to `n` devices; the programs are compiled before."""
    simulate(n)
    batched(CANDIDATES)
    (seconds,), (accuracy,) = (found.values() for found in batched(CANDIDATES))
    return Point({f"a search of {CANDIDATES} candidates": seconds}, {"best accuracy": accuracy})


def simulate(n: int) -> None:
    """Let JAX, which must not be imported yet, see `n` devices on the CPU."""
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_force_host_platform_device_count={n}"
    os.environ["JAX_PLATFORMS"] = "cpu"

"""Write files of every kind while the disk has too little room."""

from __future__ import annotations

import resource
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from skconv import NeuralNet
from skconv.compat.nets import NeuralNet as NolearnNet
from skconv.handlers import Checkpoint, SaveWeights, WeightLog
from skconv.layers import BatchNormLayer, DenseLayer, InputLayer
from skconv.network.model import Model
from skconv.visualize import draw_to_file

from .figures import Figures, figure

X, y = np.random.default_rng(0).normal(size=(40, 20)).astype(np.float32), np.arange(40) % 2

LAYERS = [
    ("input", InputLayer),
    ("hidden", DenseLayer),
    ("norm", BatchNormLayer),
    ("output", DenseLayer),
]


@dataclass
class DiskFigures(Figures):
    """What came of writing to a full disk."""

    writes: int = figure("writes", at_least=1)
    kinds: int = figure("kinds of files")
    refused: int = figure("refused by OSError with the path")
    other_errors: int = figure("other errors, or none", at_most=0)
    damaged: int = figure("existing files changed", at_most=0)
    changed: int = figure("nets changed", at_most=0)
    leftovers: int = figure("temporary files left", at_most=0)


def make_net(kind: type[NeuralNet] = NeuralNet, **params: Any) -> NeuralNet:
    """Return a net that is trained for as many rows whenever it is fitted."""
    known = {"hidden_num_units": 30, "random_state": 0, "max_epochs": 2, "warm_start": True}
    return kind(layers=LAYERS, **known | params)


def save_weights(net: NeuralNet, path: Path) -> None:
    net.save_params_to(path)


def save_history(net: NeuralNet, path: Path) -> None:
    net.save_history_to(path)


def draw(net: NeuralNet, path: Path) -> None:
    draw_to_file(net, str(path))


def train_with(handler: Callable[[Path], Any], **more: Any) -> Callable[[NeuralNet, Path], None]:
    """Return a function that trains a net with a handler that writes a file."""

    def train(net: NeuralNet, path: Path) -> None:
        net.set_params(on_epoch_finished=handler(path))
        try:
            net.fit(X, y)
        finally:
            net.set_params(on_epoch_finished=None)

    return train


WRITERS: dict[str, tuple[str, Callable[[NeuralNet, Path], None]]] = {
    "weights as .npz": ("net.npz", save_weights),
    "weights as .safetensors": ("net.safetensors", save_weights),
    "weights of nolearn": ("net.params", save_weights),
    "history as .csv": ("history.csv", save_history),
    "history as .json": ("history.json", save_history),
    "picture": ("net.dot", draw),
    "checkpoint as .npz": ("net.npz", train_with(Checkpoint)),
    "checkpoint as .safetensors": ("net.safetensors", train_with(Checkpoint)),
    "SaveWeights": ("net.npz", train_with(SaveWeights)),
    "SaveWeights of a pickle": ("net.pkl", train_with(lambda path: SaveWeights(path, pickle=True))),
    "WeightLog": ("log.csv", train_with(lambda path: WeightLog(path, write_every=1))),
}
"""For each kind of file a name, and a function that writes it."""


APPENDED = ("WeightLog",)
"""Kinds of files to which records are added; a new training begins them anew."""


def full_disk(count: int, seed: int) -> DiskFigures:
    """Write files over existing and new ones, with room for less than the whole file."""
    rng, figures = np.random.default_rng(seed), DiskFigures(kinds=len(WRITERS))
    nets = {kind: make_net(kind).fit(X, y) for kind in (NeuralNet, NolearnNet)}
    for number in range(count):
        kind = list(WRITERS)[number % len(WRITERS)]
        net = nets[NolearnNet if kind == "weights of nolearn" else NeuralNet]
        with tempfile.TemporaryDirectory() as folder:
            _write(figures, kind, net, Path(folder), rng)
    return figures


def _write(
    figures: DiskFigures, kind: str, net: NeuralNet, folder: Path, rng: np.random.Generator
) -> None:
    """Write a file, then once more with too little room, over an existing one or none."""
    name, write = WRITERS[kind]
    path = folder / name
    write(net, path)
    size, exists = path.stat().st_size, bool(rng.integers(2))
    path.unlink()
    if exists:
        path.write_bytes(b"whole")
    before = vars(net._model).copy()
    error: Exception | None = None
    with _room_for(int(rng.integers(size))):
        try:
            write(net, path)
        except Exception as caught:
            error = caught
    figures.writes += 1
    if isinstance(error, OSError) and str(path) in str(error):
        figures.refused += 1
    else:
        figures.other_errors += 1
        figures.note(f"{kind}: {type(error).__name__}: {error}")
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    if kind not in APPENDED and files.pop(name, None) != (b"whole" if exists else None):
        figures.damaged += 1
        figures.note(f"{kind}: the file {'was changed' if exists else 'is not whole'}")
    figures.leftovers += len(files.keys() - {name})
    after, rows = vars(net._model), len(net.train_history_)
    trained = write not in (save_weights, save_history, draw)
    agree = after["epoch"] == rows and np.isfinite(net.predict_proba(X)).all()
    contents = [own.name for own in fields(Model) if own.compare]  # but no caches
    same = all(after[name] is before[name] for name in contents)
    if not (agree if trained else same):
        figures.changed += 1
        figures.note(f"{kind}: {after['epoch']} epochs, {rows} rows")


@contextmanager
def _room_for(size: int) -> Iterator[None]:
    """Let files in the block hold at most `size` bytes, after which writing raises `OSError`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)

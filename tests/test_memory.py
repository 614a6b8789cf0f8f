import gc

import numpy as np
import psutil
from sklearn.base import clone

from skconv import NeuralNet, compile_counts


def test_two_hundred_refits_grow_memory_by_less_than_50_mb():
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
    for i in range(200):
        refit(i)
    gc.collect()
    assert process.memory_info().rss - before < 50e6
    assert compile_counts() == compiled

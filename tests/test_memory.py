import json
import subprocess
import sys

REFITS = """
import gc, json, sys

import numpy as np
import psutil
from sklearn.base import clone

from skconv import NeuralNet, compile_counts

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
for i in range(int(sys.argv[1])):
    refit(i)
gc.collect()
after = compile_counts()
print(json.dumps({
    "grown": process.memory_info().rss - before,
    "compiled": {kind: after[kind] - compiled[kind] for kind in after},
}))
"""


def test_two_hundred_refits_grow_memory_by_less_than_50_mb():
    """In a process of its own, whose heap has no pages that other tests have freed."""
    found = json.loads(subprocess.check_output([sys.executable, "-c", REFITS, "200"]))
    assert found["grown"] < 50e6
    assert set(found["compiled"].values()) == {0}

from types import SimpleNamespace

import jax
import numpy as np
import pytest

from skconv.ops import platform
from skconv.ops.pooling import pool_max, pool_sum
from skconv.ops.windows import Window

POOLS = pytest.mark.parametrize("pool", [pool_max, pool_sum])


def reduce_windows(monkeypatch, pool, window):
    """Count XLA's window reductions on the CPU and on a GPU."""
    x, counts = np.ones((1, 6, 6, 1), np.float32), []
    for name in ("cpu", "gpu"):
        reported = SimpleNamespace(platform=name)
        monkeypatch.setattr(platform, "device", lambda reported=reported: reported)
        jaxpr = jax.make_jaxpr(lambda x: pool(x, window))(x)
        counts.append(str(jaxpr).count("reduce_window"))
    return counts


@POOLS
def test_windows_that_overlap_lower_by_platform(monkeypatch, pool):
    cpu, gpu = reduce_windows(monkeypatch, pool, Window((3, 3), (2, 2)))
    assert cpu == 0
    assert gpu > 0


@POOLS
def test_windows_that_tile_lower_alike(monkeypatch, pool):
    assert reduce_windows(monkeypatch, pool, Window((2, 3), (2, 3))) == [0, 0]

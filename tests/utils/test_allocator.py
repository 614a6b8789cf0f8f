import ctypes
from pathlib import Path

import psutil
import pytest

from skconv.utils.allocator import _trim_function, trim


def test_freed_memory_is_returned():
    if not Path("/proc/self/status").exists() or not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("the C library has no malloc_trim")
    process = psutil.Process()
    blocks = [bytes(5000) for _ in range(20_000)]
    blocks = blocks[::1000]  # the others are freed, but lie between these
    before = process.memory_info().rss
    trim()
    assert before - process.memory_info().rss > 50e6


@pytest.mark.parametrize("error", [TypeError, OSError, AttributeError])
def test_other_libraries_keep_it(monkeypatch, error):
    def raise_error(name):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", raise_error)
    _trim_function.__wrapped__()(0)

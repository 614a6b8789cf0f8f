from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from .conftest import pytest_runtest_setup
from .exactness import assert_agree

ONE = np.linspace(0, 1, 5, dtype=np.float32)


@pytest.fixture(params=["cpu", "gpu"])
def backend(request, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: request.param)
    return request.param


def same(found, expected):
    try:
        assert_agree({"W": found, "n": 3}, {"W": expected, "n": 3})
    except AssertionError:
        return False
    return True


def test_programs_may_round_differently_on_accelerators_only(backend):
    assert same(ONE, ONE)
    assert same(ONE + np.float32(1e-6), ONE) == (backend == "gpu")
    low = (1.01 * ONE).astype(jnp.bfloat16)
    assert same(low, ONE.astype(jnp.bfloat16)) == (backend == "gpu")
    assert not same(ONE + np.float32(1e-3), ONE)
    assert not same(ONE, np.full(5, np.nan, np.float32))
    assert not same(np.arange(3), np.arange(3) + 1)


def test_tests_of_the_cpu_are_skipped_elsewhere_with_a_reason(backend):
    mark = pytest.mark.cpu_only(reason="threads of the CPU").mark
    item = SimpleNamespace(iter_markers=lambda name: [mark] if name == "cpu_only" else [])
    if backend == "cpu":
        pytest_runtest_setup(item)
        return
    with pytest.raises(pytest.skip.Exception, match="threads of the CPU"):
        pytest_runtest_setup(item)

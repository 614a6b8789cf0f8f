"""How close results of two compiled programs are on the device that tests run on."""

import jax
import numpy as np

TOLERANCES = {"float64": 1e-12, "float32": 2e-5, "bfloat16": 2e-2}
"""Differences between two programs on an accelerator, as fractions of the largest value."""


def assert_agree(found, expected):
    """Compare what two programs compute from the same numbers.

    On the CPU, where a kernel does not depend on what is compiled with it, they agree bit for bit.
    Elsewhere XLA chooses kernels for each program by measuring them, and results differ by
    rounding.

    Parameters
    ----------
    found, expected : array, or pytree of arrays
    """
    compare = np.testing.assert_array_equal if jax.default_backend() == "cpu" else _assert_close
    jax.tree.map(compare, found, expected)


def _assert_close(found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype
    tolerance = TOLERANCES.get(expected.dtype.name)
    if tolerance is None:
        np.testing.assert_array_equal(found, expected)
        return
    found, expected = found.astype(float), expected.astype(float)
    size = np.abs(np.where(np.isfinite(expected), expected, 0)).max(initial=0)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * size)

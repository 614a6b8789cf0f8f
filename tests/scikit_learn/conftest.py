import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.preprocessing import StandardScaler

from skconv import NeuralNet
from skconv.layers import Conv2DLayer, DenseLayer, DropoutLayer, InputLayer, MaxPool2DLayer


@pytest.fixture(scope="session")
def small_digits():
    """The 8x8 digits of scikit-learn in 0 to 1, as flat rows."""
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


@pytest.fixture(scope="session")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(X), (y - y.mean()) / y.std()


@pytest.fixture
def cnn():
    return NeuralNet(
        layers=[
            ("input", InputLayer),
            ("conv1", Conv2DLayer),
            ("pool1", MaxPool2DLayer),
            ("dropout1", DropoutLayer),
            ("output", DenseLayer),
        ],
        input_shape=(None, 1, 8, 8),
        conv1_num_filters=8,
        conv1_filter_size=3,
        pool1_pool_size=2,
        dropout1_p=0.1,
        update_learning_rate=0.1,
        max_epochs=5,
        random_state=0,
    )


@pytest.fixture
def mlp():
    return NeuralNet(
        layers=[("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)],
        hidden_num_units=20,
        update_learning_rate=0.1,
        max_epochs=10,
        random_state=0,
    )

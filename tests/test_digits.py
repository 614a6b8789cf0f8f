"""The tutorial's networks on real digits: their accuracy and reproducibility."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer

MLP = {
    "layers": [
        ("input", InputLayer),
        ("hidden1", DenseLayer),
        ("hidden2", DenseLayer),
        ("output", DenseLayer),
    ],
    "hidden1_num_units": 500,
    "hidden2_num_units": 50,
    "max_epochs": 100,
}

CNN = {
    "layers": [
        ("input", InputLayer),
        ("conv1", Conv2DLayer),
        ("pool1", MaxPool2DLayer),
        ("conv2", Conv2DLayer),
        ("pool2", MaxPool2DLayer),
        ("hidden4", DenseLayer),
        ("output", DenseLayer),
    ],
    "conv1_num_filters": 32,
    "conv1_filter_size": (3, 3),
    "pool1_pool_size": (2, 2),
    "conv2_num_filters": 64,
    "conv2_filter_size": (2, 2),
    "pool2_pool_size": (2, 2),
    "hidden4_num_units": 500,
    "max_epochs": 10,
}


@pytest.fixture(scope="module")
def scaled(digits):
    X, y = digits
    return (X - X.mean()) / X.std(), y


def net_of(settings, seed):
    return NeuralNet(**settings, update_learning_rate=0.01, update_momentum=0.9, random_state=seed)


@pytest.mark.parametrize("settings", [MLP, CNN], ids=["mlp", "cnn"])
def test_a_thousand_digits_teach_what_they_taught_nolearn(scaled, settings):
    X, y = scaled
    accuracies = []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(X))
        train, rest = order[:1000], order[1000:]
        accuracies.append(net_of(settings, seed).fit(X[train], y[train]).score(X[rest], y[rest]))
    assert np.mean(accuracies) >= 0.87


def test_the_same_seed_gives_the_same_weights(scaled):
    X, y = (array[:600] for array in scaled)
    one = net_of(CNN | {"max_epochs": 2}, seed=1).fit(X, y)
    other = clone(one).fit(X, y)
    third = clone(one).set_params(random_state=2).fit(X, y)
    for a, b, c in zip(
        one.get_all_params(), other.get_all_params(), third.get_all_params(), strict=True
    ):
        np.testing.assert_array_equal(a.get_value(), b.get_value())
        assert (a.get_value() != c.get_value()).any()


def test_the_same_seed_gives_the_same_predictions_in_another_process(scaled, tmp_path):
    X, y = (array[:300] for array in scaled)
    np.savez(tmp_path / "data.npz", X=X, y=y)
    program = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from test_digits import CNN, net_of
data = np.load(sys.argv[1] + '/data.npz')
net = net_of(CNN | {'max_epochs': 1}, seed=1).fit(data['X'], data['y'])
np.save(sys.argv[1] + '/there.npy', net.predict_proba(data['X']))
"""
    here = net_of(CNN | {"max_epochs": 1}, seed=1).fit(X, y).predict_proba(X)
    folder = __file__.rpartition("/")[0]
    subprocess.run([sys.executable, "-c", program, str(tmp_path), folder], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "there.npy"), here)

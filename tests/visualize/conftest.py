import builtins

import numpy as np
import pytest
from matplotlib import pyplot as plt

from skconv import NeuralNet
from skconv.layers import Conv2DLayer, InputLayer

from ..nets import IMAGES, KINDS, TARGETS, X, image_net, make_net, three_headed, y

plt.switch_backend("Agg")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def net():
    """A net of images of shape (2, 6, 7) that tells 'a', 'b' and 'c'."""
    return image_net(max_epochs=3, train_split=0.3).fit(IMAGES, KINDS)


@pytest.fixture(scope="session")
def table_net():
    """A net of rows of five numbers."""
    return make_net().fit(X, y)


@pytest.fixture(scope="session")
def heads():
    """A net of several outputs."""
    return three_headed().fit(X, TARGETS)


@pytest.fixture(scope="session")
def pixels():
    """A net with a class for each pixel, with its images and masks."""
    images = np.random.default_rng(0).normal(size=(12, 2, 4, 3)).astype(np.float32)
    masks = np.array(["a", "b", "c"])[(images > 0).sum(axis=1)]
    layers = [("input", InputLayer), ("output", Conv2DLayer)]
    return NeuralNet(layers, output_filter_size=1, max_epochs=1).fit(images, masks), images, masks


@pytest.fixture
def lacking(monkeypatch):
    """Make a package fail to be imported."""
    known = builtins.__import__

    def lack(package):
        def fail(name, *args, **kwargs):
            if name.partition(".")[0] == package:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return known(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", fail)

    return lack

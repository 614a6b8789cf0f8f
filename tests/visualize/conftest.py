import builtins

import pytest
from matplotlib import pyplot as plt

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

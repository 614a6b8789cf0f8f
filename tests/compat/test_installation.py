"""Stand-ins come on request, and go."""

import importlib
import sys
from types import ModuleType

import pytest

from skconv.compat import install, installed, uninstall
from skconv.compat.installation import VERSIONS
from skconv.compat.modules import MODULES, ROOTS


@pytest.fixture
def stand_ins():
    with installed():
        yield


def test_off_unless_asked_for():
    for name in ROOTS:
        assert name not in sys.modules
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)


def test_install_and_uninstall():
    for _ in range(2):
        install()
    assert importlib.import_module("lasagne").__version__ == VERSIONS["lasagne"]
    importlib.import_module("theano.tensor")
    with installed():
        pass
    assert "lasagne" in sys.modules
    for _ in range(2):
        uninstall()
    test_off_unless_asked_for()
    assert "theano.tensor" not in sys.modules


def test_a_block_ends_also_by_an_error():
    with pytest.raises(ZeroDivisionError), installed():
        _ = 1 / len(importlib.import_module("nolearn").__path__)
    test_off_unless_asked_for()


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize("name", MODULES)
def test_all_modules_are_imported(name):
    module = importlib.import_module(name)
    assert all(hasattr(module, known) for known in module.__all__)


@pytest.mark.usefixtures("stand_ins")
def test_modules_are_attributes():
    from lasagne import layers
    from nolearn.lasagne import visualize

    assert layers.cuda_convnet.Conv2DCCLayer.__name__ == "Conv2DCCLayer"
    assert layers.dnn is importlib.import_module("lasagne.layers.dnn")
    assert visualize.plot_loss.__name__ == "plot_loss"


@pytest.mark.usefixtures("stand_ins")
def test_missing_names():
    import theano.tensor

    message = "skconv.compat has no lasagne.layers.Conv2dLayer. Did you mean 'Conv2DLayer'?"
    with pytest.raises(ImportError, match=message):
        from lasagne.layers import Conv2dLayer  # noqa: F401
    with pytest.raises(AttributeError, match=r"theano.tensor.sqr; write jax.numpy.square"):
        _ = theano.tensor.sqr
    with pytest.raises(ImportError, match=r"no nolearn.dbn; it is gone"):
        import nolearn.dbn  # noqa: F401
    assert not hasattr(theano, "scan")


@pytest.mark.parametrize("found", ["imported", "installed"])
def test_real_packages_are_left_alone(found, monkeypatch, tmp_path):
    real = ModuleType("lasagne")
    if found == "imported":
        monkeypatch.setitem(sys.modules, "lasagne", real)
    else:
        (tmp_path / "lasagne.py").write_text("real = True")
        monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="but this environment has lasagne; uninstall"):
        install()
    assert sys.modules.get("lasagne", real) is real
    assert not any(type(finder).__module__.startswith("skconv") for finder in sys.meta_path)

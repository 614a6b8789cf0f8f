"""Old scripts with `skconv.compat`."""

import importlib
import pickle

import numpy as np
import pytest

from skconv.compat import install, uninstall

from .nets import X, y
from .outcomes import differs, refused, same


@pytest.fixture(autouse=True)
def installed():
    install()
    yield
    uninstall()


def of(module, name):
    """Return what an old script imports."""
    return getattr(importlib.import_module(module), name)


def old_net(**params):
    layers = importlib.import_module("lasagne.layers")
    given = {
        "layers": [
            ("input", layers.InputLayer),
            ("hidden", layers.DenseLayer),
            ("output", layers.DenseLayer),
        ],
        "input_shape": (None, 5),
        "hidden_num_units": 4,
        "output_num_units": 3,
        "output_nonlinearity": of("lasagne.nonlinearities", "softmax"),
        "update_learning_rate": 0.1,
        "max_epochs": 1,
        "random_state": 0,
    }
    return of("nolearn.lasagne", "NeuralNet")(**(given | params))


@same
def test_imports():
    """`from nolearn.lasagne import NeuralNet`, `import lasagne`, `import theano.tensor as T`"""
    assert of("nolearn.lasagne", "NeuralNet").__name__ == "NeuralNet"
    assert of("lasagne.updates", "nesterov_momentum")
    assert of("theano", "config").floatX == "float32"


@differs("they are not found, unless `install()` is called or the script is run by `skconv.compat`")
def test_imports_without():
    """The same imports"""
    uninstall()
    for name in ("lasagne", "nolearn", "theano"):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)


@same
def test_fits():
    """`fit(X, y)` and `fit(X, y, 3)` continue, and `train_history_` has all epochs"""
    net = old_net().fit(X, y)
    assert [row["epoch"] for row in net.fit(X, y, 3).train_history_] == [1, 2, 3, 4]


@same
def test_partial_fit():
    """`partial_fit(X, y)` is an epoch with its validation set"""
    assert np.isfinite(old_net().partial_fit(X, y).train_history_[0]["valid_loss"])


@same
def test_split():
    """`TrainSplit(0.2)` validates on the first fold"""
    split = of("nolearn.lasagne", "TrainSplit")(0.2)
    rows, labels = np.arange(20), np.repeat([0, 1], 10)
    assert split(rows, labels, old_net())[1].tolist() == [0, 1, 10, 11]
    parts = split(rows, labels / 3, old_net(regression=True))
    assert parts[1].tolist() == [0, 1, 2, 3]


@same
def test_flipped_filters():
    """`Conv2DLayer` flips its filters, and `TransposedConv2DLayer` does not"""
    layers = importlib.import_module("lasagne.layers")
    image = layers.InputLayer((None, 2, 8, 8))
    assert layers.Conv2DLayer(image, 1, 3).flip_filters is True
    assert layers.TransposedConv2DLayer(image, 1, 3).flip_filters is False


@refused("set output_nonlinearity=softmax")
def test_default_nonlinearity():
    """An output without `nonlinearity`, which is a rectifier"""
    net = old_net()
    del net.output_nonlinearity
    net.fit(X, y)


@same
def test_missing_labels():
    """Integer labels are the indices of the units, whether or not y has all of them"""
    net = old_net().fit(X, np.where(y == 1, 0, y), epochs=0)
    assert net.predict_proba(X).shape == (40, 3)


@same
def test_numbers():
    """`predict` and `predict_proba` with `regression=True` have the shape (n, 1)"""
    net = old_net(regression=True, output_num_units=1, output_nonlinearity=None)
    net.fit(X, X[:, 0], epochs=0)
    assert net.predict(X).shape == (40, 1)
    assert np.array_equal(net.predict_proba(X), net.predict(X))


@same
def test_shared_variables():
    """`update_learning_rate=theano.shared(...)`, and `set_value` in a handler"""
    rate = of("theano", "shared")(np.float32(0.1))
    net = old_net(
        update_learning_rate=rate,
        on_epoch_finished=[lambda net, _: net.update_learning_rate.set_value(np.float32(0.05))],
    ).fit(X, y)
    assert rate.get_value() == np.float32(0.05)
    assert net.update_learning_rate is rate


@same
def test_tensor_types():
    """`y_tensor_type=T.ivector`"""
    net = old_net(y_tensor_type=of("theano.tensor", "ivector"))
    assert len(net.fit(X, y).train_history_) == 1


@same
def test_files(tmp_path):
    """`save_params_to('net.params')` and `load_params_from('net.params')`, pickles"""
    net, other = old_net().initialize(), old_net(random_state=1)
    net.save_params_to(tmp_path / "net.params")
    other.load_params_from(tmp_path / "net.params")
    assert np.array_equal(other.predict_proba(X), net.predict_proba(X))
    assert set(pickle.loads((tmp_path / "net.params").read_bytes())) == {
        "input",
        "hidden",
        "output",
    }


@differs("the same, with a warning")
def test_other_shapes():
    """`load_params_from(net)` skips what has another shape"""
    net = old_net(output_num_units=2).initialize()
    with pytest.warns(UserWarning, match="skips parameters of another shape"):
        net.load_params_from(old_net().initialize())


@refused("override order(n, seed, epoch, y) to choose the rows of each epoch")
def test_own_iter():
    """`__iter__` of a subclass of `BatchIterator`"""

    class Balanced(of("nolearn.lasagne", "BatchIterator")):
        def __iter__(self):
            return iter([])

    old_net(batch_iterator_train=Balanced(128)).fit(X, y)


@differs("once, as without `skconv.compat`")
def test_shared_weights():
    """Penalties count weights that layers share once for each layer"""
    net = old_net(hidden_num_units=5, hidden_W="first")
    net.layers = [net.layers[0], ("first", net.layers[1][1]), *net.layers[1:]]
    net.set_params(first_num_units=5).initialize()
    names = [p.name for p in net.get_all_params(regularizable=True)]
    assert names == ["first.W", "output.W"]


@refused("pass update and objective_loss_function to it")
def test_functions_of_theano():
    """`theano.function`"""
    of("theano", "function")


@refused("write losses.mean() or losses.sum()")
def test_aggregate():
    """`lasagne.objectives.aggregate`"""
    of("lasagne.objectives", "aggregate")

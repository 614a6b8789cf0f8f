"""Nets in files, which several files of tests share."""

import functools
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import optax
import pandas as pd

import skconv
from skconv import NeuralNet
from skconv.handlers import EarlyStopping
from skconv.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    GlobalPoolLayer,
    InputLayer,
    StandardizationLayer,
)

from ..nets import IMAGES, KINDS, X, make_net, three_headed, y
from ..nets import TARGETS as SEVERAL

FRAME = pd.DataFrame(X, columns=list("abcde"))

ADAM = {"update": optax.adam, "update_learning_rate": 0.01}

ONCE = {"random_state": 0, "max_epochs": 1, "train_split": None}
"""Without a validation set, `fit` and `partial_fit` share a program."""


def one_epoch():
    return make_net(**ONCE)


def free_sized():
    """Convolutions of images of any size, with statistics of the data and running ones."""
    layers = [
        ("input", InputLayer((None, 2, None, None))),
        ("scale", StandardizationLayer),
        ("conv", Conv2DLayer(num_filters=3, filter_size=3)),
        ("norm", BatchNormLayer),
        ("pool", GlobalPoolLayer),
        ("noise", DropoutLayer),
        ("output", DenseLayer),
    ]
    return NeuralNet(layers, **ADAM, **ONCE)


def numbers():
    stopping = EarlyStopping(verbose=0)
    return NeuralNet(hidden_layer_sizes=(5,), regression=True, on_epoch_finished=[stopping], **ONCE)


FITS = {
    "labels": (one_epoch, X, np.array(list("abc"))[y]),
    "numbers": (numbers, FRAME, 5 + 3 * X[:, 0]),
    "several": (three_headed, X, SEVERAL),
    "images": (free_sized, IMAGES, KINDS),
}


@functools.cache
def fitted(name):
    """Return a net that is fitted once, and what its file holds; not to be changed."""
    make, X, y = FITS[name]
    net = make().fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.skconv"
        skconv.save(net, path)
        return net, path.read_bytes()


def in_file(name, folder):
    """Return a net that is fitted once, and a file of it."""
    net, content = fitted(name)
    path = folder / f"{name}.skconv"
    path.write_bytes(content)
    return net, path


def through(net, folder, trusted=None):
    path = folder / "net.skconv"
    skconv.save(net, path, trusted)
    return skconv.load(path, trusted)


def assert_equal(one, other):
    """Compare arrays, and lists and dicts of them, bit by bit."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_equal(a, b)
    else:
        np.testing.assert_array_equal(one, other)


def rewritten(path, target, name, change):
    """Write a file with another member; None leaves it out."""
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(target, "w") as other:
        for own in file.namelist():
            data = file.read(own)
            data = change(data) if own == name else data
            if data is not None:
                other.writestr(own, data)
    return target


def with_values(**values):
    return lambda data: json.dumps({**json.loads(data), **values})

"""Layers and networks that several files of tests build."""

from skconv.layers import Conv2DLayer, DenseLayer, InputLayer
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers

image = ("input", InputLayer((None, 1, 8, 8)))
rows = ("input", InputLayer((None, 4)))


def built(layers, given=None, **kwargs):
    return build_network(read_layers(layers), given or {}, **kwargs)


def conv(**fields):
    return (Conv2DLayer, {"name": "conv", "num_filters": 2, "filter_size": 3, **fields})


def dense(name, units=4, **fields):
    return (DenseLayer, {"name": name, "num_units": units, **fields})

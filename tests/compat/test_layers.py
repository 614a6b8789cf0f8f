"""Layers have Lasagne's defaults, all of them."""

import dataclasses
import pickle

import pytest
from signatures import LASAGNE, NAMES, find_differences, parameters

from skconv import layers
from skconv.compat.layers import FURTHER, LAYERS
from skconv.utils.fields import UNSET

DEFAULTS = [
    (name, parameter, default)
    for name, given in LASAGNE["layers"].items()
    for parameter, default in given.items()
    if name in LAYERS and default and parameter in parameters(LAYERS[name])
]


@pytest.mark.parametrize("name", sorted({name for name, _, _ in DEFAULTS}))
def test_defaults_are_lasagnes(name):
    ours = parameters(LAYERS[name])
    for _, parameter, written in (entry for entry in DEFAULTS if entry[0] == name):
        theirs = eval(written, NAMES)
        if isinstance(theirs, tuple | list) and len({*theirs}) == 1:
            theirs = theirs[0]
        theirs = tuple(theirs) if isinstance(theirs, list) else theirs
        assert ours[parameter].default == theirs, parameter


def test_defaults_differ_without_compat():
    """The test above would not notice if it compared nothing."""
    differing = {(d.name, d.parameter) for d in find_differences() if d.module == "layers"}
    assert ("Conv2DLayer", "flip_filters") in differing
    assert len(DEFAULTS) > 150


@pytest.mark.parametrize("name", [*LAYERS, *(n for names in FURTHER.values() for n in names)])
def test_layers_are_those_of_skconv(name):
    cls = {**LAYERS, **{n: c for names in FURTHER.values() for n, c in names.items()}}[name]
    base = next(c for c in cls.__mro__ if c.__module__ != "skconv.compat.layers")
    assert getattr(layers, base.__name__) is base
    assert [f.name for f in dataclasses.fields(cls)] == [f.name for f in dataclasses.fields(base)]
    assert pickle.loads(pickle.dumps(cls)) is cls
    assert cls is base or f"`skconv.layers.{base.__name__}`" in cls.__doc__


def test_no_nonlinearity_is_left_to_the_task():
    defaults = [parameters(cls).get("nonlinearity") for cls in LAYERS.values()]
    assert not any(p and p.default is UNSET for p in defaults)


def test_layers_of_cudnn_and_others_do_not_flip():
    """cuda-convnet's pooling covers the border."""
    assert not FURTHER["dnn"]["Conv2DDNNLayer"](None, 8, 3).flip_filters
    assert not FURTHER["corrmm"]["Conv2DMMLayer"](None, 8, 3).flip_filters
    pool = FURTHER["cuda_convnet"]["MaxPool2DCCLayer"](None, 2)
    assert pool.output_shape((None, 3, 7, 7)) == (None, 3, 4, 4)

"""Layers take Lasagne's parameters, in its order, or else refuse them.

`docs/lasagne_layers.toml` lists Lasagne's parameters and their defaults.
"""

import dataclasses
import tomllib
from pathlib import Path

import jax.numpy as jnp
import pytest

import skconv
from skconv import init, layers, nonlinearities
from skconv.utils.fields import UNSET

PAGES = Path(__file__).parents[2] / "docs"
LASAGNE = tomllib.loads((PAGES / "lasagne_layers.toml").read_text())

GATES = {
    "LSTMLayer": {"ingate", "forgetgate", "cell", "outgate"},
    "GRULayer": {"resetgate", "updategate", "hidden_update"},
}
ABSENT = {
    "InputLayer": {"input_var"},
    **{f"Conv{n}DLayer": {"convolution"} for n in (1, 2, 3)},
    **GATES,
}
"""Parameters that are refused, also by name."""

FLIPPING = [*(f"Conv{n}DLayer" for n in (1, 2, 3)), "LocallyConnected2DLayer"]
DEFAULTS = {
    **{(name, "flip_filters"): False for name in FLIPPING},
    **{(f"TransposedConv{n}DLayer", "flip_filters"): True for n in (2, 3)},
    ("ExpressionLayer", "output_shape"): "auto",
}
"""Defaults that differ from Lasagne's."""

NAMES = {"init": init, "nonlinearities": nonlinearities, "T": jnp}
KNOWN = [name for name in LASAGNE if hasattr(layers, name)]


def fields_of(cls):
    """Return the fields that `__init__` takes by position, and all that it takes by name."""
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    return [f.name for f in fields.values() if not f.kw_only], fields


def test_all_layers_are_there():
    assert set(LASAGNE) - set(KNOWN) == {"CustomRecurrentLayer"}


@pytest.mark.parametrize("name", KNOWN)
def test_positions_are_lasagnes(name):
    """Further parameters of Lasagne are refused by position, and ours come after its own."""
    cls, theirs = getattr(layers, name), list(LASAGNE[name])
    ours = [
        next((old for old, new in cls.aliases.items() if new == field and old in theirs), field)
        for field in fields_of(cls)[0]
    ]
    shared = min(len(ours), len(theirs))
    assert ours[:shared] == theirs[:shared]
    if shared < len(theirs):
        with pytest.raises(TypeError, match="positional argument"):
            cls(*range(shared + 1))


@pytest.mark.parametrize("name", KNOWN)
def test_parameters_are_lasagnes(name):
    cls = getattr(layers, name)
    _, fields = fields_of(cls)
    absent = {p for p in LASAGNE[name] if cls.aliases.get(p, p) not in fields}
    assert absent == ABSENT.get(name, set())


def alike(ours, theirs, cls):
    """Return whether defaults are the same; a number stands for one on each axis."""
    if isinstance(theirs, tuple) and len(set(theirs)) == 1:
        theirs = theirs[0]
    if isinstance(theirs, list):
        theirs = tuple(theirs)
    return (cls.default_nonlinearity if ours is UNSET else ours) == theirs


@pytest.mark.parametrize("name", KNOWN)
def test_defaults_are_lasagnes(name):
    cls = getattr(layers, name)
    _, fields = fields_of(cls)
    for parameter, written in LASAGNE[name].items():
        field = fields.get(cls.aliases.get(parameter, parameter))
        if field is None or parameter in ("incoming", "incomings"):
            continue
        if not written:
            assert field.default in (UNSET, None)  # without one, a layer is refused when built
        elif (name, parameter) in DEFAULTS:
            assert field.default == DEFAULTS[name, parameter]
            assert not alike(field.default, eval(written, NAMES), cls)
        else:
            assert alike(field.default, eval(written, NAMES), cls), parameter


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("gradient_steps", 5, "gradient_steps must be -1, which stands for all steps, got 5"),
        ("unroll_scan", 1, "unroll_scan must be True or False, got 1"),
        ("precompute_input", None, "precompute_input must be True or False, got None"),
    ],
)
@pytest.mark.parametrize("name", ["RecurrentLayer", "LSTMLayer", "GRULayer"])
def test_parameters_without_effect_are_checked(name, parameter, value, message):
    layer = getattr(layers, name)(num_units=2, **{parameter: value})
    assert list(layer.check()) == [message]


def test_instances_in_lasagnes_way():
    inputs = layers.InputLayer((None, 2, 8, 8))
    one = layers.DilatedConv2DLayer(inputs, 3, 3, 2)
    two = layers.TransposedConv2DLayer(inputs, 3, 3, 1, 2, False, 0.5, None, None, False, (6, 6))
    cut = layers.ConcatLayer([one, two], 1, [None, None, "center", "center"])
    bent = layers.ParametricRectifierLayer(layers.BiasLayer(cut, 0.5, (0, 1)), 0.1, (0, 2, 3))
    total = layers.ElemwiseSumLayer([bent, bent], [1.0, -0.5])
    most = layers.ElemwiseMergeLayer([total, layers.ScaleLayer(bent, 2.0)], jnp.maximum)
    where = layers.DenseLayer(inputs, 18, nonlinearity=None)
    moved = layers.TPSTransformerLayer(most, where, 2, 9, "auto", "wrap")
    times = layers.ReshapeLayer(moved, ([0], 6, -1))
    final = layers.RecurrentLayer(times, 5, 0.1, 0.2, None, None, 0.3, True)
    net = skconv.NeuralNet(layers.DenseLayer(final, 2, nonlinearity=None), regression=True)
    found = [layer for layer in net.initialize().layers_.values() if layer.name != "input0"]
    by_class = {type(layer.layer).__name__: layer for layer in found}
    assert by_class["ConcatLayer"].output_shape == (None, 6, 4, 4)
    assert by_class["TPSTransformerLayer"].output_shape == (None, 6, 2, 2)
    assert by_class["RecurrentLayer"].output_shape == (None, 6, 5)
    assert by_class["RecurrentLayer"].backwards
    assert (by_class["ParametricRectifierLayer"].alpha.get_value() == 0.1).all()
    assert by_class["BiasLayer"].b.shape == (4, 4)

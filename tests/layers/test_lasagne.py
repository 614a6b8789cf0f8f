"""Layers and functions take Lasagne's parameters, in its order, or else refuse them.

`docs/lasagne.toml` lists Lasagne's parameters and their defaults, and `docs/signatures.py` compares
them with ours. Each difference has an entry in `docs/lasagne_differences.toml`, which is on the
page.
"""

import jax.numpy as jnp
import pytest
from signatures import (
    LASAGNE,
    NOTES,
    additions_table,
    differences_table,
    find_differences,
    home_of,
    note_of,
    positions,
)

import skconv
from skconv import layers

DIFFERENCES = list(find_differences())
KNOWN = [
    (module, name)
    for module, names in LASAGNE.items()
    for name in names
    if hasattr(home_of(module), name)
]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda d: f"{d.name}-{d.parameter}")
def test_the_page_explains_each_difference(difference):
    assert note_of(difference)


def test_the_page_explains_no_other_differences():
    found = {(d.module, d.name, d.parameter) for d in DIFFERENCES}
    explained = [
        (note["module"], name, parameter)
        for note in NOTES
        for name in note["names"]
        for parameter in note["parameters"]
    ]
    assert len(set(explained)) == len(explained)
    assert set(explained) == found


def test_the_tables_have_all_differences():
    rows = differences_table()
    assert all(f"`{d.name}`" in rows for d in DIFFERENCES)
    flipped = "`LocallyConnected2DLayer` | `flip_filters` | `True` | `False` | as in torch;"
    assert flipped in rows
    assert "| `EmbeddingLayer` | `unknown=False` |" in additions_table()


@pytest.mark.parametrize(("module", "name"), KNOWN)
def test_positions_are_lasagnes(module, name):
    """Ours come after Lasagne's own, and its further ones are refused by position."""
    theirs, ours = positions(module, name)
    shared = min(len(ours), len(theirs))
    assert ours[:shared] == theirs[:shared]
    if module == "layers" and len(ours) < len(LASAGNE[module][name]):
        with pytest.raises(TypeError, match="positional argument"):
            getattr(layers, name)(*range(len(ours) + 1))
    else:
        assert len(ours) >= len(theirs)


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

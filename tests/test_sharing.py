import jax
import numpy as np
import pytest
from scipy.signal import correlate2d

from skconv.layers import BatchNormLayer, Context, Conv2DLayer, DenseLayer, InputLayer
from skconv.network.builder import build_network
from skconv.network.graph import count_parameters
from skconv.network.layer_list import read_layers

rows = ("input", InputLayer((None, 4)))
rng = np.random.default_rng(0)


def built(layers, given=None):
    return build_network(read_layers(layers), given or {})


def dense(name, units=4, **fields):
    return (DenseLayer, {"name": name, "num_units": units, **fields})


def test_a_shared_parameter_is_kept_and_listed_once():
    network = built([rows, dense("a"), dense("b", W="a")])
    params, _ = network.init(jax.random.key(0))
    assert {name: list(own) for name, own in params.items()} == {"a": ["W", "b"], "b": ["b"]}
    assert list(network.parameter_shapes()) == [("a", "W"), ("a", "b"), ("b", "b")]
    assert count_parameters(spec for _, spec in network.places()) == 16 + 4 + 4
    assert len(network.regularizable(params)) == 1


def test_its_gradient_is_the_sum_of_both_uses():
    linear = {"nonlinearity": None, "b": None}
    network = built([rows, dense("a", **linear), dense("b", W="a", **linear)])
    x, W = rng.normal(size=(3, 4)), rng.normal(size=(4, 4))

    def total(params):
        (out,), _ = network.apply(params, {}, {"input": x}, {}, Context(False))
        return out.sum()

    with jax.enable_x64(True):
        found = jax.grad(total)({"a": {"W": W}})["a"]["W"]
    ones = np.ones((3, 4))
    expected = x.T @ (ones @ W.T) + (x @ W).T @ ones
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_filters_are_shared_by_the_name_of_the_layer():
    fields = {"num_filters": 2, "filter_size": 3, "b": None, "nonlinearity": None}
    layers = [
        ("input", InputLayer((None, 2, 7, 7))),
        ("conv1", Conv2DLayer),
        ("conv2", Conv2DLayer),
    ]
    network = built(layers, {"conv1": fields, "conv2": {**fields, "W": "conv1"}})
    x, W = rng.normal(size=(1, 2, 7, 7)), rng.normal(size=(2, 2, 3, 3))
    with jax.enable_x64(True):
        (found,), _ = network.apply({"conv1": {"W": W}}, {}, {"input": x}, {}, Context(False))

    def convolved(image):
        return [sum(correlate2d(c, w, "valid") for c, w in zip(image, f, strict=True)) for f in W]

    np.testing.assert_allclose(found[0], convolved(convolved(x[0])), atol=1e-12)


def test_sharing_is_part_of_the_architecture():
    apart = built([rows, dense("a"), dense("b")]).key
    assert built([rows, dense("a"), dense("b", W="a")]).key != apart


def test_chains_of_shared_parameters_end_where_they_are_kept():
    layers = [rows, dense("a"), dense("b", W="a"), dense("c", W="b", b="a")]
    shared = built(layers).shared
    assert shared == {("b", "W"): ("a", "W"), ("c", "W"): ("a", "W"), ("c", "b"): ("a", "b")}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            [rows, dense("hidden"), dense("b", W="hiden")],
            r"^layer 'b' \(DenseLayer\): W must be the name of a layer with a parameter 'W' or "
            r"of an initializer, got 'hiden'\. Did you mean 'hidden'",
        ),
        (
            [rows, dense("a", b=None), dense("c", b="a")],
            r"^layer 'c' \(DenseLayer\): b must be the name of a layer with a parameter 'b' or "
            r"of an initializer, got 'a'\. Valid names: c, zeros, ones, ",
        ),
        (
            [rows, dense("a", 3), dense("b", W="a")],
            r"^layer 'b' \(DenseLayer\): W must have the shape \(4, 3\) of the parameter of 'a' "
            r"that it is shared with, got \(3, 4\)$",
        ),
        ([rows, dense("a", W="a")], r"^layer 'a' .*: W is shared in a cycle: a -> a$"),
        ([rows, dense("a", W="b"), dense("b", W="a")], r"W is shared in a cycle: a -> b -> a\n"),
        (
            [rows, ("a", BatchNormLayer()), ("b", BatchNormLayer(mean="a"))],
            r"^layer 'b' \(BatchNormLayer\): mean must not name a layer, since state is not shared"
            r", got 'a'; initializers: zeros, ones, ",
        ),
    ],
)
def test_parameters_that_cannot_be_shared(layers, message):
    with pytest.raises(ValueError, match=message):
        built(layers)

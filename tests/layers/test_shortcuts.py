import copy

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.init import Normal
from skconv.layers import (
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DimshuffleLayer,
    FlattenLayer,
    InputLayer,
    MaxPool2DLayer,
    PadLayer,
    RecurrentLayer,
    ReshapeLayer,
    batch_norm,
    batch_norm_dnn,
    concat,
    dimshuffle,
    flatten,
    get_all_layers,
    get_output,
    grad_scale,
    instance_norm,
    layer_norm,
    pad,
    prelu,
    reshape,
    rrelu,
    standardize,
)
from skconv.nonlinearities import LeakyRectify, rectify, softmax, tanh
from skconv.utils.fields import UNSET

RNG = np.random.default_rng(0)
X = RNG.normal(1.0, 2.0, size=(6, 5)).astype(np.float32)
IMAGES = RNG.normal(1.0, 2.0, size=(6, 3, 5, 4)).astype(np.float32)


def dense(**fields):
    return DenseLayer(InputLayer((None, 5)), 4, **fields)


def conv(**fields):
    return Conv2DLayer(InputLayer((None, 3, 5, 4)), 4, (2, 2), **fields)


def kinds(layer):
    return [type(one).__name__.removesuffix("Layer") for one in get_all_layers(layer)][1:]


def made(layer, X):
    """Return the output of the input layer's successor, and of the last layer."""
    first = get_all_layers(layer)[1]
    assert first.nonlinearity is None
    return map(np.asarray, get_output([first, layer], X, deterministic=True))


def moments(x, axes):
    return x.mean(axes, keepdims=True), x.var(axes, keepdims=True)


@pytest.mark.parametrize("function", [batch_norm, batch_norm_dnn])
def test_batch_norm_goes_before_the_nonlinearity(function):
    layer = dense(nonlinearity=tanh)
    last = function(layer, alpha=0.5, gamma=None)
    assert kinds(last) == ["Dense", "BatchNorm", "Nonlinearity"]
    assert (layer.nonlinearity, layer.b, last.nonlinearity) == (None, None, tanh)
    assert (last.input_layer.alpha, last.input_layer.gamma) == (0.5, None)
    assert layer.name is last.name is None


def test_batch_norm_computes_as_the_paper():
    linear, last = made(batch_norm(conv(nonlinearity=tanh), mean=0.5, inv_std=2.0), IMAGES)
    np.testing.assert_allclose(last, np.tanh((linear - 0.5) * 2.0), rtol=1e-5, atol=1e-6)


def test_instance_norm_standardizes_each_channel_of_each_row():
    last = instance_norm(conv(nonlinearity=tanh), epsilon=0.1)
    assert kinds(last) == ["Conv2D", "Standardization", "Scale", "Bias", "Nonlinearity"]
    linear, last = made(last, IMAGES)
    mean, variance = moments(linear, (2, 3))
    wanted = np.tanh((linear - mean) / np.sqrt(variance + 0.1))
    np.testing.assert_allclose(last, wanted, rtol=1e-4, atol=1e-5)
    bare = instance_norm(conv(), learn_scale=False, learn_bias=False)
    assert kinds(bare) == ["Conv2D", "Standardization", "Nonlinearity"]
    assert kinds(instance_norm(conv(), False))[2:] == ["Bias", "Nonlinearity"]


def test_layer_norm_standardizes_each_row():
    last = layer_norm(conv(nonlinearity=tanh), epsilon=0.1)
    assert kinds(last) == ["Conv2D", "Standardization", "Scale", "Bias", "Nonlinearity"]
    linear, last = made(last, IMAGES)
    mean, variance = moments(linear, (1, 2, 3))
    wanted = np.tanh((linear - mean) / np.sqrt(variance + 0.1))
    np.testing.assert_allclose(last, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (batch_norm, ["a_bn", "a_bn_nonlin"]),
        (instance_norm, ["a_in", "a_in_scale", "a_in_bias", "a_in_nonlin"]),
        (layer_norm, ["a_ln", "a_ln_scale", "a_ln_bias", "a_ln_nonlin"]),
    ],
)
def test_names_follow_that_of_the_layer(function, names):
    layer = conv(name="a")
    assert [one.name for one in get_all_layers(function(layer))[2:]] == names
    renamed = get_all_layers(function(conv(name="a"), name="b"))[2:]
    assert [one.name for one in renamed] == ["b", *(f"b{name[4:]}" for name in names[1:])]


def test_layers_without_biases_or_nonlinearity_are_normalized_as_they_are():
    assert kinds(batch_norm(MaxPool2DLayer(conv(), 2)))[2:] == ["BatchNorm"]
    last = batch_norm(dense(nonlinearity=None, b=None))
    assert kinds(last) == ["Dense", "BatchNorm", "Nonlinearity"]
    assert last.nonlinearity is None


def test_an_unset_nonlinearity_stays_that_of_the_task():
    last = batch_norm(dense())
    assert last.nonlinearity is UNSET
    net = NeuralNet(last, random_state=0).initialize()
    assert net.layers_[-1].nonlinearity is softmax
    assert batch_norm(DenseLayer(batch_norm(dense()), 4)).nonlinearity is UNSET


def test_what_acts_inside_a_recurrence_keeps_its_biases():
    layer = RecurrentLayer(InputLayer((None, 7, 3)), 4, nonlinearity=tanh)
    last = batch_norm(layer)
    assert last.nonlinearity is tanh
    assert layer.nonlinearity is None
    assert layer.b is not None
    assert batch_norm(RecurrentLayer(InputLayer((None, 7, 3)), 4)).nonlinearity in (rectify, UNSET)


def test_a_changed_layer_can_be_copied():
    layer = dense()
    batch_norm(layer)
    assert copy.copy(layer).b is None


def test_standardize_keeps_offset_and_scale():
    layer = standardize(InputLayer((None, 5)), X.mean(0), X.std(0), shared_axes=0)
    assert kinds(layer) == ["Bias", "Scale"]
    assert layer.grad_scale == layer.input_layer.grad_scale == 0
    wanted = (X - X.mean(0)) / X.std(0)
    np.testing.assert_allclose(get_output(layer, X), wanted, rtol=1e-5, atol=1e-5)
    by_channel = standardize(InputLayer((None, 3, 5, 4)), np.arange(3.0), 2.0)
    wanted = (IMAGES - np.arange(3)[:, None, None]) / 2
    np.testing.assert_allclose(get_output(by_channel, IMAGES), wanted, rtol=1e-5)


def test_rectifiers_with_slopes_replace_the_nonlinearity():
    for nonlinearity in (tanh, "tanh", UNSET, None):
        layer = dense(nonlinearity=nonlinearity)
        last = prelu(layer, alpha=Normal(0.1), name="slope")
        assert (last.name, last.input_layer is layer) == ("slope", True)
        assert layer.nonlinearity is None
        assert layer.b is not None
    linear, last = made(prelu(dense(), alpha=0.5), X)
    np.testing.assert_allclose(last, LeakyRectify(0.5)(linear), rtol=1e-5)
    linear, last = made(rrelu(conv(), lower=0.2, upper=0.4), IMAGES)
    np.testing.assert_allclose(last, np.where(linear > 0, linear, 0.3 * linear), rtol=1e-5)


def test_grad_scale_is_a_field():
    layer = dense()
    assert grad_scale(layer, 0) is layer
    assert layer.grad_scale == 0
    with pytest.raises(ValueError, match=r"^scale must be a finite number, got 'low'$"):
        grad_scale(layer, "low")


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        (batch_norm, "set hidden_b=None and hidden_nonlinearity=None of a layer 'hidden', and add"),
        (instance_norm, "set hidden_b=None and hidden_nonlinearity=None of a layer 'hidden', and"),
        (layer_norm, "set hidden_b=None and hidden_nonlinearity=None of a layer 'hidden', and"),
        (prelu, "set hidden_nonlinearity=None and add a ParametricRectifierLayer after it"),
        (rrelu, "set hidden_nonlinearity=None and add a RandomizedRectifierLayer after it"),
        (lambda layer: grad_scale(layer, 0.1), "set hidden_grad_scale=0.1 of a net with a layer"),
    ],
)
@pytest.mark.parametrize("layer", [DenseLayer, "hidden", None])
def test_only_instances_can_be_changed(function, hint, layer):
    with pytest.raises(TypeError, match=rf"^layer must be a layer instance, as in \w+\(D.*{hint}"):
        function(layer)


def test_a_layer_of_a_net_is_not_modified():
    layer = dense()
    NeuralNet(layer).initialize()
    for function in (batch_norm, instance_norm, layer_norm, prelu, rrelu):
        with pytest.raises(ValueError, match=r"^layer must be one that no net was built from, as "):
            function(layer)
    assert layer.b is not None


def test_an_unknown_field_leaves_the_layer_as_it_is():
    layer = conv(nonlinearity=tanh)
    for function in (batch_norm, instance_norm, layer_norm, prelu, rrelu):
        with pytest.raises(TypeError, match="'epsilom'"):
            function(layer, epsilom=1.0)
    assert layer.nonlinearity is tanh
    assert layer.b is not None


def test_short_names():
    classes = [ConcatLayer, FlattenLayer, ReshapeLayer, DimshuffleLayer, PadLayer]
    assert [concat, flatten, reshape, dimshuffle, pad] == classes

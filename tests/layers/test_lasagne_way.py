import copy
import pickle
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet
from skconv.init import Constant, Normal
from skconv.layers import (
    DenseLayer,
    FlattenLayer,
    InputLayer,
    Layer,
    MergeLayer,
    batch_norm,
    count_params,
    get_all_params,
    get_output,
    get_output_shape,
    set_all_param_values,
)
from skconv.nonlinearities import tanh

X = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
y = np.arange(20) % 3

NORMAL, ZERO = Normal(0.1), Constant(0.0)


class DotLayer(Layer):
    def __init__(self, incoming, num_units, W=NORMAL, b=ZERO, **kwargs):
        super().__init__(incoming, **kwargs)
        self.num_units = num_units
        self.W = self.add_param(W, (self.input_shape[1], num_units), name="W")
        self.biases = [self.add_param(b, (num_units,), "b", regularizable=False)]

    def get_output_for(self, input, **kwargs):
        return jnp.dot(input, self.W) + self.biases[0]

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.num_units)


class TwiceLayer(Layer):
    def get_output_for(self, input, factor=2, **kwargs):
        return factor * input


class WeightedSumLayer(MergeLayer):
    def __init__(self, incomings, share=0.5, **kwargs):
        super().__init__(incomings, **kwargs)
        self.share = share
        assert len(self.input_shapes) == 2

    def get_output_shape_for(self, input_shapes):
        return input_shapes[0]

    def get_output_for(self, inputs, deterministic=False, **kwargs):
        one, two = inputs
        return one if deterministic else self.share * one + (1 - self.share) * two


class ScaledDenseLayer(DenseLayer):
    def __init__(self, incoming, num_units, scale=2.0, **kwargs):
        super().__init__(incoming, num_units, **kwargs)
        self.scale = scale
        self.factors = self.add_param(np.full(num_units, 3.0), (num_units,), "g", trainable=False)

    def get_output_for(self, input, **kwargs):
        return self.scale * self.factors * super().get_output_for(input, **kwargs)


class RowSumLayer(Layer):
    def get_output_shape_for(self, input_shape):
        return super().get_output_shape_for(input_shape)[:1] + (1,)  # noqa: RUF005

    def get_output_for(self, input, **kwargs):
        return input.sum(1, keepdims=True)


class NoiseLayer(Layer):
    def get_output_for(self, input, deterministic=False, key=None):
        return input if key is None else input + jax.random.normal(key, input.shape)


def rows():
    return InputLayer((None, 5))


def test_instances_know_shapes_and_parameters():
    layer = DotLayer(rows(), 4, name="dot")
    merged = WeightedSumLayer([layer, TwiceLayer(layer)], share=0.25)
    assert (layer.output_shape, merged.output_shape) == ((None, 4), (None, 4))
    assert RowSumLayer(merged).output_shape == (None, 1)
    assert ScaledDenseLayer(InputLayer((7, 5)), 3).output_shape == (7, 3)
    assert get_output_shape(merged, (8, 6)) == (8, 4)
    assert [one.name for one in get_all_params(merged)] == ["dot.W", "dot.b"]
    assert get_all_params(merged)[0] is layer.W
    assert count_params(merged) == 24
    assert count_params(merged, regularizable=True) == 20
    layer.W.set_value(np.ones((5, 4)))
    np.testing.assert_array_equal(layer.W.get_value(), 1)


def test_outputs_are_computed_with_arrays_in_place_of_parameters():
    layer = DotLayer(rows(), 4, b=1.0)
    twice = TwiceLayer(layer)
    merged = WeightedSumLayer([layer, twice], 0.25)
    W = np.arange(20.0).reshape(5, 4)
    set_all_param_values(layer, [W, np.ones(4)])
    wanted = X @ W.astype(np.float32) + 1
    np.testing.assert_allclose(get_output(layer, X), wanted, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(get_output(twice, X, factor=3), 3 * wanted, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(get_output(merged, X), 1.75 * wanted, rtol=1e-4, atol=1e-4)
    given = get_output(merged, X, deterministic=True)
    np.testing.assert_allclose(given, wanted, rtol=1e-4, atol=1e-4)
    noisy = NoiseLayer(rows())
    assert np.std(get_output(noisy, X) - X) > 0.5
    np.testing.assert_array_equal(get_output(noisy, X, deterministic=True), X)


@pytest.fixture(scope="module")
def fitted():
    dot = DotLayer(rows(), 4, name="dot")
    merged = WeightedSumLayer([dot, TwiceLayer(dot)])
    out = ScaledDenseLayer(NoiseLayer(merged), 3, nonlinearity=tanh, name="out")
    return NeuralNet(out, max_epochs=1, random_state=0).fit(X, y)


def test_nets_train_them(fitted):
    names = [type(layer.layer).__name__ for layer in fitted.layers_.values()]
    own = ["DotLayer", "TwiceLayer", "WeightedSumLayer", "NoiseLayer", "ScaledDenseLayer"]
    assert names == ["InputLayer", *own]
    weights = {p.name: p.get_value() for p in fitted.get_all_params()}
    assert list(weights) == ["dot.W", "dot.b", "out.W", "out.b", "out.g"]
    assert np.any(weights["dot.b"])
    np.testing.assert_array_equal(weights["out.g"], 3)
    scores = 6 * np.tanh(
        (X @ weights["dot.W"] + weights["dot.b"]) @ weights["out.W"] + weights["out.b"]
    )
    exp = np.exp(scores)
    np.testing.assert_allclose(fitted.predict_proba(X), exp / exp.sum(1, keepdims=True), rtol=1e-4)
    np.testing.assert_array_equal(fitted.layers.factors.get_value(), 3)


def test_nets_with_them_are_copied_cloned_and_pickled(fitted):
    wanted = fitted.predict_proba(X)
    for other in (copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(other.predict_proba(X), wanted)
    with_names = clone(fitted).set_params(dot_num_units=2, out_scale=1.0).initialize()
    assert with_names.layers_["dot"].output_shape == (None, 2)


def make(layers, **keywords):
    if isinstance(layers, list):
        keywords["input_shape"] = (None, 5)
    return NeuralNet(layers, regression=True, **keywords).initialize()


def test_classes_stand_in_a_list_with_their_arguments_as_keywords():
    layers = [("input", InputLayer), ("dot", DotLayer), ("out", DenseLayer)]
    net = make(layers, dot_num_units=4, dot_W=0.5, dot_l2=0.1, out_num_units=1)
    np.testing.assert_array_equal(net.layers_["dot"].W.get_value(), 0.5)
    shared = make(
        [*layers[:2], ("more", DotLayer), ("out", DenseLayer)],
        dot_num_units=5,
        more_num_units=5,
        more_W="dot",
        out_num_units=1,
    )
    assert [p.name for p in shared.get_all_params()][:3] == ["dot.W", "dot.b", "more.b"]
    dot = DotLayer(rows(), 5)
    tied = make(DenseLayer(DotLayer(dot, 5, W=dot.W.T), 1))
    assert len(tied.get_all_params()) == 5


def test_they_can_be_normalized():
    layer = ScaledDenseLayer(rows(), 4, nonlinearity=tanh)
    net = make(DenseLayer(batch_norm(layer), 1))
    assert [p.place[1] for p in net.layers_[1].get_params()] == ["W", "g"]
    assert net.layers_[1].nonlinearity is None


class NoUnits(Layer):
    def __init__(self, incoming):
        super().__init__(incoming)
        raise KeyError("units")

    def get_output_for(self, input):
        return input


class WrongShape(Layer):
    def get_output_shape_for(self, input_shape):
        return (input_shape[0], 7)

    def get_output_for(self, input, **kwargs):
        return input


class Failing(Layer):
    def get_output_for(self, input, **kwargs):
        return input.dimshuffle(1, 0)


@pytest.mark.parametrize(
    ("cls", "keywords", "message"),
    [
        (DotLayer, {}, r"^layer 'own' \(DotLayer\): num_units is missing$"),
        (DotLayer, {"own_num_unit": 3}, "'own_num_unit'. Did you mean 'own_num_units'"),
        (
            NoUnits,
            {},
            r"\(NoUnits\): __init__ failed for input of shape \(None, 5\): KeyError: 'un",
        ),
        (
            WrongShape,
            {},
            r"get_output_for must return the shape of get_output_shape_for, \(None, 7\), got \(",
        ),
        (
            Failing,
            {},
            r"get_output_for failed for input of shape \(None, 5\): .* dimshuffle; it gets arr",
        ),
    ],
)
def test_what_does_not_fit_is_said_before_training(cls, keywords, message):
    layers = [("input", InputLayer), ("own", cls), ("out", DenseLayer)]
    with pytest.raises(ValueError, match=message):
        make(layers, out_num_units=1, **keywords)


def test_parameters_without_an_initializer_as_default_have_no_values_before_the_net():
    class Shift(Layer):
        def __init__(self, incoming, **kwargs):
            super().__init__(incoming, **kwargs)
            self.c = self.add_param(Constant(2.0), self.input_shape[1:])

        def get_output_for(self, input, **kwargs):
            return input + self.c

    layer = Shift(rows(), name="shift")
    with pytest.raises(
        ValueError, match=r"^layer 'shift' \(Shift\): param0 must be a parameter of "
    ):
        get_all_params(layer)
    net = make(DenseLayer(FlattenLayer(layer), 1))
    np.testing.assert_array_equal(net.layers_["shift"].param0.get_value(), 2)
    np.testing.assert_array_equal(get_output(layer, X), X + 2)


@dataclass(frozen=True)
class Plain(DenseLayer):
    def get_output_for(self, input, **kwargs):
        return super().get_output_for(input, **kwargs)


def test_dataclasses_are_as_they_are():
    assert Plain.adapted() is Plain
    assert DenseLayer.adapted() is DenseLayer
    assert DotLayer.adapted() is DotLayer.adapted()
    assert set(Plain(rows(), 3).given_fields()) >= {"incoming", "num_units", "W"}

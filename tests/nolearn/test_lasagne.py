"""Lasagne."""

import jax.numpy as jnp
import numpy as np
import pytest

from skconv import NeuralNet, objectives, regularization, updates, utils
from skconv.init import Constant
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DilatedConv2DLayer,
    Gate,
    InputLayer,
    Layer,
    LSTMLayer,
    NonlinearityLayer,
    ParametricRectifierLayer,
    RandomizedRectifierLayer,
    SpatialPyramidPoolingLayer,
    TransposedConv2DLayer,
    batch_norm,
    concat,
    count_params,
    dimshuffle,
    flatten,
    get_all_layers,
    get_all_param_values,
    get_all_params,
    get_output,
    get_output_shape,
    grad_scale,
    layer_norm,
    pad,
    prelu,
    reshape,
    rrelu,
    set_all_param_values,
    standardize,
)
from skconv.nonlinearities import rectify, softmax

from .nets import X, y
from .outcomes import differs, refused, same

IMAGE = InputLayer((None, 2, 8, 8))
HALF = Constant(0.5)
TABLE = InputLayer((None, 5), name="input")


@pytest.fixture
def output():
    """The last layer of a graph of instances."""
    hidden = DenseLayer(TABLE, 4, name="hidden")
    return DenseLayer(hidden, 3, nonlinearity=softmax, name="output")


@same
def test_shapes():
    """`layer.output_shape`, `layer.input_shape`, and `input_shapes` of a merge layer"""
    hidden = DenseLayer(TABLE, 4)
    assert (hidden.output_shape, hidden.input_shape) == ((None, 4), (None, 5))
    assert hidden.input_layer is TABLE
    assert list(ConcatLayer([hidden, TABLE]).input_shapes) == [(None, 4), (None, 5)]


@same
def test_output_shape(output):
    """`get_output_shape(layer)`, and for other shapes of the input"""
    assert get_output_shape(output) == (None, 3)
    assert get_output_shape(DilatedConv2DLayer(IMAGE, 16, 3, 2), (7, 2, 9, 9)) == (7, 16, 5, 5)


@same
def test_layers_in_order(output):
    """`get_all_layers(layer)`, each after those that feed it"""
    assert [layer.name for layer in get_all_layers(output)] == ["input", "hidden", "output"]


@same
def test_params(output):
    """`get_all_params(layer, regularizable=True)` and `count_params(layer)`"""
    assert len(get_all_params(output)) == 4
    assert len(get_all_params(output, regularizable=True)) == 2
    assert count_params(output) == 5 * 4 + 4 + 4 * 3 + 3


@same
def test_values(output):
    """`get_all_param_values(layer)` and `set_all_param_values(layer, values)`, flat lists"""
    values = [np.full(shape, i, np.float32) for i, shape in enumerate([(5, 4), 4, (4, 3), 3])]
    set_all_param_values(output, values)
    assert all(map(np.array_equal, get_all_param_values(output), values))
    net = NeuralNet(output).initialize()
    assert np.array_equal(net.layers_["output"].W.get_value(), values[2])


@refused("values must have one array for each of 4 parameters, got 1")
def test_too_few_values(output):
    """`set_all_param_values` with another number of arrays is an error"""
    set_all_param_values(output, [np.zeros(3)])


@differs("an array instead of an expression; X must be given")
def test_output(output):
    """`get_output(layer, X, deterministic=True)`"""
    W, b, V, c = get_all_param_values(output)
    scores = np.maximum(X @ W + b, 0) @ V + c
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    given = get_output(output, X, deterministic=True)
    np.testing.assert_allclose(given, expected, rtol=1e-4)


@refused("inputs must have an array for layer 'input'", "as in get_output(layer, X)")
def test_symbolic_output(output):
    """`get_output(layer)`, an expression of the inputs"""
    get_output(output)


@same
def test_batch_norm():
    """`batch_norm(DenseLayer(...))` removes the bias and applies the nonlinearity afterwards"""
    layers = get_all_layers(batch_norm(DenseLayer(TABLE, 4, nonlinearity=rectify)))
    assert list(map(type, layers)) == [InputLayer, DenseLayer, BatchNormLayer, NonlinearityLayer]
    assert layers[1].b is None
    assert layers[3].nonlinearity is rectify


@same
def test_layer_norm():
    """`layer_norm(DenseLayer(...))`: mean 0 and variance 1 of each sample"""
    values = get_output(layer_norm(DenseLayer(TABLE, 64, nonlinearity=None)), X)
    np.testing.assert_allclose(values.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(values.var(axis=1), 1, rtol=0.05)


@same
def test_standardize():
    """`standardize(layer, offset, scale)` is `(x - offset) / scale`"""
    values = get_output(standardize(TABLE, np.float32(2), np.float32(4)), X)
    np.testing.assert_allclose(values, (X - 2) / 4, rtol=1e-5)


@same
def test_rectifiers():
    """`prelu(layer)` and `rrelu(layer)` take the place of the nonlinearity"""
    for function, cls in ((prelu, ParametricRectifierLayer), (rrelu, RandomizedRectifierLayer)):
        layers = get_all_layers(function(DenseLayer(TABLE, 4)))
        assert list(map(type, layers)) == [InputLayer, DenseLayer, cls]
        assert layers[1].nonlinearity is None


@same
def test_short_names():
    """`flatten`, `reshape`, `dimshuffle`, `pad` and `concat`"""
    assert flatten(IMAGE).output_shape == (None, 128)
    assert reshape(IMAGE, ([0], 2, 64)).output_shape == (None, 2, 64)
    assert dimshuffle(IMAGE, (0, 2, 3, 1)).output_shape == (None, 8, 8, 2)
    assert pad(IMAGE, 1).output_shape == (None, 2, 10, 10)
    assert concat([IMAGE, IMAGE]).output_shape == (None, 4, 8, 8)


@same
def test_grad_scale():
    """`grad_scale(layer, 0.33)` returns the layer, which learns at a third of the rate"""
    layer = DenseLayer(TABLE, 4)
    assert grad_scale(layer, 0.33).grad_scale == 0.33


@same
def test_tied_weights():
    """`DenseLayer(layer, 5, W=encoder.W.T)`, and `W=other.W`"""
    encoder = DenseLayer(TABLE, 4, name="encoder")
    decoder = DenseLayer(encoder, 5, W=encoder.W.T, name="decoder")
    net = NeuralNet(decoder, regression=True).initialize()
    W = net.layers_["encoder"].W.get_value()
    assert np.array_equal(net.layers_["decoder"].W.get_value(), W.T)
    assert [p.name for p in net.get_all_params()] == ["encoder.W", "encoder.b", "decoder.b"]


@same
def test_positional_arguments():
    """Positional arguments in Lasagne's order, `DilatedConv2DLayer(layer, 16, 3, 2)`"""
    layer = DilatedConv2DLayer(IMAGE, 16, 3, 2)
    assert (layer.num_filters, layer.filter_size, layer.dilation) == (16, 3, 2)


@differs("torch's default, False; `flip_filters=True` for weights of Lasagne")
def test_flipped_filters():
    """`Conv2DLayer` flips its filters"""
    W = np.arange(9.0).reshape(1, 1, 3, 3)
    image = np.zeros((1, 1, 5, 5), np.float32)
    image[0, 0, 2, 2] = 1

    inputs = InputLayer((None, 1, 5, 5))
    layer = Conv2DLayer(inputs, 1, 3, W=W, b=None, nonlinearity=None, flip_filters=True)
    np.testing.assert_allclose(get_output(layer, image)[0, 0], W[0, 0], atol=1e-6)
    assert Conv2DLayer(IMAGE, 1, 3).flip_filters is False


@same
def test_crop():
    """`TransposedConv2DLayer(layer, 3, 3, crop='same')`, and `output_size=(10, 10)`"""
    assert TransposedConv2DLayer(IMAGE, 3, 3, crop="same").output_shape == (None, 3, 8, 8)
    layer = TransposedConv2DLayer(IMAGE, 3, 3, output_size=(10, 10))
    assert layer.output_shape == (None, 3, 10, 10)


@same
def test_pyramid():
    """`SpatialPyramidPoolingLayer(layer)`, with `implementation='fast'`"""
    layer = SpatialPyramidPoolingLayer(IMAGE)
    assert layer.implementation == "fast"
    assert layer.output_shape == (None, 2, 21)


@same
def test_gates():
    """`LSTMLayer(layer, 4, forgetgate=Gate(b=Constant(1.0)))`"""
    layer = LSTMLayer(InputLayer((None, 6, 2)), 4, forgetgate=Gate(b=1.0), name="lstm")
    net = NeuralNet(DenseLayer(layer, 2)).initialize()
    assert (net.layers_["lstm"].b_forgetgate.get_value() == 1).all()
    assert (net.layers_["lstm"].b_ingate.get_value() == 0).all()


@same
def test_penalties(fitted):
    """`regularize_layer_params(layer, l2)` and `regularize_network_params(net, l1)`"""
    hidden, output = (fitted.layers_[name].W.get_value() for name in ("hidden", "output"))
    given = regularization.regularize_layer_params(fitted.layers_["hidden"], regularization.l2)
    assert float(given) == pytest.approx(np.square(hidden).sum(), rel=1e-5)
    given = regularization.regularize_network_params(fitted, regularization.l1)
    assert float(given) == pytest.approx(np.abs(hidden).sum() + np.abs(output).sum(), rel=1e-5)


@refused("write apply_penalty(params, l2) in an objective, of its argument params")
def test_penalties_in_an_objective():
    """`regularize_layer_params(layer, l2)` in a custom objective"""
    layer = DenseLayer(TABLE, 3, nonlinearity=softmax)

    def own(predictions, targets, weights, params, *, loss_function):
        return regularization.regularize_layer_params(layer, regularization.l2)

    NeuralNet(layer, objective=own).fit(X, y)


@differs("the same, with `jax.numpy` instead of `theano.tensor`")
def test_own_layers():
    """Custom layers with `add_param`, `get_output_for` and `get_output_shape_for`"""

    class DotLayer(Layer):
        def __init__(self, incoming, num_units, W=HALF, **kwargs):
            super().__init__(incoming, **kwargs)
            self.num_units = num_units
            self.W = self.add_param(W, (self.input_shape[1], num_units), name="W")

        def get_output_for(self, input, **kwargs):
            return jnp.dot(input, self.W)

        def get_output_shape_for(self, input_shape):
            return (input_shape[0], self.num_units)

    layer = DotLayer(TABLE, 4, name="dot")
    assert layer.output_shape == (None, 4)
    net = NeuralNet(DenseLayer(layer, 3)).initialize()
    expected = np.tile(X.sum(axis=1, keepdims=True) / 2, 4)
    np.testing.assert_allclose(net.get_output("dot", X), expected, rtol=1e-4, atol=1e-5)


@differs("of rules instead of updates: `apply_momentum(rmsprop(0.1), momentum=0.9)`")
def test_momentum():
    """`apply_momentum(updates, params, momentum)` for any update rule"""
    rule = updates.apply_momentum(updates.sgd(0.1), momentum=0.9)
    state, weight = rule.init(jnp.zeros(2)), jnp.zeros(2)
    steps = []
    for _ in range(3):
        step, state = rule.update(jnp.ones(2), state, weight)
        steps.append(float(step[0]))
    assert steps == pytest.approx([-0.1, -0.19, -0.271])


@same
def test_norm_constraint():
    """`norm_constraint(W, 1.0)` bounds the norm of the weights of each unit"""
    W = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    norms = np.linalg.norm(updates.norm_constraint(W, 1.0), axis=0)
    np.testing.assert_allclose(norms, np.minimum(np.linalg.norm(W, axis=0), 1), rtol=1e-5)


@same
def test_helpers():
    """`utils.floatX`, `utils.one_hot`, `utils.as_tuple`, `utils.unique`"""
    assert utils.floatX([1.0]).dtype == np.float32
    assert np.asarray(utils.one_hot([0, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert utils.as_tuple(3, 2) == (3, 3)
    assert utils.unique([2, 1, 2]) == [2, 1]


@same
def test_losses():
    """`squared_error`, `binary_crossentropy`, `binary_hinge_loss`, ... of two arrays"""
    p, t = jnp.array([0.25, 0.5]), jnp.array([1.0, 0.0])
    np.testing.assert_allclose(objectives.squared_error(p, t), [0.5625, 0.25])
    np.testing.assert_allclose(
        objectives.binary_crossentropy(p, t), -np.log([0.25, 0.5]), rtol=1e-5
    )


@same
def test_aligned_targets():
    """Losses take targets of shape (n,) for predictions of shape (n, 1)"""
    losses = objectives.squared_error(jnp.array([[0.25], [0.5]]), jnp.array([1.0, 0.0]))
    np.testing.assert_allclose(losses, [[0.5625], [0.25]])


@refused("positional arguments but 3 were given")
def test_input_var():
    """`InputLayer(shape, input_var)`"""
    InputLayer((None, 5), "input_var")

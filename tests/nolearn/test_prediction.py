"""Predictions."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from skconv import NeuralNet
from skconv.layers import DenseLayer, DropoutLayer, InputLayer, NonlinearityLayer
from skconv.nonlinearities import sigmoid, softmax

from .nets import NAMED, X, make_net, make_regressor, make_two_inputs, y
from .outcomes import differs, refused, same


@same
def test_predict(fitted):
    """`predict(X)` returns labels"""
    assert np.array_equal(fitted.predict(X), fitted.predict_proba(X).argmax(axis=1))


@same
def test_predict_proba(fitted):
    """`predict_proba(X)` returns probabilities of shape (n, classes)"""
    p = fitted.predict_proba(X)
    assert p.shape == (40, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


@same
def test_score(fitted):
    """`score(X, y)` is the accuracy"""
    assert fitted.score(X, y) == accuracy_score(y, fitted.predict(X))


@differs("R2, as in scikit-learn; nolearn 0.6.1 swaps y and the predictions in it")
def test_score_of_a_regressor(regressor):
    """`score(X, y)` with `regression=True`, the squared error in nolearn 0.6.0"""
    expected = r2_score(X[:, 0], regressor.predict(X))
    assert regressor.score(X, X[:, 0]) == pytest.approx(expected)


@same
def test_columns_of_numbers():
    """`predict(X)` with `regression=True` and y of shape (n, 1)"""
    assert make_regressor().fit(X, X[:, :1], epochs=0).predict(X).shape == (40, 1)


@differs("it has shape (n,), as y; in nolearn it has shape (n, 1)")
def test_numbers(regressor):
    """`predict(X)` with `regression=True` and y of shape (n,)"""
    assert regressor.predict(X).shape == (40,)


@refused("call predict(X)")
def test_predict_proba_of_a_regressor(regressor):
    """`predict_proba(X)` with `regression=True` is `predict(X)`"""
    regressor.predict_proba(X)


@same
def test_output_by_name(fitted):
    """`get_output('hidden', X)`"""
    assert fitted.get_output("hidden", X).shape == (40, 4)


@same
def test_output_by_layer(fitted):
    """`get_output(net.layers_['hidden'], X)`"""
    output = fitted.get_output(fitted.layers_["hidden"], X)
    assert np.array_equal(output, fitted.get_output("hidden", X))


@same
def test_output_of_the_last_layer(fitted):
    """`get_output(net.layers_[-1], X)` is `predict_proba(X)`"""
    assert np.array_equal(fitted.get_output(fitted.layers_[-1], X), fitted.predict_proba(X))


@same
def test_predict_without_fit():
    """`predict_proba(X)` after `initialize()`"""
    assert make_net().initialize().predict_proba(X).shape == (40, 3)


@refused("is not fitted yet")
def test_predict_before_all():
    """`predict(X)` before `fit` and `initialize` is an error"""
    make_net().predict(X)


@refused("X must have an array for the input layer 'right'")
def test_missing_input():
    """`predict` with a dict that lacks an input is an error"""
    make_two_inputs().initialize().predict({"left": X[:, :2]})


@refused("X has 4 features, but NeuralNet is expecting 5 features as input")
def test_other_columns(fitted):
    """`predict` with another number of columns is an error"""
    fitted.predict(X[:, :4])


@differs("a list of them, instead of a tuple")
def test_several_outputs():
    """Several outputs with `regression=True`: `predict(X)` has an array for each"""
    hidden = DenseLayer(InputLayer((None, 5)), 4)
    outputs = [
        DenseLayer(hidden, 3, nonlinearity=softmax, name="a"),
        DenseLayer(hidden, 1, nonlinearity=sigmoid, name="b"),
    ]
    net = NeuralNet(outputs, outputs=["a", "b"], regression=True).initialize()
    predicted = net.predict(X)
    assert isinstance(predicted, list)
    a, b = predicted
    assert (a.shape, b.shape) == ((40, 3), (40, 1))
    np.testing.assert_allclose(a.sum(axis=1), 1, rtol=1e-5)


@same
def test_last_nonlinearity():
    """A last `NonlinearityLayer()` behind a softmax leaves the probabilities as they are"""
    output = DenseLayer(InputLayer((None, 5)), 3, nonlinearity=softmax, name="dense")
    net = NeuralNet(NonlinearityLayer(output), random_state=0).initialize()
    assert np.array_equal(net.predict_proba(X), net.get_output("dense", X))


@same
def test_dropout(fitted):
    """Predictions are without dropout"""
    layers = [*NAMED[:2], ("dropout", DropoutLayer), NAMED[2]]
    net = make_net(layers=layers, dropout_p=0.5)
    net.load_params_from(fitted)
    assert np.array_equal(net.predict_proba(X), fitted.predict_proba(X))


@differs("without noise; nolearn's has it")
def test_output_without_noise():
    """`get_output` of layers behind dropout"""
    layers = [("input", InputLayer), ("dropout", DropoutLayer), ("output", DenseLayer)]
    net = NeuralNet(layers, input_shape=(None, 5), output_num_units=3).initialize()
    assert np.array_equal(net.get_output("dropout", X), X)


@refused("Write instead: predict_proba(X)")
def test_compiled_functions(fitted):
    """`net.predict_iter_(X)`, `net.apply_batch_func(net.predict_iter_, X)`"""
    fitted.predict_iter_(X)


@differs("the same, also for DataFrames, sparse matrices and other numeric types")
def test_types(fitted):
    """X as float32 arrays"""
    assert np.array_equal(fitted.predict(X.astype(np.float64).tolist()), fitted.predict(X))

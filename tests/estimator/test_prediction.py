import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, r2_score

from skconv import NeuralNet
from skconv.data.iterators import BatchIterator
from skconv.layers import DenseLayer, InputLayer

from ..nets import TARGETS, X, make_net, still_net, three_headed, y

LAYERS = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return X.astype(np.float32), y


def small(**params):
    given = {"layers": LAYERS, "hidden_num_units": 20, "max_epochs": 2, "random_state": 0}
    return NeuralNet(**given | params)


def test_the_output_of_a_layer_by_name_index_or_layer(iris):
    X, y = iris
    net = small(max_epochs=1).fit(X, y)
    W, b = (net.layers_["hidden"].get_params()[i].get_value() for i in (0, 1))
    expected = np.maximum(X.astype(np.float64) @ W + b, 0)
    for layer in ("hidden", 1, net.layers_["hidden"]):
        np.testing.assert_allclose(net.get_output(layer, X), expected, atol=1e-5)


def test_outputs_of_layers_for_images_are_channels_first(digits):
    X, y = digits
    net = NeuralNet(max_epochs=1).fit(X[:100], y[:100])
    assert net.get_output("conv1", X[:7]).shape == (7, 32, 28, 28)


def test_nothing_is_told_before_fit(iris):
    for call in (
        lambda: small().predict(iris[0]),
        lambda: small().predict_proba(iris[0]),
        lambda: small().get_output("hidden", iris[0]),
        lambda: small().get_all_params(),
        lambda: small().layers_,
    ):
        with pytest.raises(NotFittedError):
            call()


def test_the_score_is_scikit_learns(iris):
    X, y = iris
    w = np.linspace(0, 1, len(y))
    net = small().fit(X, y)
    expected = accuracy_score(y, net.predict(X), sample_weight=w)
    assert net.score(X, y, sample_weight=w) == pytest.approx(expected)
    with pytest.raises(ValueError, match="y must be given to score a NeuralNet that does not rec"):
        net.score(X)
    net = small(regression=True, update_learning_rate=1e-3).fit(X, X[:, :2])
    assert net.score(X, X[:, :2]) == pytest.approx(r2_score(X[:, :2], net.predict(X)))


def test_classes_are_those_of_the_highest_probability(iris):
    X, y = iris
    net = small().fit(X, np.array(["a", "b", "c"])[y])
    expected = net.classes_[net.predict_proba(X).argmax(axis=1)]
    np.testing.assert_array_equal(net.predict(X), expected)


def test_a_net_without_targets_guesses_them_from_its_output():
    shapes = {"input_shape": (None, 4), "output_num_units": 2}
    net = small(**shapes).initialize()
    assert net.predict(np.zeros((5, 4))).tolist() == [0] * 5
    assert small(regression=True, **shapes).initialize().predict(np.zeros((5, 4))).shape == (5, 2)


def test_log_probabilities_are_those_of_the_logits():
    net, rows = still_net().fit(X[:, :3], y), 300 * X[:, :3]
    shifted = np.float64(rows) - rows.max(axis=1, keepdims=True)
    expected = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    found = net.predict_log_proba(rows)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert found.min() < -200
    assert (net.predict_proba(rows) == 0).any()
    np.testing.assert_allclose(np.exp(found), net.predict_proba(rows), rtol=1e-4, atol=1e-6)


def test_log_probabilities_of_averages_are_logarithms():
    net = still_net().fit(X[:, :3], y)
    net.set_params(test_augment=lambda forward, key, Xb: (forward(Xb) + forward(Xb)) / 2)
    rows = 300 * X[:, :3]
    with np.errstate(divide="ignore"):
        expected = np.log(net.predict_proba(rows))
    assert np.isinf(expected).any()
    np.testing.assert_array_equal(net.predict_log_proba(rows), expected)


def test_log_probabilities_by_output():
    net = three_headed().fit(X, TARGETS)
    kind, sign, size = net.predict_log_proba(X)
    np.testing.assert_allclose(np.exp(kind), net.predict_proba(X)[0], rtol=1e-5)
    np.testing.assert_allclose(np.exp(sign), net.predict_proba(X)[1], rtol=1e-5)
    assert size is None
    assert not hasattr(make_net(regression=True), "predict_log_proba")


def overflowing(iris, **params):
    X, y = iris
    net = small(train_split=None, max_epochs=1, batch_iterator_test=4, **params).fit(X, y)
    large = X[:8].copy()
    large[[2, 5]] = 3e38
    W = net.layers_["hidden"].get_params()[0]
    W.set_value(100 * np.abs(W.get_value()))
    return net, large


@pytest.mark.parametrize("steps", [1, 64])
def test_labels_are_not_made_up_for_outputs_that_overflow(iris, monkeypatch, steps):
    """The rows are in one chunk, or in two."""
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", steps)
    net, large = overflowing(iris)
    message = (
        r"^the outputs for 2 rows of X are NaN or infinite: 2, 5; scale X, such as by Standard"
    )
    for call in (net.predict, lambda X: net.score(X, iris[1][:8])):
        with pytest.raises(ValueError, match=message):
            call(large)
    with pytest.warns(UserWarning, match=message):
        probabilities = net.predict_proba(large)
    assert np.flatnonzero(np.isnan(probabilities).any(axis=1)).tolist() == [2, 5]
    net.set_params(check_input=False)
    with pytest.warns(UserWarning, match=message):
        assert net.predict(large).shape == (8,)


def test_numbers_that_overflow_warn(iris):
    net, large = overflowing(iris, regression=True)
    with pytest.warns(UserWarning, match=r"^the outputs for 2 rows of X are NaN or infinite: 2, 5"):
        found = net.predict(large)
    assert np.flatnonzero(~np.isfinite(found)).tolist() == [2, 5]


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    "make",
    [
        np.asarray,
        sparse.csr_matrix,
        pd.DataFrame,
        lambda X: {"input": X},
        lambda X: X[:, :, None],
        lambda X: X.astype(np.float64).tolist(),
    ],
)
def test_nan_is_refused_in_any_form_of_x(iris, make, value):
    X, y = iris
    net = small(max_epochs=1).fit(X, y)
    wrong = X.copy()
    wrong[1, 1] = value
    calls = (
        net.predict,
        net.predict_proba,
        lambda X: net.score(X, y),
        lambda X: net.get_output("hidden", X),
        lambda X: small().fit(iris[0], y, X_val=X, y_val=y),
    )
    for call in calls:
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            call(make(wrong))
    net.set_params(check_input=False)
    with pytest.warns(UserWarning, match="for 1 rows of X are NaN or infinite: 1;"):
        net.predict_proba(make(wrong))


class Blank(BatchIterator):
    def transform(self, Xb, yb):
        return np.where(Xb > 7.8, np.nan, Xb), yb


def test_nan_of_a_host_transform_is_refused(iris):
    X, y = iris
    net = small(max_epochs=1, batch_iterator_test=Blank(150), train_split=None).fit(X, y)
    row = int(np.argmax(X.max(axis=1) > 7.8))
    message = f"^the transformed batch must hold finite numbers for the .*, got nan in row {row}"
    with pytest.raises(ValueError, match=message):
        net.predict(X)
    assert net.set_params(check_input=False).get_output("hidden", X).shape == (150, 20)


def count_calls(function):
    """The number of calls of Python functions that a warm call makes, in any library."""
    function()
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 8])
def test_few_rows_take_few_calls_of_functions(n, dtype):
    """Checks of a plain array took 300 calls in scikit-learn, and all the rest 200."""
    labels, numbers = make_net().fit(X, y), make_net(regression=True).fit(X, X[:, 0])
    several, rows = three_headed().fit(X, TARGETS), X[:n].astype(dtype)
    single = (
        labels.predict,
        labels.predict_proba,
        labels.predict_log_proba,
        labels.transform,
        numbers.predict,
    )
    assert max(count_calls(lambda f=method: f(rows)) for method in single) < 90
    joint = several.predict, several.predict_proba
    assert max(count_calls(lambda f=method: f(rows)) for method in joint) < 120

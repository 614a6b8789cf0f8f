import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import skconv
from skconv import NeuralNet
from skconv.data.iterators import BatchIterator
from skconv.layers import DenseLayer, EmbeddingLayer, ExpressionLayer, InputLayer

W = np.random.default_rng(0).normal(size=(5, 3))
X = np.random.default_rng(1).integers(0, 5, (20, 4))
y = np.arange(20) % 2

OTHERS = {"large": 5, "negative": -1, "fraction": 2.5, "huge": 2**24 + 1}


def net(*between, words=EmbeddingLayer, **options):
    layers = [("input", InputLayer), *between, ("words", words), ("output", DenseLayer)]
    keywords = {"words_input_size": 5, "words_output_size": 3, "max_epochs": 1, "random_state": 0}
    return NeuralNet(layers, train_split=None, **keywords | options)


def with_value(value):
    changed = X.astype(np.float64)
    changed[7, 2] = value
    return changed


@pytest.fixture(scope="module")
def fitted():
    return net().fit(X, y)


def test_other_values_of_other_layers_become_the_nearest_index(forward):
    layer = EmbeddingLayer(input_size=5, output_size=3)
    given = np.array([[-1.0, 5.0, 1.7, np.nan, np.inf, -np.inf, 1e30, 4.0]])
    found = forward(layer, {"W": W}, given)
    np.testing.assert_array_equal(found[0], W[[0, 4, 1, 0, 4, 0, 4, 4]])


def test_unknown_values_share_the_last_row(forward):
    layer = EmbeddingLayer(input_size=4, output_size=3, unknown=True)
    assert layer.param_specs((None, 2))["W"].shape == (5, 3)
    given = np.array([[-1.0, 4.0, 1.7, np.nan, np.inf, 1e30, 3.0, 0.0]])
    np.testing.assert_array_equal(forward(layer, {"W": W}, given)[0], W[[4, 4, 4, 4, 4, 4, 3, 0]])


def test_only_unknown_values_train_their_row():
    layer = EmbeddingLayer(input_size=4, output_size=3, unknown=True)

    def total(W, x):
        return layer.apply({"W": W}, {}, x, ctx=None)[0].sum()

    slope = jax.grad(total)(jnp.asarray(W, jnp.float32), jnp.array([[1.0, -2.0, 9.0]]))
    np.testing.assert_array_equal(slope[:, 0], [0, 1, 0, 0, 2])


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "X_val", "predict", "get_output"])
def test_other_values_of_x_are_refused(fitted, name, method):
    changed = with_value(OTHERS[name])
    calls = {
        "fit": lambda: net().fit(changed, y),
        "partial_fit": lambda: fitted.partial_fit(changed, y),
        "X_val": lambda: net().fit(X, y, X_val=changed, y_val=y),
        "predict": lambda: fitted.predict(changed),
        "get_output": lambda: fitted.get_output("words", changed),
    }
    value = {"huge": "16777216"}.get(name, str(OTHERS[name]))
    message = (
        rf"must hold integers from 0 to 4 where layer 'words' \(EmbeddingLayer\) looks them up, "
        rf"got {value} in row 7, column 2; number the values from 0, as OrdinalEncoder does, or "
        r"set words_unknown=True, which gives all other values one vector$"
    )
    before = fitted.predict_proba(X)
    with pytest.raises(ValueError, match=message):
        calls[method]()
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (sparse.csr_matrix, "column 2"),
        (lambda X: pd.DataFrame(X, columns=list("abcd")), "column 'c'"),
        (lambda X: {"input": X}, "column 2"),
        (lambda X: X.astype(np.uint8), "column 2"),
    ],
)
def test_the_column_is_named_for_all_kinds_of_x(make, place):
    with pytest.raises(ValueError, match=f"got 9 in row 7, {place};"):
        net().fit(make(with_value(9)), y)


def test_a_net_with_a_row_for_unknown_values_takes_them():
    unknown = net(words_unknown=True).fit(X, y)
    first = unknown.predict_proba(with_value(77))
    for value in OTHERS.values():
        np.testing.assert_array_equal(unknown.predict_proba(with_value(value)), first)


def test_without_checks_predictions_are_numbers(fitted):
    unchecked = net(check_input=False).fit(with_value(9), y)
    assert np.isfinite(unchecked.predict_proba(with_value(-3))).all()


def test_values_that_a_layer_computes_are_not_checked():
    halves = ("halves", ExpressionLayer(function=lambda x: x / 2))
    assert np.isfinite(net(halves).fit(2 * X, y).predict_proba(with_value(77))).all()


class Add(BatchIterator):
    def transform(self, Xb, yb):
        return Xb + 1, yb


def test_transformed_rows_are_checked_instead():
    iterators = {"batch_iterator_train": Add(20), "batch_iterator_test": Add(20)}
    shifted = net(**iterators).fit(X - 1, y)
    assert shifted.predict(X - 1).shape == (20,)
    message = r"^the transformed batch must hold integers from 0 to 4 .*, got 5 in row 0, column 3"
    with pytest.raises(ValueError, match=message):
        shifted.predict(np.full((1, 4), [1, 2, 3, 4]))


def test_a_table_is_at_most_as_large_as_float32_can_count():
    message = r"input_size must be a positive integer up to 16777216, got 16777217$"
    with pytest.raises(ValueError, match=message):
        net(words_input_size=2**24 + 1).fit(X, y)


def sized(**options):
    layers = [("input", InputLayer), ("words", EmbeddingLayer), ("output", DenseLayer)]
    return NeuralNet(layers, **{"max_epochs": 1, "random_state": 0, "train_split": None} | options)


def test_sizes_follow_from_x_in_fit(tmp_path):
    net = sized().fit(X, y)
    assert net.layers_["words"].W.shape == (5, 3)
    assert sized(words_output_size=7, max_epochs=0).fit(X, y).layers_["words"].W.shape == (5, 7)
    assert sized(words_input_size=9, max_epochs=0).fit(X, y).layers_["words"].W.shape == (9, 5)
    expected = net.predict_proba(X)
    skconv.save(net, tmp_path / "net.skconv")
    loaded = skconv.load(tmp_path / "net.skconv")
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    for trained in (net, loaded):  # continued with smaller values
        assert trained.partial_fit(np.minimum(X, 2), y).layers_["words"].W.shape == (5, 3)
    with pytest.raises(ValueError, match=r"integers from 0 to 4 where layer 'words'.* got 5 in r"):
        net.partial_fit(X + 2, y)


def test_sizes_are_missing_without_data():
    net = sized(input_shape=(None, 4), output_num_units=2)
    with pytest.raises(ValueError, match=r"'words' \(EmbeddingLayer\): input_size is missing; it"):
        net.initialize()


def test_default_lengths_are_half_of_the_number_of_inputs():
    sizes = {1: 1, 2: 1, 3: 2, 10: 5, 99: 50, 1000: 50}
    for size, length in sizes.items():
        assert EmbeddingLayer(input_size=size).sized_for(None).output_size == length

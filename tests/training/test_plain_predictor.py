from dataclasses import replace

import jax
import numpy as np
import pytest

from skconv import BatchIterator, NeuralNet, compile_counts
from skconv.layers import (
    ConcatLayer,
    CyclicPoolLayer,
    CyclicSliceLayer,
    DenseLayer,
    EmbeddingLayer,
    GlobalPoolLayer,
    InputLayer,
)
from skconv.ops import processes
from skconv.ops.dealt_batches import dealing_batches
from skconv.training.output_rows import predict_rows
from skconv.training.plain_predictor import PlainPredictor

from ..nets import X, make_net, y

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8)).astype(np.uint8)


@pytest.fixture(scope="module")
def fitted():
    return make_net().fit(X, y)._fitted()


def with_value(value, dtype=np.float32):
    changed = X.astype(dtype)
    changed[2, 3] = value
    return changed


PLAIN = {
    "float32": X,
    "float64": np.float64(X),
    "float16": np.float16(X),
    "int64": np.int64(9 * X),
    "bytes": np.uint8(X > 0),
    "bool": X > 0,
    "big endian": X.astype(">f4"),
    "columns first": np.asfortranarray(X),
    "every second": np.repeat(X, 2, axis=1)[:, ::2],
    "read only": np.frombuffer(X.tobytes(), np.float32).reshape(X.shape),
}

OTHERS = {
    "list": X.tolist(),
    "subclass": X.view(np.ma.MaskedArray),
    "one axis": X[0],
    "three axes": X[:, :, None],
    "no axis": np.float32(1),
    "no rows": X[:0],
    "too few": X[:, :4],
    "nan": with_value(np.nan),
    "infinite": with_value(np.inf),
    "too large for float32": with_value(1e300, np.float64),
    "a sum that overflows": np.full_like(X, 3e38),
    "complex": X.astype(complex),
    "text": X.astype(str),
    "objects": X.astype(object),
    "dict": {"input": X},
}


def without_plan(fitted, X):
    return replace(fitted, plain=None).map_outputs(X, lambda outputs, _: outputs)


@pytest.mark.parametrize("name", PLAIN)
def test_outputs_are_those_of_rows_that_are_read_in_full(fitted, name):
    whole = PLAIN[name]
    for n in (1, 2, 8, 9, 40):
        before = whole[:n].copy()
        expected, compiled = without_plan(fitted, whole[:n]), compile_counts()
        np.testing.assert_array_equal(fitted.plain(fitted.frozen, whole[:n]), expected)
        np.testing.assert_array_equal(whole[:n], before)
        assert compile_counts() == compiled


def test_layers_and_logits_are_those_of_rows_that_are_read_in_full(fitted):
    rows = fitted.rows(X)
    for options in ({"to": "hidden"}, {"to": "output"}, {"logits": ("output",)}):
        expected = predict_rows(fitted.frozen, rows, fitted.iterator, **options)
        compiled = compile_counts()
        np.testing.assert_array_equal(fitted.plain(fitted.frozen, X, **options), expected)
        assert compile_counts() == compiled


def test_copies_of_rows_are_left_to_others():
    layers = [InputLayer, ("turned", CyclicSliceLayer), CyclicPoolLayer, DenseLayer]
    fitted = NeuralNet(layers, max_epochs=1).fit(IMAGES, y)._fitted()
    assert fitted.plain(fitted.frozen, IMAGES, to="turned") is None
    np.testing.assert_array_equal(fitted.compute(IMAGES, "turned")[:40], IMAGES)
    assert fitted.plain(fitted.frozen, IMAGES) is not None


@pytest.mark.parametrize("name", OTHERS)
def test_other_data_are_read_in_full(fitted, name):
    assert fitted.plain(fitted.frozen, OTHERS[name]) is None


def test_more_rows_than_a_chunk_holds_are_not_looked_at(fitted, monkeypatch):
    whole = np.tile(X, (4000, 1))
    monkeypatch.setattr(np, "errstate", None)
    assert fitted.plain(fitted.frozen, whole) is None


def test_images_are_taken_flat_and_in_their_shape():
    fitted = NeuralNet([InputLayer, DenseLayer], max_epochs=1).fit(IMAGES, y)._fitted()
    expected = without_plan(fitted, IMAGES)
    for rows in (IMAGES, IMAGES.reshape(40, 64), np.float64(IMAGES)):
        np.testing.assert_allclose(fitted.plain(fitted.frozen, rows), expected, rtol=1e-5)
    for rows in (IMAGES.reshape(40, 8, 8), IMAGES.reshape(40, 8, 8, 1)):
        assert fitted.plain(fitted.frozen, rows) is None


def test_values_need_not_be_finite_without_check():
    fitted = make_net(check_input=False).fit(X, y)._fitted()
    found = fitted.plain(fitted.frozen, with_value(np.nan))
    assert np.flatnonzero(np.isnan(found).any(axis=1)).tolist() == [2]


def test_results_are_in_memory_of_their_own(fitted):
    for n in (1, 5, 40):
        found = fitted.map_outputs(X[:n], lambda outputs, _: outputs)
        assert found.flags.writeable
        assert found.base is None


def test_rows_are_read_in_full_with_other_processes_and_devices(fitted, monkeypatch):
    with dealing_batches(2 * jax.devices()):
        assert fitted.plain(fitted.frozen, X) is None  # three batches
        assert fitted.plain(fitted.frozen, X[:8]) is not None
    monkeypatch.setattr(processes, "_shared", 1)
    assert fitted.plain(fitted.frozen, X) is None


def test_changed_copies_read_in_full(fitted):
    def halve(forward, key, Xb):
        return forward(Xb) / 2

    whole = fitted.map_outputs(X, lambda outputs, _: outputs)
    half = replace(fitted, test_augment=halve).map_outputs(X, lambda outputs, _: outputs)
    np.testing.assert_allclose(2 * half, whole, rtol=1e-6)
    doubled = replace(fitted, iterator=Doubling(16)).map_outputs(X / 2, lambda outputs, _: outputs)
    np.testing.assert_allclose(doubled, whole, rtol=1e-5)


class Doubling(BatchIterator):
    def transform(self, Xb, yb):
        return 2 * Xb, yb


TWO = [
    ("left", InputLayer),
    ("right", InputLayer),
    (ConcatLayer, {"incomings": ["left", "right"]}),
    DenseLayer,
]
TOKENS = [InputLayer, (EmbeddingLayer, {"input_size": 9, "output_size": 2}), DenseLayer]
FREE = [(InputLayer, {"shape": (None, 1, None, None)}), GlobalPoolLayer, DenseLayer]


@pytest.mark.parametrize(
    ("net", "data"),
    [
        (NeuralNet(TWO), {"left": X, "right": X}),
        (NeuralNet(TOKENS), np.arange(40)[:, None] % 9),
        (NeuralNet(FREE), IMAGES),
        (make_net(batch_iterator_test=Doubling(16)), X),
        (make_net(data_format="channels_last"), X),
    ],
    ids=["two inputs", "indices", "free sizes", "transform", "channels last"],
)
def test_other_nets_read_rows_in_full(net, data):
    fitted = net.set_params(max_epochs=1).fit(data, y)._fitted()
    assert fitted.plain is None
    assert len(net.predict(data)) == 40


def test_batches_must_fit_into_memory(fitted, monkeypatch):
    args = fitted.network, fitted.iterator, 5
    assert PlainPredictor.of(*args, check=True) == fitted.plain
    assert PlainPredictor.of(fitted.network, fitted.iterator, 4, check=True) is None
    monkeypatch.setattr("skconv.network.memory.memory", lambda: 100)
    assert PlainPredictor.of(*args, check=True) is None

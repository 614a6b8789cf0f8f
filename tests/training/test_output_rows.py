import numpy as np
import pytest

from skconv import compile_counts
from skconv.data.iterators import BatchIterator
from skconv.data.predict_chunks import iterate_in_order
from skconv.training.output_rows import predict_rows

from ..nets import X, make_net, softmax_of, y


@pytest.fixture(scope="module")
def net():
    return make_net(batch_iterator_test=16).fit(X, y)


def expected_for(net):
    (W1, b1), (W2, b2) = (net.get_all_params_values()[name] for name in ("hidden", "output"))
    return softmax_of(np.maximum(X @ W1 + b1, 0) @ W2 + b2)


def test_numbers_of_rows_share_three_programs():
    net = make_net(hidden_num_units=11).fit(X, y)
    expected, before = expected_for(net), compile_counts()["predict"]
    for n in (1, 40, 2, 1, 9, 8, 7, 30):
        np.testing.assert_allclose(net.predict_proba(X[:n]), expected[:n], rtol=1e-5)
    assert compile_counts()["predict"] - before == 3


def test_a_chunk_is_no_larger_than_its_outputs_allow(monkeypatch):
    fitted, shapes = make_net(hidden_num_units=50).fit(X, y)._fitted(), []

    def recording(rows, iterator, shape):
        shapes.append(shape)
        return iterate_in_order(rows, iterator, shape)

    monkeypatch.setattr("skconv.training.output_rows.iterate_in_order", recording)
    monkeypatch.setattr("skconv.data.chunks.CHUNK_BYTES", 25_600)
    rows = fitted.rows(X)
    for layer in ("hidden", "output"):  # rows of 200 bytes, and of 20 bytes in X
        predict_rows(fitted.frozen, rows, fitted.iterator, to=layer)
    assert shapes == [(2, 16), (16, 16)]


def test_chunks_are_joined_to_all_rows(net, monkeypatch):
    fitted = net._fitted()
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 1)
    found = predict_rows(fitted.model, fitted.rows(X), fitted.iterator)
    np.testing.assert_allclose(found, expected_for(net), rtol=1e-5)


def test_a_function_sees_each_chunk_once_and_in_order(net, monkeypatch):
    fitted, seen = net._fitted(), []
    args = fitted.model, fitted.rows(X), fitted.iterator
    whole = predict_rows(*args)

    def twice(outputs):
        seen.append(len(outputs))
        return [2 * outputs, None]

    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 4)
    doubled, none = predict_rows(*args, function=twice)
    np.testing.assert_array_equal(doubled, 2 * whole)
    assert (none, seen) == (None, [16, 16, 8])


@pytest.mark.parametrize("n", [1, 40])
def test_outputs_may_be_written_to_and_keep_no_others_in_memory(net, n):
    fitted = net._fitted()
    found = predict_rows(fitted.model, fitted.rows(X[:n]), fitted.iterator)
    assert found.flags.writeable
    assert found.base is None


def test_batches_beyond_the_memory_are_refused(net, monkeypatch):
    fitted = net._fitted()
    args = fitted.model, fitted.rows(X)
    monkeypatch.setattr("skconv.network.memory.memory", lambda: 1000)
    with pytest.raises(ValueError, match="batch_iterator_test must be a batch size whose batches"):
        predict_rows(*args, BatchIterator(1000))
    assert predict_rows(*args, BatchIterator(8)).shape == (40, 3)

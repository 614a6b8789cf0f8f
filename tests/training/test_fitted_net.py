import copy
from dataclasses import replace

import numpy as np
import pytest

from skconv.data.iterators import BatchIterator
from skconv.training.fitted_net import nonfinite_rows

from ..exactness import assert_agree
from ..nets import TARGETS, X, make_net, softmax_of, three_headed, y


@pytest.fixture(scope="module")
def net():
    return make_net(batch_iterator_test=16).fit(X, y)


def test_outputs_are_those_of_the_network_in_any_batches(net):
    fitted, weights = net._fitted(), net.get_all_params_values()
    (W1, b1), (W2, b2) = weights["hidden"], weights["output"]
    hidden = np.maximum(X @ W1 + b1, 0)
    np.testing.assert_allclose(fitted.compute(X, to="hidden"), hidden, rtol=1e-4, atol=1e-6)
    expected = softmax_of(hidden @ W2 + b2)
    for size in (16, 1, 7, 64):
        other = replace(fitted, iterator=BatchIterator(size))
        np.testing.assert_allclose(other.compute(X), expected, rtol=1e-5)


def test_several_outputs_are_a_tuple():
    fitted = three_headed().fit(X, TARGETS)._fitted()
    assert [part.shape for part in fitted.compute(X)] == [(40, 3), (40, 1), (40, 2)]


def test_test_augment_acts_on_outputs_and_not_on_layers(net):
    def halve(forward, key, Xb):
        return forward(Xb) / 2

    fitted = replace(net._fitted(), test_augment=halve)
    np.testing.assert_allclose(2 * fitted.compute(X), net.predict_proba(X), rtol=1e-6)
    hidden = net._fitted().compute(X, to="hidden")
    assert_agree(fitted.compute(X, to="hidden"), hidden)


def test_logarithms_are_those_of_averaged_probabilities(net):
    def mirrored(forward, key, Xb):
        return (forward(Xb) + forward(-Xb)) / 2

    (W1, b1), (W2, b2) = (net.get_all_params_values()[name] for name in ("hidden", "output"))
    one, other = (softmax_of(np.maximum(rows @ W1 + b1, 0) @ W2 + b2) for rows in (X, -X))
    for augment, expected in ((None, one), (mirrored, (one + other) / 2)):
        found = replace(net._fitted(), test_augment=augment).log_probabilities(X)
        np.testing.assert_allclose(found, np.log(expected), rtol=1e-4, atol=1e-5)


def test_rows_are_validated_and_shaped(net):
    fitted = net._fitted()
    assert fitted.rows(X[:3]).shapes == {"input": (5,)}
    assert fitted.network is net.network_
    with pytest.raises(ValueError, match="X has 4 features"):
        fitted.rows(X[:, :4])


def test_gradients_come_batch_by_batch_without_padding(net):
    fitted, weights = net._fitted(), net.get_all_params_values()
    rows, direction = fitted.rows(X), np.eye(3, dtype=np.float32)[y]
    names = {"layer": "input", "output": "output", "logits": True}
    batches = list(fitted.gradients(rows, direction, **names))
    assert [len(batch.scores) for batch in batches] == [16, 16, 8]
    gradients = np.concatenate([batch.gradients for batch in batches])
    (W1, b1), (W2, b2) = weights["hidden"], weights["output"]
    before = X @ W1 + b1
    expected = (direction @ W2.T * (before > 0)) @ W1.T
    np.testing.assert_allclose(gradients, expected, rtol=1e-4, atol=1e-6)
    scores = (np.maximum(before, 0) @ W2 + b2)[np.arange(40), y]
    found = np.concatenate([batch.scores for batch in batches])
    np.testing.assert_allclose(found, scores, rtol=1e-4, atol=1e-6)


def test_outputs_are_handed_on_chunk_by_chunk(net, monkeypatch):
    """Chunks are of one batch each, here because the outputs, which are larger than X, fill it."""
    fitted, seen = net._fitted(), []
    expected = fitted.compute(X)

    def double(outputs, deviations):
        seen.append((outputs.copy(), deviations))
        return 2 * outputs

    monkeypatch.setattr("skconv.data.chunks.CHUNK_BYTES", 4 * 2 * 16 * 5 * 4)
    assert len(fitted.map_outputs(X, double)) == 40
    assert [len(outputs) for outputs, _ in seen] == [32, 8]
    seen.clear()
    monkeypatch.setitem(fitted.network.output_bytes, "output", 4 * 2 * 5)
    assert_agree(fitted.map_outputs(X, double), 2 * expected)
    assert [len(outputs) for outputs, _ in seen] == [16, 16, 8]
    assert all(deviations is None for _, deviations in seen)


def test_rows_that_are_not_finite_in_any_output():
    a, b = np.ones((5, 2)), np.ones((5, 1, 3))
    assert nonfinite_rows((a, b)).tolist() == []
    a[3, 1], b[1, 0, 2] = np.nan, np.inf
    assert nonfinite_rows(a).tolist() == [3]
    assert nonfinite_rows((a, b)).tolist() == [1, 3]


def test_weights_that_are_loaded_while_rows_are_computed_serve_later_calls(net):
    """Rows are cut into chunks, of which the host's transforms come one by one."""
    other, before = copy.deepcopy(net), net.predict_proba(X)

    class Loading(BatchIterator):
        def transform(self, Xb, yb):
            weights = other.get_all_params_values()
            other.load_params_from(
                {key: [0 * array for array in own] for key, own in weights.items()}
            )
            return Xb, yb

    fitted = replace(other._fitted(), iterator=Loading(16))
    assert_agree(fitted.compute(X), before)
    np.testing.assert_allclose(other.predict_proba(X), 1 / 3, rtol=1e-6)

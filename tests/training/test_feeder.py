from functools import partial

import jax
import numpy as np
import pytest
from sklearn.base import clone

from skconv.data.fit_arguments import FitArguments
from skconv.data.iterators import BatchIterator
from skconv.estimator.prepare import prepare
from skconv.training.feeder import Feeder
from skconv.utils.memo import Memo

from ..nets import X, make_net, y


class Negate(BatchIterator):
    def transform(self, Xb, yb):
        return -Xb, yb


def feeder_of(memo=None, **params):
    given = {"train_split": 0.2, "batch_iterator_train": BatchIterator(16)}
    fit = prepare(make_net(**given | params), FitArguments(X, y), None, Memo())
    return fit, Feeder(fit.train, fit.valid, fit.model, memo)


def rows_fed(feeder, epochs=1):
    """Return the rows of the coming epochs in the order in which the program sees them."""
    with feeder.streaming(epochs):
        fed = []
        for feed in feeder.feeds(epochs):
            flat = np.asarray(feed.batches.X["input"]).reshape(-1, 5)
            weights = np.asarray(feed.batches.weights).ravel()
            for order in feed.order[:epochs, : feed.steps].reshape(epochs, -1):
                index = order[: feed.rows]
                fed.append(flat[index[weights[index] > 0]])
        return fed


def test_rows_that_fit_one_chunk_stay_on_the_device():
    fit, feeder = feeder_of()
    assert feeder.resident.shape[1] == 16
    assert feeder.epochs_per_call > 1
    one, two = rows_fed(feeder, epochs=2)
    np.testing.assert_array_equal(one, X[fit.train.index])
    np.testing.assert_array_equal(two, one)
    (feed,) = feeder.valid_feeds(next(feeder.feeds(1)))
    assert (feeder.valid_calls, feed.valid_steps) == (1, 1)
    held = np.asarray(feed.valid.X["input"]).reshape(-1, 5)[:8]
    np.testing.assert_array_equal(held, X[fit.valid.index])


def test_each_epoch_of_a_call_has_its_own_order():
    fit, feeder = feeder_of(batch_iterator_train=BatchIterator(16, shuffle=True))
    one, two = rows_fed(feeder, epochs=2)
    fit.model.epoch = 1
    (again,) = rows_fed(feeder)
    assert not np.array_equal(one, two)
    np.testing.assert_array_equal(again, two)
    np.testing.assert_array_equal(np.sort(one, axis=0), np.sort(X[fit.train.index], axis=0))


def test_trainings_share_the_rows_of_a_memo():
    memo = Memo()
    (fit, one), (_, other) = (feeder_of(memo, random_state=seed) for seed in (0, 1))
    assert one.resident.batches.X["input"] is other.resident.batches.X["input"]
    (rows,) = rows_fed(one)
    np.testing.assert_array_equal(rows, X[fit.train.index])


@pytest.mark.parametrize("steps", [1, 64])
def test_transformed_rows_are_streamed(steps, monkeypatch):
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", steps)
    fit, feeder = feeder_of(batch_iterator_train=Negate(16))
    assert feeder.resident is None
    assert feeder.epochs_per_call == 1
    np.testing.assert_array_equal(np.concatenate(rows_fed(feeder)), -X[fit.train.index])


def test_larger_data_are_streamed_in_chunks(monkeypatch):
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 1)
    fit, feeder = feeder_of(batch_iterator_test=4)
    assert feeder.resident is None
    assert feeder.valid_calls == 2
    chunks = rows_fed(feeder)
    assert [len(rows) for rows in chunks] == [16, 16]
    np.testing.assert_array_equal(np.concatenate(chunks), X[fit.train.index])


@pytest.mark.parametrize(("large_bytes", "many"), [(0, False), (2**26, True)])
@pytest.mark.parametrize("iterator", [BatchIterator(16), Negate(16)])
def test_rows_of_large_nets_are_fed_to_a_program_of_one_epoch(
    large_bytes, many, iterator, monkeypatch
):
    """It holds fewer copies of the weights than a program of several epochs."""
    monkeypatch.setattr("skconv.training.feeder.LARGE_BYTES", large_bytes)
    _, feeder = feeder_of(batch_iterator_train=iterator)
    with feeder.streaming(1):
        feed = next(feeder.feeds(1))
    assert (len(feed.order) > 1) is many


def test_validation_rows_of_several_chunks_are_streamed_in_each_epoch(monkeypatch):
    """Also while the training rows stay on the device."""
    fit, feeder = feeder_of(batch_iterator_test=3)
    whole = X[fit.valid.index]
    monkeypatch.setattr("skconv.data.chunks.CHUNK_BYTES", 2 * 3 * 20)
    other = Feeder(fit.train, fit.valid, fit.model, None)
    other.resident = feeder.resident
    assert (feeder.valid_calls, other.valid_calls) == (1, 2)
    with other.streaming(2):
        for _ in range(2):
            (feed,) = other.feeds(1)
            fed = list(other.valid_feeds(feed))
            assert [one.valid_steps for one in fed] == [2, 1]
            numbers = [np.asarray(one.valid.rows[: one.valid_steps]) for one in fed]
            assert np.concatenate(numbers).ravel()[:8].tolist() == list(range(8))
            rows = [np.asarray(one.valid.X["input"]).reshape(-1, 5) for one in fed]
            np.testing.assert_array_equal(np.concatenate(rows)[:8], whole)
        with pytest.raises(StopIteration):
            next(other._chunks)


class Fails(BatchIterator):
    def transform(self, Xb, yb):
        if (Xb == X[self.row]).all(axis=1).any():
            raise OSError("no such image")
        return Xb, yb


def test_an_exception_in_validation_rows_names_batch_and_epoch(monkeypatch):
    """The net stays as it was, although the row comes after a step of training."""
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 1)
    net = make_net(train_split=0.2, max_epochs=1).fit(X, y)
    before, fails = net.get_all_params_values()["output"][0].copy(), Fails(2)
    fails.row = prepare(net, FitArguments(X, y), None, Memo()).valid.index[5]
    with pytest.raises(OSError, match="no such image") as caught:
        net.set_params(batch_iterator_test=fails).fit(X, y)
    assert caught.value.__notes__ == ["in batch 3, transformed by Fails.transform", "in epoch 1"]
    np.testing.assert_array_equal(net.get_all_params_values()["output"][0], before)


def test_larger_data_stay_on_a_device_with_memory_of_its_own(monkeypatch):
    plain = make_net(batch_iterator_train=BatchIterator(16, shuffle=True), train_split=0.2)
    streamed, shared = clone(plain), Memo()
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 1)
    streamed.fit(X, y)
    monkeypatch.setattr("skconv.data.chunks.spare_memory", lambda: 10**6)
    for memo in (None, shared):
        fit, feeder = feeder_of(memo, train_split=0.2)
        assert feeder.resident.shape == ((4, 16) if memo else (2, 16))
        np.testing.assert_array_equal(np.concatenate(rows_fed(feeder)), X[fit.train.index])
    plain.fit(X, y)
    jax.tree.map(
        partial(np.testing.assert_allclose, rtol=1e-6),
        plain.get_all_params_values(),
        streamed.get_all_params_values(),
    )


@pytest.mark.parametrize("steps", [1, 64])
def test_epochs_have_the_orders_of_their_numbers_also_where_training_goes_on(steps, monkeypatch):
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", steps)
    fit, feeder = feeder_of(batch_iterator_train=BatchIterator(16, shuffle=True))
    assert (feeder.resident is None) == (steps == 1)
    for fit.model.epoch in (3, 0):
        fed = np.concatenate(rows_fed(feeder))
        order = np.random.default_rng([fit.model.seed, fit.model.epoch]).permutation(32)
        np.testing.assert_array_equal(fed, X[fit.train.index[order]])

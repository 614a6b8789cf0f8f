import functools
import gc
import math
import os
import signal
import threading
import time
import weakref

import jax
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss

from skconv import BatchIterator, NeuralNet
from skconv.handlers import Handler
from skconv.layers import DenseLayer, DropoutLayer, InputLayer
from skconv.training.loop import TrainingLoop
from skconv.updates.rules import nesterov_momentum, sgd

from ..exactness import assert_agree
from ..nets import softmax_of, still_net

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)
y = (X @ rng.normal(size=(5, 3))).argmax(axis=1)
W1, W2 = rng.normal(size=(5, 4)) / 2, rng.normal(size=(4, 3)) / 2

HIDDEN = (DenseLayer, {"name": "hidden", "num_units": 4})
LAYERS = [("input", InputLayer), HIDDEN, ("dropout", DropoutLayer), ("output", DenseLayer)]

make_net = functools.partial(
    NeuralNet,
    layers=LAYERS,
    update_learning_rate=0.1,
    batch_iterator_train=16,
    batch_iterator_test=16,
    train_split=None,
    max_epochs=2,
    random_state=0,
)

plain_net = functools.partial(
    make_net,
    layers=[*LAYERS[:2], LAYERS[3]],
    hidden_W=W1,
    output_W=W2,
    batch_iterator_train=BatchIterator(16),
    objective_l2=0.0,
)


def weights(net):
    return [p.get_value() for p in net.get_all_params()]


def assert_same(net, other):
    for one, two in zip(weights(net), weights(other), strict=True):
        assert_agree(one, two)


def loss_and_gradients(params, X, y, w, l2):
    """Return the cross-entropy of a network with one rectified layer, and its gradients."""
    W1, b1, W2, b2 = params
    before = X @ W1 + b1
    hidden = np.maximum(before, 0)
    e = np.exp(hidden @ W2 + b2)
    p = e / e.sum(axis=1, keepdims=True)
    share = w / w.sum()
    loss = -share @ np.log(p[np.arange(len(y)), y]) + l2 * ((W1**2).sum() + (W2**2).sum())
    d_out = (p - np.eye(3)[y]) * share[:, None]
    d_hidden = (d_out @ W2.T) * (before > 0)
    grads = [X.T @ d_hidden + 2 * l2 * W1, d_hidden.sum(0)]
    return loss, [*grads, hidden.T @ d_out + 2 * l2 * W2, d_out.sum(0)]


def trained_by_numpy(X, y, w, epochs=1, rate=0.1, momentum=None, l2=0.0):
    X = X.astype(np.float64)
    params = [W1, np.zeros(4), W2, np.zeros(3)]
    velocity = [np.zeros_like(p) for p in params]
    losses = []
    for _ in range(epochs):
        total = 0.0
        for i in range(0, len(X), 16):
            part = slice(i, i + 16)
            loss, grads = loss_and_gradients(params, X[part], y[part], w[part], l2)
            total += loss * w[part].sum()
            velocity = [
                (momentum or 0) * v - rate * g for v, g in zip(velocity, grads, strict=True)
            ]
            steps = velocity
            if momentum is not None:
                steps = [momentum * v - rate * g for v, g in zip(velocity, grads, strict=True)]
            params = [p + step for p, step in zip(params, steps, strict=True)]
        losses.append(total / w.sum())
    return params, losses


def assert_close(net, expected):
    params, losses = expected
    for found, reference in zip(weights(net), params, strict=True):
        np.testing.assert_allclose(found, reference, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose([row["train_loss"] for row in net.train_history_], losses, rtol=1e-5)


def test_one_step_of_gradient_descent_with_sample_weights_and_l2():
    w = rng.uniform(0, 2, size=16)
    net = plain_net(update=sgd, objective_l2=0.05, update_learning_rate=0.3, max_epochs=1)
    net.fit(X[:16], y[:16], sample_weight=w)
    assert_close(net, trained_by_numpy(X[:16], y[:16], w, rate=0.3, l2=0.05))


@pytest.mark.parametrize(("update", "momentum"), [(sgd, None), (nesterov_momentum, 0.9)])
def test_epochs_whose_last_batch_is_short(update, momentum):
    net = plain_net(update=update, max_epochs=5).fit(X, y)
    assert_close(net, trained_by_numpy(X, y, np.ones(40), epochs=5, momentum=momentum))


def test_rows_without_weight_are_not_there():
    w = (np.arange(40) < 16).astype(float)
    expected = trained_by_numpy(X[:16], y[:16], np.ones(16))
    net = plain_net(update=sgd, max_epochs=1).fit(X, y, sample_weight=w)
    assert_close(net, expected)


def test_history_has_a_row_for_each_epoch():
    net = plain_net(
        max_epochs=3, scores_train=[("mine", lambda p, t: p[:, 0])], custom_scores=[("ten", ten)]
    )
    net.fit(X, y, X_val=X[:20], y_val=y[:20])
    history = net.train_history_
    assert list(history[0]) == [
        *("epoch", "train_loss", "train_loss_best", "valid_loss", "valid_loss_best"),
        *("valid_accuracy", "dur", "mine", "ten"),
    ]
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert [row["ten"] for row in history] == [10.0] * 3
    assert all(row["dur"] > 0 for row in history)
    last, p = history[-1], net.predict_proba(X[:20])
    assert last["valid_loss"] == pytest.approx(log_loss(y[:20], p), rel=1e-5)
    assert last["valid_accuracy"] == pytest.approx(accuracy_score(y[:20], p.argmax(1)), rel=1e-5)


def test_an_epoch_lasts_until_its_results_are_there():
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(1024, 256)), rng.integers(2, size=1024)
    net = make_net(hidden_num_units=2048, update_learning_rate=0.01, max_epochs=1)
    net.fit(rows, labels)
    began = time.perf_counter()
    net.fit(rows, labels)
    assert net.train_history_[0]["dur"] > 0.3 * (time.perf_counter() - began)
    began = time.perf_counter()
    net.fit(rows[:8], labels[:8], epochs=40)
    elapsed = time.perf_counter() - began
    assert sum(row["dur"] for row in net.train_history_) <= elapsed


def ten(y_true, y_output):
    return 10


def test_the_best_losses_so_far_are_marked():
    net = plain_net(max_epochs=6, update_learning_rate=lambda step: 0.1 if step < 9 else 1.0)
    history = net.fit(X, y, X_val=X, y_val=y).train_history_
    for name in ("train_loss", "valid_loss"):
        losses = [row[name] for row in history]
        marks = [row[f"{name}_best"] for row in history]
        assert marks == [loss == min(losses[: i + 1]) for i, loss in enumerate(losses)]
        assert set(marks) == {True, False}


def test_regression_has_no_accuracy():
    given = {"regression": True, "output_W": W2[:, :1]}
    for valid in ({}, {"X_val": X, "y_val": X[:, 0]}):
        net = plain_net(max_epochs=1, **given).fit(X, X[:, 0], **valid)
        assert set(net.train_history_[0]) == {
            *("epoch", "train_loss", "train_loss_best", "valid_loss", "valid_loss_best", "dur")
        }


def test_without_validation_rows_their_columns_are_nan():
    row = plain_net().fit(X, y).train_history_[0]
    assert math.isnan(row["valid_loss"])
    assert math.isnan(row["valid_accuracy"])
    assert row["valid_loss_best"] is False
    assert row["train_loss_best"] is True


def test_custom_scores_get_all_validation_rows():
    seen = []

    def score(y_true, y_output):
        seen.append((y_true, y_output))
        return 0.5

    labels = np.array(["a", "b", "c"])[y]
    net = plain_net(custom_scores=[("half", score)])
    net.fit(X, labels, X_val=X[:20], y_val=labels[:20])
    assert len(seen) == 2
    np.testing.assert_array_equal(seen[-1][0], y[:20])
    np.testing.assert_allclose(seen[-1][1], net.predict_proba(X[:20]), rtol=1e-5)


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_score_that_fails_leaves_the_last_epoch_with_a_row(epoch):
    calls = []

    def score(y_true, y_output):
        calls.append(len(calls) + 1)
        return None if len(calls) == epoch else 0.5

    fitted = plain_net(max_epochs=1).fit(X, y)
    net = plain_net(max_epochs=1).fit(X, y)
    net.set_params(max_epochs=5, hidden_W=2 * W1, custom_scores=[("mine", score)])
    with pytest.raises(ValueError, match=r"^the score 'mine' of custom_scores must return a "):
        net.fit(X, y, X_val=X, y_val=y)
    expected = fitted
    if epoch > 1:
        expected = plain_net(max_epochs=epoch - 1, hidden_W=2 * W1).fit(X, y, X_val=X, y_val=y)
    assert_same(net, expected)
    assert len(net.train_history_) == net._model.epoch == len(expected.train_history_)
    assert net._model.step == expected._model.step
    for one, other in zip(*(jax.tree.leaves(n._model.opt) for n in (net, expected)), strict=True):
        assert_agree(one, other)


def stop_at(epoch, error):
    def handler(net, history):
        if len(history) == epoch:
            raise error

    return handler


def test_stop_iteration_after_an_epoch_ends_training():
    finished = []
    net = make_net(
        max_epochs=5,
        on_epoch_finished=stop_at(2, StopIteration),
        on_training_finished=lambda net, history: finished.append(len(history)),
    )
    assert_same(net.fit(X, y), make_net(max_epochs=2).fit(X, y))
    assert finished == [2]


def test_stop_iteration_after_a_batch_ends_training():
    net = plain_net(update=sgd, on_batch_finished=stop_at(0, StopIteration)).fit(X, y)
    assert_close(net, (trained_by_numpy(X[:16], y[:16], np.ones(16))[0], []))


def test_stop_iteration_before_training_leaves_the_initial_weights():
    net = plain_net(on_training_started=stop_at(0, StopIteration)).fit(X, y)
    np.testing.assert_array_equal(net.layers_["hidden"].W, W1.astype(np.float32))


def test_an_interrupt_warns_and_keeps_what_was_learnt():
    net = make_net(max_epochs=5, on_epoch_finished=stop_at(2, KeyboardInterrupt))
    message = "^training was interrupted after 2 epochs; the weights learned so far are kept$"
    with pytest.warns(UserWarning, match=message) as caught:
        net.fit(X, y)
    assert caught[0].filename == __file__
    assert_same(net, make_net(max_epochs=2).fit(X, y))


def test_a_loss_that_becomes_nan_warns_and_keeps_the_last_good_weights():
    finished = []
    net = make_net(
        max_epochs=9,
        update_learning_rate=lambda step: 0.1 if step < 6 else 1e38,
        on_training_finished=lambda net, history: finished.append(len(history)),
    )
    message = (
        r"^the loss became NaN or infinite in epoch 3; training stopped, and the weights are those "
        r"of epoch 2\. Lower update_learning_rate, or scale X$"
    )
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        net.fit(X, y)
    assert caught[0].filename == __file__
    assert finished == [len(net.train_history_)] == [2]
    assert_same(net, make_net(max_epochs=2).fit(X, y))


def test_a_loss_that_is_nan_at_once_keeps_the_initial_weights():
    with pytest.warns(ConvergenceWarning, match="in epoch 1; .* the weights are the initial ones"):
        net = plain_net(update_learning_rate=1e38).fit(X, y)
    assert net.train_history_ == []
    np.testing.assert_array_equal(net.layers_["hidden"].W, W1.astype(np.float32))


def test_a_fault_in_a_handler_before_the_first_epoch_leaves_the_net_as_it_was():
    net = make_net(on_training_started=stop_at(0, RuntimeError("no disk")))
    with pytest.raises(RuntimeError, match="no disk"):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")


def test_batch_handlers_see_the_weights_after_each_batch_and_change_nothing():
    seen = []
    net = make_net(update_learning_rate=lambda step: 0.1 / (1 + step)).fit(X, y)
    expected = weights(net)
    net.set_params(on_batch_finished=lambda net, history: seen.append(weights(net))).fit(X, y)
    assert len(seen) == 2 * 3
    for found, reference in zip(weights(net), expected, strict=True):
        assert_agree(found, reference)
    np.testing.assert_array_equal(seen[-1][0], weights(net)[0])
    one = plain_net(update=sgd, on_batch_finished=lambda net, history: seen.append(weights(net)))
    one.fit(X, y)
    expected = trained_by_numpy(X[:16], y[:16], np.ones(16))[0]
    np.testing.assert_allclose(seen[6][0], expected[0], rtol=1e-4, atol=1e-6)


def test_chunks_do_not_change_the_result(monkeypatch):
    def noisy(forward, key, Xb):
        return forward(Xb + jax.random.normal(key, (1, 5)))

    net = make_net(
        batch_iterator_train=4,
        batch_iterator_test=4,
        update_learning_rate=lambda step: 0.1 / (1 + step),
        test_augment=noisy,
        custom_scores=[("first", lambda y_true, y_output: y_output[:, 0].sum())],
    )
    whole = net.fit(X, y, X_val=X, y_val=y)
    expected, history, p = weights(whole), whole.train_history_, whole.predict_proba(X)
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 3)
    parts = net.fit(X, y, X_val=X, y_val=y)
    for found, reference in zip(weights(parts), expected, strict=True):
        np.testing.assert_allclose(found, reference, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(parts.predict_proba(X), p, rtol=1e-5)
    for name in ("train_loss", "valid_loss", "valid_accuracy", "first"):
        found = [row[name] for row in parts.train_history_]
        np.testing.assert_allclose(found, [row[name] for row in history], rtol=1e-5)


def test_schedules_are_asked_for_the_steps_that_are_taken():
    asked = set()

    def rate(step):
        asked.add(step)
        return 0.1

    make_net(update_learning_rate=rate).fit(X, y, X_val=X, y_val=y)
    assert asked == set(range(6))


def test_an_epoch_cut_short_does_not_keep_weights_that_are_no_numbers():
    def stop(net, history):
        calls.append(1)
        if len(calls) == 3:
            raise StopIteration

    calls = []
    net = make_net(update_learning_rate=1e38, on_batch_finished=stop)
    with pytest.warns(ConvergenceWarning, match="weights are the initial ones"):
        net.fit(X, y)
    assert all(np.isfinite(w).all() for w in weights(net))
    assert len(calls) == 3


@pytest.fixture
def calls(monkeypatch):
    """The steps of each call of the training program so far."""
    steps = []
    call_program = TrainingLoop._call_program

    def noted(self, feed, step_range, *args):
        steps.append(step_range)
        call_program(self, feed, step_range, *args)

    monkeypatch.setattr(TrainingLoop, "_call_program", noted)
    return steps


def test_epochs_that_nobody_watches_go_by_in_fewer_calls_and_are_the_same(calls, monkeypatch):
    monkeypatch.setattr("skconv.training.loop.PATIENCE", math.inf)
    net = make_net(max_epochs=40, train_split=0.2, update_learning_rate=lambda step: 1 / (9 + step))
    history = net.fit(X, y).train_history_
    assert len(calls) == len([1, 2, 4, 8, 16, 9])
    expected = weights(net)
    net.set_params(on_epoch_finished=lambda net, history: None).fit(X, y)
    assert len(calls) == 6 + 40
    for found, reference in zip(weights(net), expected, strict=True):
        np.testing.assert_array_equal(found, reference)
    for name in ("epoch", "train_loss", "valid_loss", "valid_accuracy"):
        assert [row[name] for row in net.train_history_] == [row[name] for row in history]


def test_a_loss_that_becomes_nan_in_one_of_several_epochs_keeps_those_before(monkeypatch):
    monkeypatch.setattr("skconv.training.loop.PATIENCE", math.inf)
    net = make_net(max_epochs=20, update_learning_rate=lambda step: 0.1 if step < 30 else 1e38)
    with pytest.warns(ConvergenceWarning, match=r"in epoch 11; .* those of epoch 10\."):
        net.fit(X, y)
    assert len(net.train_history_) == 10
    assert_same(net, make_net(max_epochs=10).fit(X, y))


def test_slow_epochs_are_called_one_by_one(calls, monkeypatch):
    monkeypatch.setattr("skconv.training.loop.PATIENCE", 0)
    make_net(max_epochs=5).fit(X, y)
    assert len(calls) == 5


def test_the_last_training_call_validates_unless_batch_handlers_watch(calls):
    net = plain_net(max_epochs=1).fit(X, y, X_val=X, y_val=y)
    assert [(steps.start, steps.stop, steps.valid) for steps in calls] == [(0, 3, 3)]
    calls.clear()
    net.set_params(on_batch_finished=lambda net, history: None).fit(X, y, X_val=X, y_val=y)
    ranges = [(steps.start, steps.stop, steps.valid) for steps in calls]
    assert ranges == [(0, 1, 0), (1, 2, 0), (2, 3, 0), (0, 0, 3)]


def test_validation_sees_what_handlers_did_after_the_last_batch():
    def forget(net, history):
        for parameter in net.get_all_params():
            parameter.set_value(np.zeros(parameter.shape))

    net = plain_net(max_epochs=1, on_batch_finished=forget).fit(X, y, X_val=X, y_val=y)
    assert net.train_history_[0]["valid_loss"] == pytest.approx(math.log(3))


class Noisy(BatchIterator):
    """Add noise from a generator of its own, and record thread and labels of each batch."""

    def __init__(self, batch_size, shuffle=False, seed=None):
        super().__init__(batch_size, shuffle, seed)
        self.rng = np.random.default_rng(0)
        self.seen = []

    def transform(self, Xb, yb):
        self.seen.append((threading.current_thread().name, yb.tolist()))
        return Xb + 0.1 * self.rng.normal(size=Xb.shape), yb


def batches_of_an_epoch():
    return [y[:16].tolist(), y[16:32].tolist(), np.r_[y[32:], y[:8]].tolist()]


def our_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("skconv")]


def test_batches_are_changed_in_order_in_a_thread_of_their_own():
    iterator = Noisy(16)
    make_net(batch_iterator_train=iterator, max_epochs=3).fit(X, y)
    first, *rest = [labels for _, labels in iterator.seen]
    assert first == batches_of_an_epoch()[0]
    assert rest == 3 * batches_of_an_epoch()
    names = {name for name, _ in iterator.seen[1:]}
    assert len(names) == 1
    assert names != {threading.current_thread().name}
    assert our_threads() == []


def test_the_same_noise_makes_the_same_weights(monkeypatch):
    one = make_net(batch_iterator_train=Noisy(16), max_epochs=3).fit(X, y)
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 1)
    other = make_net(batch_iterator_train=Noisy(16), max_epochs=3).fit(X, y)
    for found, reference in zip(weights(other), weights(one), strict=True):
        np.testing.assert_allclose(found, reference, rtol=1e-5, atol=1e-6)


def test_the_next_epoch_is_made_ready_while_one_is_trained():
    """A handler that waits after an epoch sees the batches of the next one transformed."""
    ready = [threading.Event() for _ in range(3)]

    class Counting(BatchIterator):
        done = 0

        def transform(self, Xb, yb):
            Counting.done += 1
            if Counting.done in (4, 7):
                ready[Counting.done // 3 - 1].set()
            return Xb, yb

    waited = []

    def wait(net, history):
        if len(history) < 3:
            waited.append(ready[len(history) - 1].wait(timeout=60))

    make_net(batch_iterator_train=Counting(16), max_epochs=3, on_epoch_finished=wait).fit(X, y)
    assert waited == [True, True]


def stop(net, history):
    raise StopIteration


def interrupt(net, history):
    raise KeyboardInterrupt


def fail(net, history):
    raise OSError("disk full")


@pytest.mark.parametrize(
    "moment", ["on_batch_finished", "on_epoch_finished", "on_training_started"]
)
@pytest.mark.parametrize("handler", [stop, interrupt, fail])
def test_no_thread_is_left_when_training_ends_early(moment, handler, monkeypatch):
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 1)
    iterator = Noisy(16)
    net = make_net(batch_iterator_train=iterator, **{moment: handler})
    if handler is interrupt:
        with pytest.warns(UserWarning, match="training was interrupted"):
            net.fit(X, y)
    elif handler is fail:
        with pytest.raises(OSError, match="disk full"):
            net.fit(X, y)
    else:
        net.fit(X, y)
    assert our_threads() == []
    trained = {"on_batch_finished": 1, "on_epoch_finished": 3, "on_training_started": -1}
    assert len(iterator.seen) == 1 + trained[moment] + 1


@pytest.mark.parametrize("steps", [1, 64])
def test_an_exception_in_a_transform_names_batch_and_epoch(steps, monkeypatch):
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", steps)

    class Faulty(Noisy):
        def transform(self, Xb, yb):
            if len(self.seen) == 6:
                raise OSError("no such image")
            return super().transform(Xb, yb)

    net = make_net(batch_iterator_train=Faulty(16), max_epochs=5)
    with pytest.raises(OSError, match="no such image") as caught:
        net.fit(X, y)
    assert caught.value.__notes__ == ["in batch 3, transformed by Faulty.transform", "in epoch 2"]
    assert len(net.train_history_) == 1
    assert our_threads() == []


def test_data_go_with_the_fit_and_not_only_when_garbage_is_collected(monkeypatch):
    loops, run = [], TrainingLoop.run

    def noted(self, *args, **kwargs):
        loops.append(weakref.ref(self))
        return run(self, *args, **kwargs)

    monkeypatch.setattr(TrainingLoop, "run", noted)
    gc.collect()
    gc.disable()
    try:
        make_net().fit(X, y)
        assert [loop() for loop in loops] == [None]
    finally:
        gc.enable()


@pytest.mark.parametrize("method", ["get_value", "set_value"])
def test_handlers_that_take_numbers_for_shared_variables_are_told(method):
    def adjust(net, train_history):
        getattr(net.update_learning_rate, method)(0.01)

    net = make_net(on_training_started=[adjust])
    with pytest.raises(
        AttributeError, match=f"'float' object has no attribute '{method}'"
    ) as caught:
        net.fit(X, y)
    assert caught.value.__notes__ == [
        "Hyperparameters are numbers; set them by assignment, as in net.update_learning_rate = 0.01"
    ]


def test_other_errors_of_handlers_are_left_as_they_are():
    def fail(net, train_history):
        raise AttributeError("mine")

    with pytest.raises(AttributeError, match="mine") as caught:
        make_net(on_training_started=[fail]).fit(X, y)
    assert not hasattr(caught.value, "__notes__")


def test_ctrl_c_returns_within_a_batch_of_a_slow_transform():
    """All batches of an epoch are one chunk, which a thread transforms."""

    class Slow(Noisy):
        def transform(self, Xb, yb):
            if len(self.seen) == 22:  # the second batch of the second epoch
                os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1 if len(self.seen) > 21 else 0)
            return super().transform(Xb, yb)

    net = make_net(batch_iterator_train=Noisy(2), max_epochs=9).fit(X, y)  # compiles
    iterator = Slow(2)
    net.set_params(batch_iterator_train=iterator)
    with pytest.warns(UserWarning, match="training was interrupted after [01] epochs"):
        net.fit(X, y)
    assert 22 <= len(iterator.seen) < 30
    assert our_threads() == []


class FailingError(Exception):
    pass


class FailingTransform(BatchIterator):
    calls = 0

    def transform(self, Xb, yb):
        self.calls += 1
        if self.calls == 8:  # the second of three batches of the third epoch
            raise FailingError
        return Xb, yb


def failing_at(calls):
    left = iter(range(1, calls))

    def fail(*args):
        if next(left, None) is None:
            raise FailingError
        return 0.0

    return fail


FAILURES = {
    "batch handler": lambda: {"on_batch_finished": failing_at(8)},
    "epoch handler": lambda: {"on_epoch_finished": failing_at(2)},
    "score": lambda: {"custom_scores": [("mine", failing_at(3))]},
    "transform": lambda: {"batch_iterator_train": FailingTransform(16, shuffle=True)},
}


@pytest.mark.parametrize("start", ["unfitted", "fitted", "warm"])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_leaves_the_net_as_after_the_last_whole_epoch(failure, start, monkeypatch):
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 1)
    valid = {"X_val": X, "y_val": y}
    net, whole = make_net(update=nesterov_momentum), make_net(update=nesterov_momentum)
    for each in (net, whole) if start != "unfitted" else ():
        each.fit(X, y, **valid, epochs=1)
        each.warm_start = start == "warm"
    before = start == "warm"
    given = {name: net.get_params(deep=False)[name] for name in FAILURES[failure]()}
    with pytest.raises(ValueError if failure == "score" else FailingError):
        net.set_params(max_epochs=5, **FAILURES[failure]()).fit(X, y, **valid)
    net.set_params(**given)
    whole.fit(X, y, **valid, epochs=2)

    def assert_equal():
        assert_same(net, whole)
        assert len(net.train_history_) == len(whole.train_history_)
        assert net._model.epoch == whole._model.epoch == len(net.train_history_)
        assert net._model.step == whole._model.step == 3 * len(net.train_history_)

    assert len(net.train_history_) == 2 + before
    assert_equal()
    for each in (net, whole):  # the state of the update rule and the order of rows agree, too
        each.set_params(warm_start=True).fit(X, y, **valid, epochs=1)
    assert_equal()


@pytest.mark.parametrize("error", [FailingError, SystemExit])
@pytest.mark.parametrize("warm", [False, True])
def test_a_failure_in_the_first_epoch_leaves_the_net_as_it_was(error, warm):
    net = make_net(warm_start=warm).fit(X, y)
    before, history = weights(net), net.train_history_

    def fail(net, history):
        raise error

    with pytest.raises(error):
        net.set_params(on_batch_finished=fail).fit(X[:20], y[:20])
    for one, two in zip(weights(net), before, strict=True):
        np.testing.assert_array_equal(one, two)
    assert net.train_history_ is history
    assert net._model.step == 6


class Watch(Handler):
    """Keep the progress, and the order in which handlers end."""

    def __init__(self, name="", ended=None):
        self.name, self.ended, self.seen = name, ended, []

    def watches(self):
        return True

    def __call__(self, net, history):
        pass

    def step(self, net, progress):
        self.seen.append(progress)

    def end(self, net, history):
        if self.ended is not None:
            self.ended.append(self.name)


@pytest.mark.parametrize("max_steps", [2, 64])
def test_progress_has_steps_and_loss_of_the_whole_epoch(max_steps, monkeypatch):
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", max_steps)
    monkeypatch.setattr("skconv.training.events.TICK", 0.0)  # each step is a call
    watch = Watch()
    net = still_net(batch_iterator_train=BatchIterator(16), objective_l2=0.0, max_epochs=2)
    net.set_params(on_training_started=watch).fit(X[:, :3], y)
    assert [progress[:4] for progress in watch.seen] == [
        (epoch, 2, step, 3) for epoch in (0, 1) for step in (1, 2, 3)
    ]
    losses = -np.log(softmax_of(X[:, :3])[np.arange(40), y])
    expected = [np.nan, losses[:16].mean(), losses[:32].mean()] * 2
    np.testing.assert_allclose([progress.loss for progress in watch.seen], expected, rtol=1e-5)


def test_handlers_end_in_their_order_whatever_fails(monkeypatch):
    ended = []
    first, second = Watch("first", ended), Watch("second", ended)
    net = make_net(on_epoch_finished=[first, second], max_epochs=0).fit(X, y)
    assert ended == ["first", "second"]
    monkeypatch.setattr(first, "end", lambda net, history: ended.append(1 / 0))
    with pytest.raises(ZeroDivisionError):
        net.fit(X, y)
    assert ended == ["first", "second", "second"]


def test_all_validation_rows_count_in_each_epoch_of_a_call(monkeypatch):
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 2)
    monkeypatch.setattr("skconv.training.loop.PATIENCE", math.inf)
    net = still_net(batch_iterator_train=20, objective_l2=0.0, max_epochs=6)
    losses = -np.log(softmax_of(X[:, :3])[np.arange(40), y])
    history = net.fit(X[:, :3], y, X_val=X[:, :3], y_val=y).train_history_
    np.testing.assert_allclose([row["valid_loss"] for row in history], losses.mean(), rtol=1e-5)

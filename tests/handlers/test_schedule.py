import contextlib
import functools
import inspect
import math
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.base import clone

from skconv import BatchIterator, NeuralNet
from skconv.handlers import AdjustVariable, EarlyStopping
from skconv.layers import DenseLayer, DropoutLayer, InputLayer

from ..nets import batches_of_epochs, softmax_regression, still_net

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)
y = (X @ rng.normal(size=(5, 3))).argmax(axis=1)

HIDDEN = (DenseLayer, {"name": "hidden", "num_units": 4})
LAYERS = [("input", InputLayer), HIDDEN, ("dropout", DropoutLayer), ("output", DenseLayer)]

make_net = functools.partial(
    NeuralNet,
    layers=LAYERS,
    dropout_p=0.0,
    update_learning_rate=0.1,
    batch_iterator_train=BatchIterator(16),
    batch_iterator_test=16,
    train_split=None,
    random_state=0,
)


def climbing(learning_rate=0.1):
    """Down the gradient for three epochs of three steps, then up."""
    return optax.sgd(lambda step: learning_rate * jnp.where(step < 9, 1.0, -1.0), momentum=0.9)


def assert_same(net, other):
    for one, two in zip(net.get_all_params(), other.get_all_params(), strict=True):
        np.testing.assert_array_equal(one, two)


class FakeNet:
    """Its weights are the number of the epoch."""

    def __init__(self):
        self.epoch = 0
        self.model = SimpleNamespace(opt=0, load=self.load)

    def _fitted(self):
        return self

    def get_all_params_values(self):
        return self.epoch

    def load(self, weights):
        self.epoch = weights


def epochs_until_stop(handler, losses, key="valid_loss"):
    net, history = FakeNet(), []
    for net.epoch, loss in enumerate(losses, start=1):
        history.append({"epoch": net.epoch, "train_loss": 9.0, "valid_loss": 9.0, key: loss})
        try:
            handler(net, history)
        except StopIteration:
            handler.finish(net, history)
            return len(history), net.epoch
    handler.finish(net, history)
    return None, net.epoch


@pytest.mark.parametrize(
    ("patience", "stopped", "restored"), [(1, 3, 2), (2, 7, 5), (3, 8, 5), (4, None, 5)]
)
def test_patience_counts_epochs_without_a_lower_loss(patience, stopped, restored):
    losses = [3.0, 2.0, 2.5, 1.9, 1.8, 1.8, 1.9, 2.0]
    handler = EarlyStopping(patience=patience, verbose=0)
    assert epochs_until_stop(handler, losses) == (stopped, restored)


@pytest.mark.parametrize(
    ("given", "values", "stopped", "restored"),
    [
        ({"monitor": "f1"}, [0.1, 0.5, 0.4, 0.3], 4, 2),
        ({"monitor": "f1", "mode": "min"}, [0.1, 0.5, 0.4, 0.3], 3, 1),
        ({"monitor": "foo", "mode": "max"}, [0.1, 0.5, 0.5, 0.6, 0.6, 0.5], 6, 4),
        ({"monitor": "f1", "min_delta": 0.1}, [0.1, 0.15, 0.19, 0.5], 3, 3),
        ({"monitor": "f1", "min_delta": 0.1}, [0.1, 0.15, 0.25, 0.3, 0.3], 5, 4),
        ({"min_delta": 0.1}, [3.0, 2.95, 2.85, 2.8, 2.9], 5, 4),
        ({}, [math.nan, math.nan], 2, 2),
        ({}, [math.nan, 2.0, math.nan, math.nan], 4, 2),
    ],
)
@pytest.mark.filterwarnings("ignore:EarlyStopping. valid_loss is NaN")
def test_direction_and_smallest_improvement(given, values, stopped, restored):
    handler = EarlyStopping(patience=2, verbose=0, **given)
    if not given:
        handler.check(None, {"valid_loss": "min"})
    key = given.get("monitor", "valid_loss")
    assert epochs_until_stop(handler, values, key) == (stopped, restored)


@pytest.mark.filterwarnings("ignore:EarlyStopping. valid_loss is NaN")
def test_the_epochs_of_earlier_trainings_are_not_waited_for():
    handler, history = EarlyStopping(patience=2, verbose=0), []
    handler.check(None, {"valid_loss": "min"})
    for number in (10, 20):
        handler.begin(None, history)
        history += [{"epoch": epoch + 1} for epoch in range(len(history), number)]
        for epoch in (1, 2):
            history.append({"epoch": number + epoch, "valid_loss": math.nan})
            ends = contextlib.nullcontext() if epoch == 1 else pytest.raises(StopIteration)
            with ends:
                handler(None, history)


def test_another_number_can_be_monitored(capsys):
    handler = EarlyStopping(patience=1, monitor="error")
    assert epochs_until_stop(handler, [0.5, 0.25, 0.3], key="error") == (3, 2)
    assert capsys.readouterr().out == "Early stopping.\nBest error was 0.250000 at epoch 2.\n"


def test_early_stopping_goes_back_to_the_best_weights():
    seen = []
    stopping = EarlyStopping(patience=2, verbose=0)
    net = make_net(
        max_epochs=20,
        update=climbing,
        on_epoch_finished=[lambda net, history: seen.append(net.get_all_params_values()), stopping],
    )
    history = net.fit(X, y, X_val=X, y_val=y).train_history_
    best = int(np.argmin([row["valid_loss"] for row in history]))
    assert len(history) == best + 3 < 20
    assert (stopping.best_valid_epoch, stopping.best_valid) == (
        best + 1,
        history[best]["valid_loss"],
    )
    np.testing.assert_array_equal(net.layers_["output"].W, seen[best]["output"][0])


def interrupt(net, history):
    if len(net.train_history_) == 5:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("epochs", "more", "end"), [(5, [], None), (9, [interrupt], "interrupted after 5 epochs")]
)
def test_the_best_weights_are_restored_however_training_ends(epochs, more, end, capsys):
    seen, before_finish = [], []
    stopping = EarlyStopping(monitor="valid_accuracy", mode="min", patience=100)
    net = make_net(
        max_epochs=epochs,
        on_epoch_finished=[
            lambda net, history: seen.append(
                (net.get_all_params_values(), jax.tree.map(np.asarray, net._model.opt))
            ),
            stopping,
            *more,
        ],
        on_training_finished=lambda net, history: before_finish.append(net.predict_proba(X)),
    )
    with pytest.warns(UserWarning, match=end) if end else contextlib.nullcontext():
        history = net.fit(X, y, X_val=X, y_val=y).train_history_
    best = int(np.argmin([row["valid_accuracy"] for row in history]))
    assert len(history) == 5
    assert best < 4
    weights, opt = seen[best]
    for layer, arrays in net.get_all_params_values().items():
        for one, other in zip(arrays, weights[layer], strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(jax.tree.leaves(net._model.opt), jax.tree.leaves(opt), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(before_finish[0], net.predict_proba(X))
    assert stopping.best_opt is None
    assert capsys.readouterr().out == (
        f"Best valid_accuracy was {history[best]['valid_accuracy']:.6f} at epoch {best + 1}.\n"
    )


def test_after_an_exception_the_weights_stay_as_they_are():
    def fail(net, history):
        if len(history) == 4:
            raise RuntimeError("stop")

    stopping = EarlyStopping(monitor="valid_accuracy", mode="min", verbose=0)
    net = make_net(on_epoch_finished=[stopping, fail])
    with pytest.raises(RuntimeError, match="stop"):
        net.fit(X, y, X_val=X, y_val=y)
    plain = make_net(max_epochs=4).fit(X, y, X_val=X, y_val=y)
    assert stopping.best_valid_epoch < 4
    assert_same(net, plain)


def test_early_stopping_by_default_acts_within_the_default_number_of_epochs():
    patience = inspect.signature(EarlyStopping).parameters["patience"].default
    epochs = inspect.signature(NeuralNet).parameters["max_epochs"].default
    assert 2 * patience <= epochs


def test_a_training_that_continues_has_a_best_epoch_of_its_own():
    stopping = EarlyStopping(monitor="train_loss", mode="max", patience=2, verbose=0)
    net = make_net(on_epoch_finished=stopping, warm_start=True, max_epochs=9).fit(X, y)
    assert len(net.train_history_) == 3
    assert stopping.best_valid_epoch == 1
    before = net.train_history_[0]["train_loss"]
    net.fit(X, y)
    assert len(net.train_history_) == 6
    assert stopping.best_valid_epoch == 4
    assert stopping.best_valid == net.train_history_[3]["train_loss"] < before
    plain = make_net(max_epochs=1).fit(X, y)
    plain.partial_fit(X, y)
    again = make_net(on_epoch_finished=EarlyStopping(monitor="train_loss", mode="max", verbose=0))
    again.set_params(max_epochs=1).fit(X, y)
    again.partial_fit(X, y)
    assert_same(again, plain)


def test_a_variable_that_the_net_does_not_have_is_told_before_training():
    net = make_net(on_epoch_finished=AdjustVariable("update_rate"))
    with pytest.raises(ValueError, match="update_rate"):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")


def test_without_validation_rows_early_stopping_watches_the_training_loss():
    net = make_net(
        max_epochs=20,
        update=climbing,
        on_epoch_finished=EarlyStopping(patience=2, verbose=0),
    )
    losses = [row["train_loss"] for row in net.fit(X, y).train_history_]
    assert len(losses) == np.argmin(losses) + 3 < 20


def test_early_stopping_forgets_at_a_fresh_fit_and_in_a_clone():
    stopping = EarlyStopping(patience=2, verbose=0)
    net = make_net(max_epochs=4, on_epoch_finished=[stopping]).fit(X, y)
    lowest = stopping.best_valid
    assert clone(net).on_epoch_finished[0].best_weights is None
    net.set_params(max_epochs=1, update_learning_rate=0.001).fit(X, y)
    assert stopping.best_valid == net.train_history_[0]["train_loss"] > lowest


def test_a_variable_moves_in_equal_steps_to_its_last_value():
    seen = []
    net = make_net(
        max_epochs=5,
        update_learning_rate=0.3,
        on_batch_finished=lambda net, history: seen.append(net.update_learning_rate),
        on_epoch_finished=AdjustVariable("update_learning_rate", start=0.3, stop=0.1),
    )
    net.fit(X, y)
    np.testing.assert_allclose(seen, np.repeat([0.3, 0.25, 0.2, 0.15, 0.1], 3), rtol=1e-12)
    assert net.update_learning_rate == 0.3


def test_a_variable_stays_at_its_last_value_beyond_max_epochs():
    net = SimpleNamespace(max_epochs=2, rate=None, more_params=None)
    handler = AdjustVariable("rate", start=1.0, stop=0.5)
    found = []
    for epoch in (1, 2, 3):
        handler(net, [{"epoch": epoch}])
        found.append(net.rate)
    assert found == [0.5, 0.5, 0.5]


def assert_trained_by(rates, net):
    """Compare with steps of gradient descent in NumPy."""
    batches = batches_of_epochs(40, 16, len(rates) // 3)
    W, b = softmax_regression(np.eye(3), X[:, :3], y, batches, rates)
    np.testing.assert_allclose(net.layers_["output"].W, W, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(net.layers_["output"].b, b, rtol=1e-4, atol=1e-6)


def linear_net(rate, epochs, **given):
    net = still_net(update_learning_rate=rate, max_epochs=epochs, objective_l2=0.0, **given)
    return net.fit(X[:, :3], y)


def test_an_adjusted_rate_acts_from_epoch_to_epoch():
    handler = AdjustVariable("update_learning_rate", start=0.3, stop=0.1)
    net = linear_net(0.3, 3, on_epoch_finished=handler)
    assert_trained_by(np.repeat([0.3, 0.2, 0.1], 3), net)


def test_a_rate_set_after_a_batch_acts_on_the_next_step():
    def halve(net, history):
        net.update_learning_rate /= 2

    net = linear_net(0.4, 2, on_batch_finished=halve)
    assert_trained_by(0.4 / 2 ** np.arange(6), net)
    assert net.update_learning_rate == 0.4


def test_an_adjusted_dropout_acts_from_the_second_epoch_on():
    def net(epochs, **given):
        return make_net(max_epochs=epochs, **given).fit(X, y)

    handler = AdjustVariable("dropout_p", start=0.0, stop=0.5)
    assert_same(net(1, on_epoch_finished=handler), net(1))
    two, plain = net(2, on_epoch_finished=handler), net(2)
    assert not np.array_equal(two.layers_["output"].W, plain.layers_["output"].W)
    assert two.dropout_p == 0.0


def test_a_parameter_made_by_a_handler_is_gone_after_fit():
    def slow(net, history):
        net.update_momentum = 0.1

    net = make_net(max_epochs=1, on_batch_finished=slow).fit(X, y)
    assert "update_momentum" not in net.get_params()


def test_a_clone_has_the_settings_of_a_handler_as_they_are_now():
    early = EarlyStopping(patience=50, verbose=0)
    net = make_net(on_epoch_finished=[early]).fit(X, y)
    early.patience = 3
    copy = clone(net).on_epoch_finished[0]
    assert (copy.patience, copy.best_weights) == (3, None)


def test_a_variable_is_adjusted_for_any_number_of_epochs():
    net = SimpleNamespace(max_epochs=10**12 + 1, rate=None, more_params=None)
    AdjustVariable("rate", start=1.0, stop=0.0)(net, [{"epoch": 10**11}])
    assert net.rate == pytest.approx(0.9)


@pytest.mark.parametrize("error", [KeyboardInterrupt, StopIteration])
def test_a_training_that_is_interrupted_before_its_first_epoch_restores_nothing(error):
    """The best weights are still those of the training before."""

    def stop(net, train_history):
        raise error

    stopping = EarlyStopping(verbose=0)
    net = make_net(max_epochs=2, warm_start=True, on_epoch_finished=stopping).fit(X, y)
    net.load_params_from({p.name: p.get_value() + 1 for p in net.get_all_params()})
    loaded = net.get_all_params_values()
    net.set_params(on_training_started=stop)
    with contextlib.ExitStack() as stack:
        if error is KeyboardInterrupt:
            stack.enter_context(pytest.warns(UserWarning, match="interrupted after 2 epochs"))
        net.fit(X, y)
    assert len(net.train_history_) == 2
    for name, arrays in net.get_all_params_values().items():
        for one, two in zip(arrays, loaded[name], strict=True):
            np.testing.assert_array_equal(one, two)

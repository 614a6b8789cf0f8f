import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.base import clone
from sklearn.model_selection import KFold

from skconv.data.chunks import epoch_orders, epochs_per_call, iterate_chunks
from skconv.data.device import stack_batches
from skconv.data.fit_arguments import FitArguments
from skconv.data.iterators import BatchIterator
from skconv.estimator.prepare import prepare
from skconv.layers import DenseLayer, InputLayer, Layer
from skconv.training.arguments import StepRange
from skconv.training.ragged_feeder import make_feeder
from skconv.updates.rules import sgd
from skconv.utils.memo import Memo

from ..exactness import assert_agree
from ..nets import X, make_net, softmax_of, softmax_regression, still_net, y

rng = np.random.default_rng(0)


def softmax_step(W, l1, l2, scale, rate):
    """Return W after a step of gradient descent on the softmax regression of X."""
    z = np.float64(X) @ W
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    slope = np.float64(X).T @ (p - np.eye(3)[y]) / len(X) + l1 * np.sign(W) + 2 * l2 * W
    return W - rate * scale * slope


def test_penalties_and_factors_of_a_layer_act_on_its_step():
    W = rng.normal(size=(5, 3))
    net = make_net(
        layers=[("input", InputLayer), ("output", DenseLayer)],
        objective_l2=None,
        output_W=W,
        output_l1=0.2,
        output_l2=0.3,
        output_grad_scale=0.5,
        update=sgd,
        batch_iterator_train=len(X),
        train_split=None,
        max_epochs=1,
    ).fit(X, y)
    stepped = softmax_step(W, 0.2, 0.3, 0.5, 0.1)
    np.testing.assert_allclose(net.layers_["output"].W, stepped, rtol=1e-4)
    p = softmax_of(X @ W)[np.arange(40), y]
    expected = -np.log(p).mean() + 0.2 * np.abs(W).sum() + 0.3 * np.square(W).sum()
    assert net.train_history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)
    again = clone(net).set_params(output_grad_scale=0.0).fit(X, y)
    np.testing.assert_allclose(again.layers_["output"].W, W, rtol=1e-6)


def test_rules_may_ask_for_the_loss_at_other_parameters_with_the_same_noise():
    def asking(learning_rate=0.1):
        def update(grads, state, params=None, *, value, grad, value_fn, **extra):
            again, slope = jax.value_and_grad(value_fn)(params)
            gaps = jax.tree.map(lambda a, b: jnp.abs(a - b).max(), (again, slope), (value, grad))
            halved = jax.tree.map(lambda p: p / 2, params)
            kept = jnp.stack(jax.tree.leaves(gaps)).max(), value_fn(halved) - value
            return jax.tree.map(jnp.zeros_like, grads), kept

        def init(params):
            return jnp.zeros(()), jnp.zeros(())

        return optax.GradientTransformationExtraArgs(init, update)

    net = make_net(update=asking, hidden_l2=0.1, hidden_grad_scale=0.5).fit(X, y)
    gap, change = net._model.opt
    assert float(gap) == 0
    assert float(change) != 0


def test_the_randomness_of_augmentation_follows_from_seed_epoch_and_step():
    drawn = []

    def look(key, Xb, yb):
        jax.debug.callback(
            lambda data: drawn.append(tuple(data.tolist())), jax.random.key_data(key)
        )
        return Xb, yb

    def keys(**given):
        drawn.clear()
        still_net(augment=look, **given).fit(X[:, :3], y)
        jax.effects_barrier()
        return sorted(drawn)

    one = keys(max_epochs=2)
    assert len(set(one)) == len(one) == 6
    assert keys(max_epochs=2) == one
    assert set(keys(max_epochs=1)) < set(one)
    assert not set(keys(max_epochs=2, random_state=1)) & set(one)


@pytest.fixture(scope="module")
def fit():
    net = make_net(train_split=0.2)
    return prepare(net, FitArguments(X, y), None, Memo())


def trained(fit, *, epochs, start=0, stop=2, valid=1):
    """Call the program on the rows in their order, and leave the model unchanged."""
    iterator = BatchIterator(16)
    (chunk,) = iterate_chunks(fit.train.rows, fit.train.y, None, iterator)
    (valid_chunk,) = iterate_chunks(fit.valid.rows, fit.valid.y, None, iterator)
    shape = chunk.weights.shape
    order = epoch_orders(32, iterator, (epochs_per_call(shape), *shape), 0, range(epochs))
    steps = StepRange(epochs, start, stop, 32, valid)
    return fit.programs.train(
        *fit.train_arguments(stack_batches(chunk), order, stack_batches(valid_chunk), steps)
    )


def test_no_steps_leave_the_state_and_still_evaluate(fit):
    result = trained(fit, epochs=1, stop=0)
    one, other = jax.tree.leaves(result.carry.params), jax.tree.leaves(fit.model.params)
    for after, before in zip(one, other, strict=True):
        np.testing.assert_array_equal(after, before)
    weight = fit.programs.train_sums.index("weight")
    assert result.train[0, weight] == 0
    assert result.valid[0, weight] == 8


def test_each_epoch_has_its_sums_and_those_that_were_not_asked_for_are_zero(fit):
    result = trained(fit, epochs=3, valid=0)
    assert np.any(result.train[:3], axis=1).all()
    assert not np.any(result.train[3:])
    assert not np.any(result.valid)
    first = trained(fit, epochs=1)
    assert_agree(result.train[0], first.train[0])


def test_weights_of_rows_and_classes_multiply_in_training():
    W, w = rng.normal(size=(5, 3)), rng.uniform(0, 2, size=len(X))
    of_classes = np.array([0.5, 1.0, 4.0])
    net = still_net(
        output_W=W, update_learning_rate=0.5, objective_l2=0.0, batch_iterator_train=len(X),
        class_weight=dict(enumerate(of_classes)), train_split=KFold(4),
    )  # fmt: skip
    batches = [np.arange(10, 40)]
    for given in ({"sample_weight": w}, {}, {"sample_weight": w, "X_val": X[:9], "y_val": y[:9]}):
        if "X_val" in given:
            batches = [np.arange(40)]
        net.fit(X, y, **given)
        product = of_classes[y] * given.get("sample_weight", np.ones(40))
        trained, bias = softmax_regression(W, X, y, batches, 0.5, product)
        np.testing.assert_allclose(net.layers_["output"].W, trained, rtol=1e-4)
        valid = slice(0, 9 if "X_val" in given else 10)
        losses = -np.log(softmax_of(X[valid] @ trained + bias)[np.arange(valid.stop), y[valid]])
        # only rows that are split off bring weights of their own, and classes have none
        own = w[valid] if given.keys() == {"sample_weight"} else None
        expected = np.average(losses, weights=own)
        assert net.train_history_[0]["valid_loss"] == pytest.approx(expected, rel=1e-5)


@dataclass(frozen=True)
class Noting(Layer):
    """Notes the keys and the masks of its batches."""

    noisy = True

    def apply(self, params, state, x, *, ctx):
        if ctx.train:
            key = jax.random.key_data(ctx.key)
            jax.debug.callback(note, key, ctx.mask, x[:, 0])
        return x, state

    def output_shape(self, *input_shapes):
        return input_shapes[0]


NOTED = []


def note(*arrays):
    NOTED.append([np.asarray(array) for array in arrays])


def test_layers_and_transforms_draw_numbers_of_their_own_and_see_which_rows_are_real(monkeypatch):
    def transform(key, Xb, yb):
        jax.debug.callback(lambda data: drawn.append(np.asarray(data)), jax.random.key_data(key))
        return Xb, yb

    monkeypatch.setattr("skconv.training.loop.PATIENCE", math.inf)  # epochs 2 and 3 share a call
    NOTED.clear()
    drawn, rows = [], np.arange(1.0, 11.0)[:, None] * np.ones((1, 3))
    layers = [InputLayer, *[Noting] * 4, (DenseLayer, {"name": "output"})]
    still_net(
        layers=layers, augment=[transform] * 4, max_epochs=3, update_learning_rate=0.0,
        batch_iterator_train=BatchIterator(4, shuffle=True),
    ).fit(rows, y[:10])  # fmt: skip
    jax.effects_barrier()
    keys = [key.tobytes() for key in (*drawn, *(key for key, *_ in NOTED))]
    assert len(set(keys)) == len(keys) == 2 * 4 * 3 * 3
    real = [x[mask] for _, mask, x in NOTED]
    assert sorted(map(len, real)) == [*[2] * 12, *[4] * 24]
    assert {mask.dtype for _, mask, _ in NOTED} == {np.dtype(bool)}
    np.testing.assert_array_equal(np.sort(np.concatenate(real)), np.repeat(np.arange(1, 11), 12))


def memory_of_step(monkeypatch, layers, rows, **given):
    """Return the bytes that the program of an epoch takes besides its arguments and results."""
    monkeypatch.setattr("skconv.training.feeder.LARGE_BYTES", 0)
    net = make_net(layers=layers, objective_l2=None, train_split=None, **given)
    fit = prepare(net, FitArguments(np.resize(X, (rows, 5)), np.resize(y, rows)), None, Memo())
    feeder = make_feeder(fit.train, None, fit.model, None)
    feed = next(feeder.feeds(1))
    steps = StepRange(1, 0, feed.steps, feed.rows, 0)
    args = fit.train_arguments(feed.batches, feed.order, None, steps)
    lowered = fit.programs.train._jitted.lower(*args, outputs=False)
    return lowered.compile().memory_analysis().temp_size_in_bytes


def dense_layers(units, count):
    hidden = [(DenseLayer, {"name": f"d{i}", "num_units": units}) for i in range(count)]
    return [("input", InputLayer), *hidden, ("output", DenseLayer)]


@pytest.mark.cpu_only(reason="memory is that of programs for the CPU")
def test_the_program_of_a_large_net_holds_no_copies_of_its_weights(monkeypatch):
    """Besides the state before and after the epoch, of weights and momenta, only gradients."""
    layers = dense_layers(300, 2)
    weights = 4 * (5 * 300 + 300**2 + 300 * 3)
    assert memory_of_step(monkeypatch, layers, 4, batch_iterator_train=4) < 1.2 * weights


@pytest.mark.cpu_only(reason="memory is that of programs for the CPU")
def test_layers_that_are_computed_again_take_less_memory(monkeypatch):
    given = {"monkeypatch": monkeypatch, "layers": dense_layers(20, 8), "rows": 2000}
    usual = memory_of_step(batch_iterator_train=2000, **given)
    again = memory_of_step(batch_iterator_train=2000, remat=True, **given)
    print(again / usual)
    assert again < 0.8 * usual

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.base import clone

from skconv.data.chunks import epoch_orders, epochs_per_call, iterate_chunks
from skconv.data.dataset import FitArguments
from skconv.data.iterators import BatchIterator
from skconv.estimator.prepare import prepare
from skconv.layers import DenseLayer, InputLayer
from skconv.training import train_step as steps
from skconv.updates.rules import sgd
from skconv.utils.memo import Memo

from ..nets import X, make_net, softmax_of, still_net, y

rng = np.random.default_rng(0)


def softmax_step(W, l1, l2, scale, rate):
    """A step of gradient descent on the softmax regression of X in NumPy."""
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

    net = make_net(update=asking, hidden_l2=0.1).fit(X, y)
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
def fitting():
    net = make_net(train_split=0.2)
    return prepare(net, FitArguments(X, y), None, Memo())


def trained(fitting, *, epochs, start=0, stop=2, valid=1):
    """Call the function that is compiled on the rows as they are."""
    train, model = fitting.train, fitting.model
    (rows,) = iterate_chunks(train.rows, train.y, None, BatchIterator(16))
    (shown,) = iterate_chunks(fitting.valid.rows, fitting.valid.y, None, BatchIterator(16))
    shape = rows.weights.shape
    order = epoch_orders(32, BatchIterator(16), (epochs_per_call(shape), *shape), 0, range(epochs))
    values = fitting.values(0, order[..., 0].size)
    return fitting.programs.train(
        steps.TrainState(model.params, model.state, model.opt),
        steps.Batches(rows.X, rows.y, rows.weights, rows.rows),
        order,
        steps.Batches(shown.X, shown.y, shown.weights, shown.rows),
        values,
        steps.StepPosition(np.uint32(0), np.int32(0), np.int32(0)),
        steps.StepRange(*map(np.int32, (epochs, start, stop, 32, valid))),
    )


def test_no_steps_leave_the_state_and_still_evaluate(fitting):
    found = trained(fitting, epochs=1, stop=0)
    one, other = jax.tree.leaves(found.carry.params), jax.tree.leaves(fitting.model.params)
    for after, before in zip(one, other, strict=True):
        np.testing.assert_array_equal(after, before)
    weight = fitting.programs.train_sums.index("weight")
    assert found.train[0, weight] == 0
    assert found.valid[0, weight] == 8


def test_each_epoch_has_its_sums_and_those_that_were_not_asked_for_are_zero(fitting):
    found = trained(fitting, epochs=3, valid=0)
    assert np.any(found.train[:3], axis=1).all()
    assert not np.any(found.train[3:])
    assert not np.any(found.valid)
    first = trained(fitting, epochs=1)
    np.testing.assert_array_equal(found.train[0], first.train[0])

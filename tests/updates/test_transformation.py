import pickle

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax import contrib
from sklearn.base import clone

from skconv import compile_counts
from skconv.handlers import Checkpoint
from skconv.updates import adam
from skconv.updates.transformation import as_extra_args, is_transformation
from skconv.updates.update_rule import resolve_update

from ..nets import X, make_net, y

PARAMS = {
    "hidden": {"W": jnp.ones((5, 4)), "b": jnp.ones(4)},
    "output": {"W": jnp.ones((4, 3)), "b": jnp.ones(3)},
}


def kinds(params):
    return {layer: "slow" if layer == "hidden" else "fast" for layer in params}


def matrices(params):
    return jax.tree.map(lambda x: x.ndim > 1, params)


SGD = optax.sgd(0.1)

WRAPPED = {
    "MultiSteps": optax.MultiSteps(SGD, 2),
    "MultiSteps with a schedule": optax.MultiSteps(SGD, lambda step: 1 + step // 4),
    "MultiSteps that skips": optax.MultiSteps(
        SGD, 3, should_skip_update_fn=optax.skip_not_finite
    ).gradient_transformation(),
    "chain": optax.chain(optax.clip(1.0), optax.apply_every(3), SGD),
    "inject_hyperparams": optax.inject_hyperparams(optax.adam)(
        learning_rate=optax.cosine_decay_schedule(0.1, 10)
    ),
    "partition": optax.partition({"slow": SGD, "fast": optax.adam(0.1)}, kinds),
    "partition by name": optax.partition(
        {"slow": optax.set_to_zero(), "fast": SGD}, {"hidden": "slow", "output": "fast"}
    ),
    "masked": optax.masked(optax.add_decayed_weights(0.1), matrices),
    "apply_if_finite": optax.apply_if_finite(SGD, 3),
    "sam": contrib.sam(SGD, optax.sgd(0.05)),
    "opaque sam": contrib.sam(SGD, optax.sgd(0.05), opaque_mode=True),
    "reduce_on_plateau": optax.chain(SGD, contrib.reduce_on_plateau()),
    "mechanize": contrib.mechanize(SGD),
    "momo": contrib.momo(0.1),
    "muon": contrib.muon(0.1),
    "lbfgs": optax.lbfgs(),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_wrappers_of_optax_are_taken(name):
    update, values = resolve_update(WRAPPED[name], {})
    assert values == {}
    assert update.check(PARAMS, values) is None
    with pytest.raises(ValueError, match="update_learning_rate cannot be set for an update"):
        resolve_update(WRAPPED[name], {"learning_rate": 0.1})


def test_a_wrapper_steps_as_it_does_in_optax():
    given = {"hidden": {"W": jnp.arange(3.0)}}
    for wrapper in (optax.MultiSteps(SGD, 2), WRAPPED["opaque sam"]):
        made = resolve_update(wrapper, {})[0].transformation({})

        def loss(params):
            return jnp.square(params["hidden"]["W"]).sum() / 2

        plain, found, state, expected = given, given, made.init(given), wrapper.init(given)
        accumulates = isinstance(wrapper, optax.MultiSteps)
        ask = {} if accumulates else {"grad_fn": lambda params, i: jax.grad(loss)(params)}
        for _ in range(4):
            changes, state = made.update(found, state, found, value_fn=loss)
            found = optax.apply_updates(found, changes)
            with jax.numpy_dtype_promotion("standard"):
                changes, expected = wrapper.update(plain, expected, plain, **ask)
            plain = optax.apply_updates(plain, changes)
        np.testing.assert_allclose(found["hidden"]["W"], plain["hidden"]["W"], rtol=1e-6)
        assert float(found["hidden"]["W"][2]) < 2


def test_accumulated_steps_train_a_net_and_clones_compile_nothing():
    """Two batches of 16 with their mean gradient are one of 32."""
    net = make_net(update=optax.MultiSteps(SGD, 2), train_split=None, max_epochs=3)
    del net.update_learning_rate
    net.set_params(noise_p=0.0).fit(X[:32], y[:32])
    before = compile_counts()
    again = clone(net).fit(X[:32], y[:32])
    assert compile_counts() == before
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    whole = clone(net).set_params(update=SGD, batch_iterator_train=32).fit(X[:32], y[:32])
    np.testing.assert_allclose(net.predict_proba(X), whole.predict_proba(X), rtol=1e-4)


def test_injected_hyperparameters_arrive_at_each_step():
    """optax would keep those of the first step in its state."""
    rates = [
        resolve_update(factory, {"learning_rate": 0.1})[0]
        for factory in (optax.inject_hyperparams(optax.adam), optax.adam)
    ]
    assert rates[0] == rates[1]


class Changing:
    """An update that returns weights or a state of another shape."""

    def __init__(self, what):
        self.what = what

    def init(self, params):
        return jnp.zeros(())

    def update(self, grads, state, params=None):
        if self.what == "weights":
            return jax.tree.map(lambda g: g[None], grads), state
        return grads, jnp.zeros(2)


@pytest.mark.parametrize(
    ("update", "message"),
    [
        (
            optax.lookahead(SGD, 5, 0.5),
            "update must be an optax transformation of a dict of dicts of arrays, by layer and "
            "parameter, but optax's lookahead failed with AttributeError: 'dict' object has no "
            "attribute 'fast'",
        ),
        (contrib.sophia(0.1), r".* failed with ValueError: obj_fn must be provided to hutchinson"),
        (
            optax.chain(contrib.differentially_private_aggregate(1.0, 0.1, key=0), SGD),
            ".* expects `grads` to have a batch dimension",
        ),
        (Changing("weights"), "update must keep the shapes and dtypes of its weights$"),
        (Changing("state"), "update must keep the shapes and dtypes of its state$"),
    ],
)
def test_updates_that_cannot_train_a_net_are_refused_before_training(update, message):
    net = make_net(update=update)
    del net.update_learning_rate
    with pytest.raises(ValueError, match=f"^{message}"):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")


def test_averages_that_predictions_lack_are_told():
    net = make_net(update=contrib.schedule_free_sgd(0.1), max_epochs=1)
    del net.update_learning_rate
    for _ in range(2):
        with pytest.warns(UserWarning, match="those of .*schedule_free_eval_params"):
            net.fit(X, y)


def test_only_objects_with_both_methods_are_transformations():
    assert is_transformation(Changing("state"))
    for value in (adam, optax.MultiSteps, (SGD.init, SGD.update), "adam", None, object()):
        assert not is_transformation(value)


def test_extra_arguments_reach_only_those_that_take_them():
    got = {}

    class Strict:
        def init(self, params):
            return ()

        def update(self, grads, state, params=None, *, value):
            got.update(value=value)
            return grads, state

    as_extra_args(Strict()).update(PARAMS, (), PARAMS, value=1.0, grad=PARAMS)
    assert got == {"value": 1.0}


def test_random_keys_in_the_state_can_be_saved(tmp_path):
    save = Checkpoint(tmp_path / "net.npz", verbose=0)
    update = optax.chain(optax.add_noise(0.1, 0.5, jax.random.key(1)), SGD)
    net = make_net(update=update, on_epoch_finished=save, max_epochs=1)
    del net.update_learning_rate
    net.fit(X, y)
    other = pickle.loads(pickle.dumps(net))
    for one in (net, other):
        one.set_params(on_epoch_finished=None).partial_fit(X, y)
    np.testing.assert_array_equal(other.predict_proba(X), net.predict_proba(X))
    made = resolve_update(update, {})[0].transformation({})
    found, after = made.update(PARAMS, made.init(PARAMS), PARAMS)
    with jax.numpy_dtype_promotion("standard"):
        expected, _ = update.update(PARAMS, update.init(PARAMS), PARAMS)
    np.testing.assert_array_equal(found["hidden"]["W"], expected["hidden"]["W"])
    assert all(leaf.dtype in (np.uint32, np.int32) for leaf in jax.tree.leaves(after))

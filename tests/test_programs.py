import copy
import functools
import gc
import weakref
from collections import OrderedDict

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss

from skconv import NeuralNet, clear_programs, compile_counts, programs
from skconv.data import BatchIterator
from skconv.layers import DenseLayer, DropoutLayer, InputLayer
from skconv.nonlinearities import tanh
from skconv.objectives import categorical_crossentropy
from skconv.plans import PredictPlan
from skconv.programs import programs_for
from skconv.updates import adam, sgd

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)
y = (X @ rng.normal(size=(5, 3))).argmax(axis=1)

HIDDEN = (DenseLayer, {"name": "hidden", "num_units": 4})
LAYERS = [("input", InputLayer), HIDDEN, ("noise", DropoutLayer), ("output", DenseLayer)]

make_net = functools.partial(
    NeuralNet,
    layers=LAYERS,
    objective_l2=1e-3,
    update_learning_rate=0.1,
    batch_iterator_train=16,
    batch_iterator_test=16,
    max_epochs=2,
    random_state=0,
)

still_net = functools.partial(
    make_net,
    layers=[("input", InputLayer), ("output", DenseLayer)],
    output_W=np.eye(3),
    update=sgd,
    update_learning_rate=0.0,
    train_split=None,
    max_epochs=1,
)
"""Its logits are X, and it learns nothing."""


def compiled(net, X=X, y=y):
    before = compile_counts()
    net.fit(X, y).predict(X)
    after = compile_counts()
    return {kind: after[kind] - before[kind] for kind in after}


def trainings_compiled(**given):
    before = compile_counts()["train"]
    make_net(train_split=None, max_epochs=1, **given).fit(X, y)
    return compile_counts()["train"] - before


@pytest.fixture
def empty_cache(monkeypatch):
    monkeypatch.setattr(programs, "_cache", OrderedDict())


@pytest.fixture(scope="module")
def fitted():
    return make_net().fit(X, y)


NOTHING = {"train": 0, "predict": 0}

NUMBERS = [
    {"update_learning_rate": 0.3, "update_momentum": 0.5},
    {"update_learning_rate": 1},
    {"update_learning_rate": lambda step: 0.1 / (1 + step)},
    {"objective_l2": 0.5, "noise_p": 0.9},
    {"random_state": 5, "hidden_b": 0.5, "max_epochs": 3},
]


@pytest.mark.parametrize("changes", NUMBERS)
def test_numbers_compile_nothing(fitted, changes):
    fitted.predict(X)
    assert compiled(make_net(**changes)) == NOTHING


@pytest.mark.parametrize("rows", [20, 31, 40, 400])
def test_numbers_of_rows_compile_nothing(fitted, rows):
    fitted.predict(X)
    more = np.tile(X, (10, 1))[:rows], np.tile(y, 10)[:rows]
    assert compiled(make_net(), *more) == NOTHING


def test_clones_and_refits_and_other_types_of_x_compile_nothing(fitted):
    fitted.predict(X)
    assert compiled(clone(fitted)) == NOTHING
    assert compiled(copy.deepcopy(fitted)) == NOTHING
    assert compiled(fitted) == NOTHING
    assert compiled(make_net(), X.astype(np.float64)) == NOTHING


OPTIONAL = {
    "hidden_l1": (1e-3, 0.1),
    "hidden_grad_scale": (0.5, 0),
    "update_clip_norm": (1.0, lambda step: 2.0),
    "update_clip_value": (0.5, 1),
    "objective_label_smoothing": (0.1, np.float64(0.2)),
}


def test_optional_numbers_compile_once():
    one, other = ({name: pair[i] for name, pair in OPTIONAL.items()} for i in (0, 1))
    trainings_compiled()
    assert trainings_compiled(**dict.fromkeys(OPTIONAL)) == 0
    assert trainings_compiled(**one) == 1
    assert trainings_compiled(**other) == 0


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


def own_loss(predictions, targets):
    return categorical_crossentropy(predictions, targets)


STRUCTURES = [
    {"hidden_num_units": 6},
    {"hidden_nonlinearity": tanh},
    {"hidden_b": None},
    {"batch_iterator_train": 10},
    {"objective_loss_function": own_loss},
    {"update": adam},
]


@pytest.mark.parametrize("changes", STRUCTURES)
def test_structure_compiles_again_and_once(changes):
    trainings_compiled()
    assert trainings_compiled(**changes) == 1
    assert trainings_compiled(**changes) == 0


def bent(x, slope):
    return jnp.maximum(x, slope * x)


def test_partial_functions_are_told_apart_by_what_they_hold():
    gentle = functools.partial(bent, slope=0.2)
    assert trainings_compiled(hidden_nonlinearity=gentle) == 1
    assert trainings_compiled(hidden_nonlinearity=copy.deepcopy(gentle)) == 0
    assert trainings_compiled(hidden_nonlinearity=functools.partial(bent, slope=0.2)) == 0
    assert trainings_compiled(hidden_nonlinearity=functools.partial(bent, slope=0.3)) == 1


def plan_of(units=4, nonlinearity=tanh):
    net = make_net(
        input_shape=(None, 5),
        hidden_num_units=units,
        hidden_nonlinearity=nonlinearity,
        output_num_units=3,
    )
    return PredictPlan(net.initialize().network_)


def test_copies_of_compiled_functions_are_told_apart():
    silu, leaky = copy.deepcopy(jax.nn.silu), copy.deepcopy(jax.nn.leaky_relu)
    assert plan_of(nonlinearity=silu).key == plan_of(nonlinearity=jax.nn.silu).key
    assert plan_of(nonlinearity=silu).key != plan_of(nonlinearity=leaky).key


def test_the_least_recently_used_program_goes_first(empty_cache, monkeypatch):
    monkeypatch.setattr(programs, "MAX_PROGRAMS", 2)
    four, five = programs_for(plan_of(4)), programs_for(plan_of(5))
    assert programs_for(plan_of(4)) is four
    programs_for(plan_of(6))
    assert programs_for(plan_of(4)) is four
    assert programs_for(plan_of(5)) is not five


def test_clear_programs_forgets_all(empty_cache):
    net = make_net(max_epochs=0).fit(X, y)
    net.predict(X)
    before = compile_counts()["predict"]
    net.predict(X)
    assert compile_counts()["predict"] == before
    clear_programs()
    net.predict(X)
    assert compile_counts()["predict"] == before + 1


def test_initial_arrays_are_not_kept(empty_cache):
    W = np.ones((5, 4), np.float32)
    net = make_net(hidden_W=W).fit(X, y)
    net.predict(X)
    there = weakref.ref(W)
    del W, net
    gc.collect()
    assert there() is None


def softmax_of(logits):
    e = np.exp(np.float64(logits) - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_augmentations_act_in_their_order_on_float32_batches_of_the_public_shape():
    seen = []

    def plus_class(key, Xb, yb):
        seen.append((Xb.shape, Xb.dtype, yb.shape))
        return Xb.at[:, 0, 0, :].add(yb[:, None].astype(jnp.float32)), yb

    def double(key, Xb, yb):
        return 2 * Xb, (yb + 1) % 3

    images = rng.integers(0, 2, size=(32, 1, 1, 3)).astype(np.uint8)
    labels = np.arange(32) % 3
    net = still_net(augment=[plus_class, double]).fit(images, labels)
    assert set(seen) == {((16, 1, 1, 3), jnp.dtype("float32"), (16,))}
    logits = 2.0 * (images.reshape(32, 3) + labels[:, None])
    expected = log_loss((labels + 1) % 3, softmax_of(logits)) + 1e-3 * 3
    assert net.train_history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)


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


def test_test_augment_wraps_the_forward_pass():
    def mirrored(forward, key, Xb):
        return (forward(Xb) + forward(-Xb)) / 2

    found = still_net(test_augment=mirrored).fit(X[:, :3], y).predict_proba(X[:, :3])
    expected = (softmax_of(X[:, :3]) + softmax_of(-X[:, :3])) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_test_augment_draws_the_same_at_every_call_and_other_numbers_for_each_batch():
    def noisy(forward, key, Xb):
        return forward(Xb + jax.random.normal(key, (1, 3)))

    net = still_net(test_augment=noisy).fit(X[:, :3], y)
    one = net.predict_proba(np.zeros((40, 3)))
    np.testing.assert_array_equal(net.predict_proba(np.zeros((40, 3))), one)
    assert len(np.unique(one[:, 0])) == 3
    assert not np.allclose(one[0], 1 / 3)


def test_scores_are_means_over_rows_or_over_batches():
    def rows(predictions, targets):
        return predictions[:, 0]

    def scalar(predictions, targets):
        return predictions[:, 0].mean()

    scores = {"scores_train": [("row", rows), ("mean", scalar)], "scores_valid": [("valid", rows)]}
    net = still_net(batch_iterator_train=BatchIterator(16), **scores)
    row = net.fit(X[:, :3], y, X_val=X[:20, :3], y_val=y[:20]).train_history_[0]
    p = softmax_of(X[:, :3])[:, 0]
    filled = [p[:16].mean(), p[16:32].mean(), p[[*range(32, 40), *range(8)]].mean()]
    assert row["row"] == pytest.approx(p.mean(), rel=1e-5)
    assert row["mean"] == pytest.approx(np.average(filled, weights=[16, 16, 8]), rel=1e-5)
    assert row["valid"] == pytest.approx(p[:20].mean(), rel=1e-5)


HEADS = [
    *LAYERS[:2],
    (DenseLayer, {"name": "early"}),
    (DenseLayer, {"name": "kind", "incoming": "hidden"}),
    (DenseLayer, {"name": "sign", "incoming": "hidden", "num_units": 1}),
    (DenseLayer, {"name": "size", "incoming": "hidden"}),
]

TARGETS = {"size": X[:, :2] * [1.0, 2.0], "kind": y, "sign": X[:, 0] > 0}

three_headed = functools.partial(
    make_net,
    layers=HEADS,
    outputs=["kind", "sign", "size"],
    aux_outputs={"early": 0.3},
    output_weights={"sign": 0.5, "size": 2.0},
    regression={"size": True},
    update=sgd,
    objective_l2=0.05,
    batch_iterator_train=40,
    train_split=None,
    max_epochs=1,
)


def losses_in_numpy(params, w):
    """Mean losses of the heads and the penalty, as the textbooks have them, in float64."""

    def dense(x, name):
        return x @ params[name, "W"] + params[name, "b"]

    x, share = X.astype(np.float64), w / w.sum()
    hidden = np.maximum(dense(x, "hidden"), 0)
    early, kind = (softmax_of(dense(hidden, name)) for name in ("early", "kind"))
    p = 1 / (1 + np.exp(-dense(hidden, "sign")[:, 0]))
    error = (dense(hidden, "size") - TARGETS["size"]) ** 2
    return {
        "kind": -share @ np.log(kind[np.arange(40), y]),
        "sign": -share @ np.log(np.where(TARGETS["sign"], p, 1 - p)),
        "size": share @ error.mean(axis=1),
        "early": -share @ np.log(early[np.arange(40), y]),
        "l2": 0.05 * sum((W**2).sum() for (_, name), W in params.items() if name == "W"),
    }


FACTORS = {"kind": 1.0, "sign": 0.5, "size": 2.0, "early": 0.3, "l2": 1.0}


def total_in_numpy(params, w):
    return sum(FACTORS[name] * loss for name, loss in losses_in_numpy(params, w).items())


def test_loss_and_gradient_of_several_outputs_are_weighted_sums():
    w = rng.uniform(0.5, 2, size=40)
    net = three_headed(update_learning_rate=1.0)
    before = {p.place: np.float64(p) for p in start(net).get_all_params()}
    net.set_params(max_epochs=1).fit(X, TARGETS, sample_weight=w, X_val=X, y_val=TARGETS)
    after = {p.place: np.float64(p) for p in net.get_all_params()}
    row = net.train_history_[0]
    assert row["train_loss"] == pytest.approx(total_in_numpy(before, w), rel=1e-5)
    for place in before:
        for i in np.ndindex(before[place].shape):
            near = [{**before, place: before[place].copy()} for _ in range(2)]
            for params, step in zip(near, (1e-6, -1e-6), strict=True):
                params[place][i] += step
            slope = (total_in_numpy(near[0], w) - total_in_numpy(near[1], w)) / 2e-6
            assert before[place][i] - after[place][i] == pytest.approx(slope, abs=1e-5)
    valid = losses_in_numpy(after, np.ones(40))
    for name in net.outputs:
        assert row[f"valid_loss_{name}"] == pytest.approx(valid[name], rel=1e-4)
    expected = sum(FACTORS[name] * valid[name] for name in valid if name != "early")
    assert row["valid_loss"] == pytest.approx(expected, rel=1e-4)


def start(net):
    return net.set_params(max_epochs=0).fit(X, TARGETS)


def test_weights_of_outputs_compile_nothing():
    three_headed().fit(X, TARGETS)
    assert compiled(three_headed().fit(X, TARGETS), y=TARGETS)["train"] == 0
    for changes in ({"output_weights": None}, {"aux_outputs": {"early": 0.1}}):
        assert compiled(three_headed(**changes), y=TARGETS) == NOTHING


def test_an_output_that_feeds_another_keeps_its_nonlinearity():
    layers = [LAYERS[0], ("first", DenseLayer), ("second", DenseLayer)]
    net = make_net(layers=layers, outputs=["first", "second"], train_split=None, max_epochs=1)
    net.set_params(update=sgd, update_learning_rate=0.0, objective_l2=0.0, batch_iterator_train=40)
    net.fit(X, (y, y > 0))
    first, second = net.predict_proba(X)
    W, b = (net.layers_["second"].get_params()[i].get_value() for i in (0, 1))
    np.testing.assert_allclose(second, softmax_of(first @ W + b), rtol=1e-4)
    expected = log_loss(y, first) + log_loss(y > 0, second)
    assert net.train_history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)


def test_options_of_the_compiler_are_those_that_it_has(monkeypatch):
    choose = programs._compiler_options.__wrapped__
    with monkeypatch.context() as patch:
        patch.setattr(programs, "COMPILER_OPTIONS", {"xla_cpu_no_such_option": True})
        assert choose() == {}
    with monkeypatch.context() as patch:
        patch.setattr(programs.jax, "default_backend", lambda: "gpu")
        assert choose() == {}

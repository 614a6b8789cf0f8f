import inspect
import math
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import optimize, special
from sklearn.datasets import load_iris

from skconv import NeuralNet, updates
from skconv.layers import DenseLayer, InputLayer
from skconv.updates.update_rule import resolve_update, values_at

RNG = np.random.default_rng(0)
START = RNG.normal(size=(3, 2))
GRADIENTS = [10.0 ** RNG.integers(-2, 2) * RNG.normal(size=(3, 2)) for _ in range(8)]

LASAGNES = (
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "amsgrad",
    "momentum",
    "nesterov_momentum",
    "rmsprop",
    "sgd",
)
LATER = ("adamw", "lamb", "lion", "muon")
SECOND_ORDER = ("hessian_free", "lbfgs")
HELPERS = (
    "apply_momentum",
    "apply_nesterov_momentum",
    "apply_norm_constraint",
    "norm_constraint",
    "total_norm_constraint",
)
"""Functions on rules and arrays, whose tests are in files of their own."""


def lasagne(rule, p, numbers):
    """Lasagne's formulas in float64; `numbers` holds the arguments of each step."""
    p, v, accu, delta, largest = p.copy(), *(np.zeros_like(p) for _ in range(4))
    for t, (g, n) in enumerate(zip(GRADIENTS, numbers, strict=True), 1):
        rate = n["learning_rate"]
        if rule in ("adam", "adamax", "amsgrad"):
            b1, b2 = n["beta1"], n["beta2"]
            v = b1 * v + (1 - b1) * g
            corrected = rate * math.sqrt(1 - b2**t) / (1 - b1**t)
        if rule == "sgd":
            p -= rate * g
        elif rule == "momentum":
            v = n["momentum"] * v - rate * g
            p += v
        elif rule == "nesterov_momentum":
            v = n["momentum"] * v - rate * g
            p += n["momentum"] * v - rate * g
        elif rule == "adagrad":
            accu += g**2
            p -= rate * g / np.sqrt(accu + n["epsilon"])
        elif rule == "rmsprop":
            accu = n["rho"] * accu + (1 - n["rho"]) * g**2
            p -= rate * g / np.sqrt(accu + n["epsilon"])
        elif rule == "adadelta":
            accu = n["rho"] * accu + (1 - n["rho"]) * g**2
            step = g * np.sqrt(delta + n["epsilon"]) / np.sqrt(accu + n["epsilon"])
            delta = n["rho"] * delta + (1 - n["rho"]) * step**2
            p -= rate * step
        elif rule == "adam":
            accu = b2 * accu + (1 - b2) * g**2
            p -= corrected * v / (np.sqrt(accu) + n["epsilon"])
        elif rule == "adamax":
            accu = np.maximum(b2 * accu, np.abs(g))
            p -= rate / (1 - b1**t) * v / (accu + n["epsilon"])
        elif rule == "amsgrad":
            accu = b2 * accu + (1 - b2) * g**2
            largest = np.maximum(largest, accu)
            p -= corrected * v / (np.sqrt(largest) + n["epsilon"])
    return p


def trained(factory, given):
    """Take a step for each gradient in one compiled function that gets all numbers as values."""
    update, values = resolve_update(factory, given)
    numbers = values_at(values, 0, len(GRADIENTS))

    @jax.jit
    def step(p, state, g, numbers):
        changes, state = update.transformation(numbers).update(g, state, p)
        return optax.apply_updates(p, changes), state

    p = jnp.asarray(START, jnp.float32)
    state = update.transformation({name: n[0] for name, n in numbers.items()}).init(p)
    for i, g in enumerate(GRADIENTS):
        now = {name: n[i] for name, n in numbers.items()}
        p, state = step(p, state, jnp.asarray(g, jnp.float32), now)
    assert step._cache_size() == 1
    return np.asarray(p), numbers


def rates(step):
    return 0.05 / (1 + step)


@pytest.mark.parametrize("given", [{}, {"learning_rate": 0.03}, {"learning_rate": rates}])
@pytest.mark.parametrize("rule", LASAGNES)
def test_every_rule_takes_the_steps_of_lasagne(rule, given):
    factory = getattr(updates, rule)
    defaults = {name: p.default for name, p in inspect.signature(factory).parameters.items()}
    found, numbers = trained(factory, given)
    assert set(numbers) == set(defaults)
    steps = [{name: float(n[i]) for name, n in numbers.items()} for i in range(len(GRADIENTS))]
    np.testing.assert_allclose(found, lasagne(rule, START, steps), rtol=2e-4, atol=1e-6)
    exact = [defaults | given] * len(GRADIENTS)
    if not callable(given.get("learning_rate")):
        np.testing.assert_allclose(found, lasagne(rule, START, exact), rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("rule", ["momentum", "nesterov_momentum"])
def test_learning_rate_and_momentum_may_change_between_steps(rule):
    given = {"learning_rate": rates, "momentum": lambda step: 0.5 + 0.05 * step}
    found, _ = trained(getattr(updates, rule), given)
    steps = [{name: value(i) for name, value in given.items()} for i in range(len(GRADIENTS))]
    np.testing.assert_allclose(found, lasagne(rule, START, steps), rtol=1e-5, atol=1e-6)


def test_the_public_updates():
    assert sorted([*LASAGNES, *LATER, *SECOND_ORDER, *HELPERS]) == updates.__all__


def decayed(rule, p, n):
    """The later rules in float64, as their papers have them, with decay of all parameters."""
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t, g in enumerate(GRADIENTS, 1):
        if rule == "lion":
            step = np.sign(n["beta1"] * m + (1 - n["beta1"]) * g)
            m = n["beta2"] * m + (1 - n["beta2"]) * g
        else:
            m = n["beta1"] * m + (1 - n["beta1"]) * g
            v = n["beta2"] * v + (1 - n["beta2"]) * g**2
            corrected = m / (1 - n["beta1"] ** t), v / (1 - n["beta2"] ** t)
            step = corrected[0] / (np.sqrt(corrected[1]) + n["epsilon"])
        step = step + n["weight_decay"] * p
        if rule == "lamb":
            step *= np.linalg.norm(p) / np.linalg.norm(step)
        p = p - n["learning_rate"] * step
    return p


def numbers_of(factory):
    parameters = inspect.signature(factory).parameters.items()
    return {name: p.default for name, p in parameters if isinstance(p.default, float)}


@pytest.mark.parametrize("given", [{}, {"learning_rate": 0.03, "weight_decay": 0.2, "beta1": 0.8}])
@pytest.mark.parametrize("rule", ["adamw", "lamb", "lion"])
def test_rules_with_decay_take_the_steps_of_their_papers(rule, given):
    factory = getattr(updates, rule)
    found, _ = trained(factory, given)
    expected = decayed(rule, START, numbers_of(factory) | given)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("rule", "others"),
    [
        ("adamw", optax.adamw),
        ("lamb", optax.lamb),
        ("lion", optax.lion),
        ("muon", optax.contrib.muon),
    ],
)
def test_later_rules_have_the_numbers_of_optax(rule, others):
    found, _ = trained(getattr(updates, rule), {"learning_rate": 0.03})
    expected, _ = trained(others, {"learning_rate": 0.03})
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_mask_says_what_decays():
    params = {"fc": {"W": jnp.ones((2, 2)), "b": jnp.ones(2)}}
    still = jax.tree.map(jnp.zeros_like, params)

    def weights_only(params):
        return {layer: {name: name == "W" for name in own} for layer, own in params.items()}

    for mask, moved in ((None, {"W", "b"}), (weights_only, {"W"})):
        rule = updates.adamw(weight_decay=0.1, mask=mask)
        with jax.numpy_dtype_promotion("standard"):
            steps, _ = rule.update(still, rule.init(params), params)
        assert {name for name, step in steps["fc"].items() if np.any(step)} == moved


def orthogonal(matrix, steps=5):
    """Newton-Schulz iterations with the numbers of Jordan et al."""
    x = matrix / np.linalg.norm(matrix)
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.775 * a + 2.0315 * a @ a) @ x
    return x


def test_muon_makes_the_momentum_of_matrices_orthogonal():
    g = GRADIENTS[0]
    rule = updates.muon(learning_rate=1.0)
    params = jnp.asarray(START, jnp.float32)
    with jax.numpy_dtype_promotion("standard"):
        step, _ = jax.jit(rule.update)(jnp.asarray(g, jnp.float32), rule.init(params), params)
    np.testing.assert_allclose(step, -orthogonal(g.T).T, rtol=1e-3, atol=1e-4)


def test_muon_gives_adam_a_rate_of_its_own():
    params = {"W": jnp.asarray(START, jnp.float32), "b": jnp.ones(3)}
    steps = {}
    for rate in (None, 0.001):
        rule = updates.muon(learning_rate=0.1, adam_learning_rate=rate)
        with jax.numpy_dtype_promotion("standard"):
            steps[rate], _ = jax.jit(rule.update)(params, rule.init(params), params)
    assert np.all(steps[None]["b"] < 0)
    np.testing.assert_allclose(steps[0.001]["b"], steps[None]["b"] / 100, rtol=1e-4)
    np.testing.assert_array_equal(steps[None]["W"], steps[0.001]["W"])


X, CLASSES = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)


def regression_loss(flat):
    """The penalized softmax regression of iris, in float64."""
    W, b = flat[:12].reshape(4, 3), flat[12:]
    z = X @ W + b
    own = z[np.arange(len(z)), CLASSES]
    return (special.logsumexp(z, axis=1) - own).mean() + 0.01 * np.square(W).sum()


@pytest.mark.parametrize("rule", [updates.lbfgs, optax.lbfgs, updates.hessian_free])
def test_full_batches_reach_the_minimum_that_scipy_finds(rule):
    net = NeuralNet(
        [InputLayer, (DenseLayer, {"name": "output"})],
        output_l2=0.01,
        update=rule,
        max_epochs=20,
        batch_iterator_train=len(X),
        train_split=None,
        random_state=0,
    ).fit(X, CLASSES)
    best = optimize.minimize(regression_loss, np.zeros(15))
    assert net.train_history_[-1]["train_loss"] == pytest.approx(best.fun, rel=1e-4)
    found = pickle.loads(pickle.dumps(net)).partial_fit(X, CLASSES)
    np.testing.assert_allclose(found.layers_["output"].W, best.x[:12].reshape(4, 3), atol=0.02)


def test_a_line_search_ends_after_its_steps():
    """Each doubles the length of the step, which is the gradient's at first, and far too short."""

    def loss(x):
        return 0.0025 * x**2

    rule = updates.lbfgs(linesearch_steps=3)

    @jax.jit
    def change(x):
        value, grad = jax.value_and_grad(loss)(x)
        given = {"value": value, "grad": grad, "value_fn": loss}
        return rule.update(grad, rule.init(x), x, **given)[0]

    assert change(jnp.float32(1.0)) == pytest.approx(-0.005 * 2 * 2, rel=1e-6)

import functools
import inspect
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv import updates
from skconv.updates import Update, resolve, values_at

RNG = np.random.default_rng(0)
START = RNG.normal(size=(3, 2))
GRADIENTS = [10.0 ** RNG.integers(-2, 2) * RNG.normal(size=(3, 2)) for _ in range(8)]
PARAMS = {"W": jnp.asarray(START, jnp.float32), "b": jnp.asarray([0.5, -1.0, 2.0], jnp.float32)}
GRADS = jax.tree.map(lambda p: 0.3 * p + 0.1, PARAMS)


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
    update, values = resolve(factory, given)
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
@pytest.mark.parametrize("rule", updates.__all__)
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


FACTORIES = sorted(
    name
    for name, factory in vars(optax).items()
    if inspect.isfunction(factory)
    and not name.startswith("_")
    and "learning_rate" in inspect.signature(factory).parameters
    and name != "lbfgs"  # takes the loss as an argument of each step
)


def two_steps(factory, given):
    """The second step with traced numbers, and that of the factory called with the same ones."""
    update, values = resolve(factory, given)
    numbers = {name: n[0] for name, n in values_at(values, 0, 1).items()}

    @jax.jit
    def traced(numbers):
        return second(update.transformation(numbers))

    def second(made):
        _, state = made.update(GRADS, made.init(PARAMS), PARAMS)
        return made.update(GRADS, state, PARAMS)[0]

    found = traced(numbers)
    with jax.numpy_dtype_promotion("standard"):
        return found, second(factory(**given))


def assert_close(found, expected, **tolerance):
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


def test_optax_has_the_factories_that_users_ask_for():
    assert {"adabelief", "adamw", "lion", "lamb", "novograd", "rprop", "yogi"} <= set(FACTORIES)


@pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", FACTORIES)
def test_optax_factories_work_with_traced_numbers(name):
    seed = {"key": 0} if name == "noisy_sgd" else {}
    found, expected = two_steps(getattr(optax, name), {"learning_rate": 0.1, **seed})
    assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert all((leaf != 0).all() for leaf in jax.tree.leaves(found))


@pytest.mark.parametrize(
    ("factory", "structure"),
    [
        (optax.sgd, {"nesterov": True, "accumulator_dtype": "float32"}),
        (optax.adamw, {"mask": lambda p: {"W": True, "b": False}}),
        (optax.adamw, {"mask": lambda p: jax.tree.map(lambda x: np.ndim(x) > 1, p)}),
        (optax.adam, {"mu_dtype": jnp.bfloat16}),
        (optax.adafactor, {"min_dim_size_to_factor": 2, "factored": False}),
        (optax.rmsprop, {"centered": True}),
        (optax.noisy_sgd, {"key": jax.random.key(1)}),
        (functools.partial(optax.adam, b1=0.5), {"nesterov": True}),
    ],
)
def test_flags_counts_masks_dtypes_and_seeds_are_structure(factory, structure):
    given = {"learning_rate": 0.1, **structure}
    assert dict(resolve(factory, given)[0].structure) == structure
    assert_close(*two_steps(factory, given), rtol=3e-3)


def test_numbers_are_values_and_all_else_is_structure():
    given = {"learning_rate": 1, "momentum": np.float32(0.5), "nesterov": True}
    update, values = resolve(optax.sgd, given)
    assert update == Update(optax.sgd, (("nesterov", True),), ("learning_rate", "momentum"))
    assert values == {"learning_rate": 1, "momentum": 0.5}


def test_numbers_do_not_tell_updates_apart():
    assert resolve(updates.adam, {})[0] == resolve(updates.adam, {"beta1": 0.5})[0]
    assert resolve(updates.adam, {})[0] != resolve(updates.adamax, {})[0]


def test_a_factory_of_ones_own_may_take_any_keyword():
    def own(learning_rate, **more):
        return optax.sgd(learning_rate * more["factor"])

    update, values = resolve(own, {"learning_rate": 0.1, "factor": 2.0})
    assert values == {"learning_rate": 0.1, "factor": 2.0}
    assert update.structure == ()


def test_a_finished_transformation_is_taken_as_it_is():
    finished = optax.chain(optax.clip(1.0), optax.sgd(0.1))
    update, values = resolve(finished, {})
    assert values == {}
    assert update.transformation(values) is finished


@pytest.mark.parametrize(
    ("factory", "given", "kind", "message"),
    [
        (
            optax.sgd(0.1),
            {"learning_rate": 0.1},
            ValueError,
            "update is a finished transformation and takes no update_learning_rate; "
            "give optax's factory instead, as in update=optax.adam",
        ),
        ("adam", {}, TypeError, "update must be a factory of optax transformations, not 'adam'"),
        (optax.adam, {}, ValueError, "update=adam needs update_learning_rate"),
        (
            updates.sgd,
            {"learning_rate": "fast"},
            ValueError,
            "update_learning_rate='fast' is no number and no schedule",
        ),
    ],
)
def test_faults_are_named(factory, given, kind, message):
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        resolve(factory, given)


@pytest.mark.parametrize(
    "schedule",
    [
        optax.cosine_decay_schedule(0.1, 20),
        optax.exponential_decay(0.1, 5, 0.5, staircase=True),
        optax.warmup_cosine_decay_schedule(0.0, 0.1, 5, 20),
        optax.constant_schedule(0.1),
    ],
)
def test_schedules_have_their_own_values_at_each_step(schedule):
    _, values = resolve(updates.sgd, {"learning_rate": schedule})
    found = values_at(values, 3, 10)["learning_rate"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [float(schedule(step)) for step in range(3, 13)], rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 10, width=32), st.integers(0, 10**6), st.integers(1, 64))
def test_numbers_are_the_same_at_each_step(value, start, steps):
    found = values_at({"rate": value}, start, steps)["rate"]
    assert (found.shape, found.dtype) == ((steps,), np.float32)
    assert (found == value).all()


@pytest.mark.parametrize("value", [1, 0.1, np.float64(0.1), np.array(0.1), jnp.float32(0.1)])
def test_numbers_of_all_libraries_become_one_dtype(value):
    found = values_at({"rate": value}, 0, 2)["rate"]
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float32


def test_keywords_of_factories():
    def open_ended(learning_rate, **rest): ...

    assert updates.keywords(optax.sm3) == ["learning_rate", "momentum"]
    assert updates.keywords(open_ended) is None
    assert updates.keywords(optax.sgd(0.1)) is None

import functools
import inspect
import re
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv import updates
from skconv.errors import InvalidParameterError
from skconv.updates import update_rule
from skconv.updates.update_rule import BatchLoss, Update, clipped, resolve_update, values_at

RNG = np.random.default_rng(0)
PARAMS = {
    "W": jnp.asarray(RNG.normal(size=(3, 2)), jnp.float32),
    "b": jnp.asarray([0.5, -1.0, 2.0], jnp.float32),
}
GRADS = jax.tree.map(lambda p: 0.3 * p + 0.1, PARAMS)

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
    update, values = resolve_update(factory, given)
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


SHARED = SimpleNamespace(get_value=float)
"""A variable like those of Theano."""


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
    assert dict(resolve_update(factory, given)[0].structure) == structure
    assert_close(*two_steps(factory, given), rtol=3e-3)


def test_numbers_are_values_and_all_else_is_structure():
    given = {"learning_rate": 1, "momentum": np.float32(0.5), "nesterov": True}
    update, values = resolve_update(optax.sgd, given)
    assert update == Update(optax.sgd, (("nesterov", True),), ("learning_rate", "momentum"))
    assert values == {"learning_rate": 1, "momentum": 0.5}


def test_numbers_do_not_tell_updates_apart():
    assert resolve_update(updates.adam, {})[0] == resolve_update(updates.adam, {"beta1": 0.5})[0]
    assert resolve_update(updates.adam, {})[0] != resolve_update(updates.adamax, {})[0]


def test_a_factory_of_ones_own_may_take_any_keyword():
    def own(learning_rate, **more):
        return optax.sgd(learning_rate * more["factor"])

    update, values = resolve_update(own, {"learning_rate": 0.1, "factor": 2.0})
    assert values == {"learning_rate": 0.1, "factor": 2.0}
    assert update.structure == ()


def test_a_finished_transformation_is_taken_as_it_is():
    finished = optax.chain(optax.clip(1.0), optax.sgd(0.1))
    update, values = resolve_update(finished, {})
    assert values == {}
    made = update.transformation(values)
    found, _ = made.update(GRADS, made.init(PARAMS), PARAMS)
    expected, _ = finished.update(GRADS, finished.init(PARAMS), PARAMS)
    assert_close(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("factory", "given", "kind", "message"),
    [
        (
            optax.sgd(0.1),
            {"learning_rate": 0.1},
            ValueError,
            "update_learning_rate cannot be set for an update that is a finished optax "
            "transformation; give its factory instead, such as update=optax.adam",
        ),
        (
            "adam",
            {},
            TypeError,
            "update must be an optax transformation or a function that returns one, got 'adam'",
        ),
        (optax.adam, {}, ValueError, "update_learning_rate must be given for update=adam"),
        (
            updates.sgd,
            {"learning_rate": "fast"},
            ValueError,
            "update_learning_rate must be a finite number >= 0.0 or a schedule, got 'fast'",
        ),
        (
            updates.sgd,
            {"learning_rate": SHARED},
            ValueError,
            f"update_learning_rate must be a finite number >= 0.0 or a schedule, got {SHARED}; "
            "write the number, and set it in handlers, as in net.update_learning_rate = 0.01",
        ),
        (
            updates.sgd,
            {"clip_norm": -1.0},
            ValueError,
            "update_clip_norm must be a positive number, a schedule or None, got -1.0",
        ),
        (
            optax.sgd(0.1),
            {"clip_value": "small"},
            ValueError,
            "update_clip_value must be a positive number, a schedule or None, got 'small'",
        ),
    ],
)
def test_faults_are_named(factory, given, kind, message):
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        resolve_update(factory, given)


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
    _, values = resolve_update(updates.sgd, {"learning_rate": schedule})
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

    assert update_rule.update_keywords(optax.sm3) == [
        "learning_rate",
        "momentum",
        *update_rule.CLIPS,
    ]
    assert update_rule.update_keywords(open_ended) is None
    assert update_rule.update_keywords(optax.sgd(0.1)) is None


@pytest.mark.parametrize(
    ("given", "by_optax"),
    [
        ({"clip_value": 0.2}, optax.clip(0.2)),
        ({"clip_norm": 0.5}, optax.clip_by_global_norm(0.5)),
        ({"clip_norm": 50.0}, optax.clip_by_global_norm(50.0)),
        (
            {"clip_value": 0.2, "clip_norm": 0.3},
            optax.chain(optax.clip(0.2), optax.clip_by_global_norm(0.3)),
        ),
        ({"clip_value": None, "clip_norm": None}, optax.identity()),
    ],
)
@pytest.mark.parametrize("factory", [updates.momentum, optax.adam, optax.sgd(0.1)])
def test_gradients_are_clipped_before_any_rule(factory, given, by_optax):
    rate = {} if isinstance(factory, optax.GradientTransformation) else {"learning_rate": 0.1}
    update, values = resolve_update(factory, rate | given)
    rule = factory if not rate else factory(**rate)
    expected_rule = optax.chain(by_optax, rule)

    @jax.jit
    def second(numbers):
        made = update.transformation(numbers)
        _, state = made.update(GRADS, made.init(PARAMS), PARAMS)
        return made.update(GRADS, state, PARAMS)[0]

    found = second({name: n[0] for name, n in values_at(values, 0, 1).items()})
    with jax.numpy_dtype_promotion("standard"):
        _, state = expected_rule.update(GRADS, expected_rule.init(PARAMS), PARAMS)
        expected, _ = expected_rule.update(GRADS, state, PARAMS)
    assert_close(found, expected, rtol=1e-3, atol=1e-6)


def test_clipped_gradients_keep_their_direction_or_their_small_numbers():
    g = {"W": jnp.asarray([3.0, -0.1]), "b": jnp.asarray([4.0])}
    by_norm = clipped(g, clip_norm=1.0)
    size = np.sqrt(9 + 0.01 + 16)
    np.testing.assert_allclose(by_norm["W"], [3 / size, -0.1 / size], rtol=1e-6)
    np.testing.assert_allclose(by_norm["b"], [4 / size], rtol=1e-6)
    by_value = clipped(g, clip_value=1.0)
    np.testing.assert_allclose(by_value["W"], [1.0, -0.1], rtol=1e-6)
    np.testing.assert_allclose(by_value["b"], [1.0], rtol=1e-6)
    nothing = jax.tree.map(jnp.zeros_like, g)
    assert_close(clipped(nothing, clip_norm=1.0), nothing)


def test_bounds_are_values_and_their_presence_is_structure():
    one, other, none = (
        resolve_update(updates.sgd, {"clip_norm": bound})[0]
        for bound in (1.0, lambda step: 2.0, None)
    )
    assert one == other
    assert one.clips == ("clip_norm",)
    assert none == resolve_update(updates.sgd, {})[0] != one


def test_a_factory_that_clips_by_itself_keeps_its_keyword():
    def own(learning_rate=0.1, clip_norm=2.0):
        return optax.sgd(learning_rate * clip_norm)

    update, values = resolve_update(own, {"clip_norm": -3.0})
    assert update.clips == ()
    assert values["clip_norm"] == -3.0
    assert update_rule.update_keywords(own) == ["learning_rate", "clip_norm", "clip_value"]


def schedules_at(factory, given, start=0, steps=3):
    update, values = resolve_update(factory, given)
    update.check_schedules(values, values_at(values, start, steps), start)


def test_numbers_that_a_schedule_returns_are_checked():
    schedules_at(updates.sgd, {"learning_rate": lambda step: 0.0, "clip_norm": lambda step: 2.0})
    for bad, told in ((np.nan, "nan"), (-0.5, "-0.5"), (np.inf, "inf")):
        message = f"update_learning_rate must be a finite number >= 0.0, got {told} at step 12"
        with pytest.raises(InvalidParameterError, match=f"^{re.escape(message)}$"):
            schedules_at(
                updates.sgd, {"learning_rate": lambda step, bad=bad: bad if step == 12 else 1}, 10
            )
    with pytest.raises(ValueError, match=r"update_clip_norm must be a finite number > 0\.0, got 0"):
        schedules_at(updates.sgd, {"clip_norm": lambda step: 0.0})
    with pytest.raises(ValueError, match=r"update_momentum must be .* < 1\.0, got 1\.0 at step 2"):
        schedules_at(optax.sgd, {"learning_rate": 1.0, "momentum": lambda step: step / 2})


def test_rules_that_ask_get_the_loss_and_its_true_gradient():
    asked = {}

    def curious():
        def update(grads, state, params=None, *, value, grad, value_fn, **extra):
            asked.update(grads=grads, value=value, grad=grad, value_fn=value_fn)
            return grads, state

        return optax.GradientTransformationExtraArgs(lambda params: (), update)

    update, values = resolve_update(curious, {"clip_value": 0.1})
    loss = BatchLoss(lambda p: 2 * p["b"], lambda out, p: (out * p["b"]).sum())
    extra = {"value": 1.0, "grad": GRADS, "value_fn": loss}
    update.transformation(values).update(GRADS, (), PARAMS, **extra)
    assert asked["grad"] is GRADS
    assert float(jnp.abs(asked["grads"]["W"]).max()) == pytest.approx(0.1)
    assert float(asked["value_fn"](PARAMS)) == pytest.approx(2 * 5.25)
    plain, _ = resolve_update(updates.sgd, {})
    plain.transformation({"learning_rate": 0.1}).update(
        GRADS, (optax.EmptyState(),) * 2, PARAMS, **extra
    )


def test_states_start_strongly_typed():
    made = resolve_update(updates.lbfgs, {})[0].transformation({})
    assert not any(leaf.weak_type for leaf in jax.tree.leaves(made.init(PARAMS)))


def lasagnes(loss_or_grads, params, learning_rate, momentum=0.9): ...


def with_loss(loss, params): ...


def with_other_names(all_grads, all_params, *args, **kwargs): ...


@pytest.mark.parametrize(
    ("rule", "write"),
    [
        (lasagnes, r"write def lasagnes\(learning_rate, momentum=0.9\) and combine rules"),
        (with_loss, r"write def with_loss\(learning_rate=0.01\) and combine rules"),
        (with_other_names, r"write def with_other_names\(learning_rate=0.01\) and combine rules"),
    ],
)
def test_rules_in_lasagnes_form_say_what_to_write(rule, write):
    with pytest.raises(ValueError, match=rf"{rule.__name__}\(\w+, \w*params, ...\) in .*{write}"):
        resolve_update(rule, {"learning_rate": 0.1})

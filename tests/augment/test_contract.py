"""Every transform keeps the contract of transforms, whatever it does."""

import copy
import dataclasses
import functools
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv import augment
from skconv.augment import Transform, invoke, runtime_values, with_values
from skconv.utils.fields import kind_of

NEVER = {"p": 0.0}
NO_MIX = {"alpha": 0.0}
NO_STRENGTH = {"strength": 0.0}
NOTHING = {"sigma": 0.0}

EXAMPLES = {
    "AlternatingFlip": ({"axis": "vertical"}, None),
    "Brightness": ({}, NO_STRENGTH),
    "Contrast": ({}, NO_STRENGTH),
    "CutMix": ({"num_classes": 3}, NO_MIX),
    "Cutout": ({"size": 4}, {"size": 0.0}),
    "ElasticDeformation": ({"alpha": 9, "sigma": 2}, {"alpha": 0.0}),
    "Gamma": ({}, {"gamma": 1.0}),
    "GaussianBlur": ({}, NOTHING),
    "GaussianNoise": ({}, NOTHING),
    "Hue": ({}, {"shift": 0.0}),
    "MixUp": ({"num_classes": 3}, NO_MIX),
    "OneOf": (
        {"transforms": [augment.RandomFlip(), augment.Brightness()]},
        {"transforms": {"0": NEVER, "1": NO_STRENGTH}},
    ),
    "PCAColor": ({}, NOTHING),
    "RandAugment": (
        {"num_ops": 1, "operations": ["rotate", "solarize", "posterize", "contrast"]},
        {"magnitude": 0.0},
    ),
    "RandomAffine": (
        {"rotation": 20, "translation": [2, 1], "scale": 1.1, "shear": 5, "cval": 0.5},
        {"rotation": 0.0, "translation": (0.0, 0.0), "scale": 1.0, "shear": 0.0},
    ),
    "RandomCrop": ({"pad": 2}, {"pad": 0.0}),
    "RandomFlip": ({}, NEVER),
    "RandomResizedCrop": ({}, {"area": 1.0, "ratio": 1.0}),
    "Rot90": ({}, None),
    "Saturation": ({}, NO_STRENGTH),
    "Sometimes": ({"transform": augment.Cutout(size=3)}, NEVER),
}
"""Fields of a transform, and the runtime values with which it changes nothing."""

RANGES = {
    "Brightness": {"strength": ((0.7, 1.3), (1.0, 1.0))},
    "Contrast": {"strength": ((0.7, 1.3), (1.0, 1.0))},
    "Cutout": {"size": ((2, 5), (0, 0))},
    "Gamma": {"gamma": ((0.7, 1.3), (1.0, 1.0))},
    "GaussianBlur": {"sigma": ((0.5, 1.5), (0.0, 0.0))},
    "GaussianNoise": {"sigma": ((0.1, 0.3), (0.0, 0.0))},
    "Hue": {"shift": ((-0.1, 0.2), (0.0, 0.0))},
    "RandomAffine": {
        "rotation": ((-5, 20), (0.0, 0.0)),
        "scale": ((0.9, 1.1), (1.0, 1.0)),
        "shear": ((2, 9), (0.0, 0.0)),
        "translation": (((-1, 2), (0, 3)), ((0.0, 0.0), (0.0, 0.0))),
    },
    "RandomResizedCrop": {"area": ((0.3, 0.6), (1.0, 1.0)), "ratio": ((0.8, 1.0), (1.0, 1.0))},
    "Saturation": {"strength": ((0.7, 1.3), (1.0, 1.0))},
}
"""Fields that take a range: one, and that with which the transform changes nothing."""

n = 6
key = jax.random.key(0)
X = jnp.asarray(np.random.default_rng(0).normal(size=(n, 3, 8, 8)), jnp.float32)
y = jnp.array([0, 1, 2, 1, 0, 2])


def test_every_public_transform_is_here():
    classes = {name: value for name, value in vars(augment).items() if isinstance(value, type)}
    public = {name for name, value in classes.items() if issubclass(value, Transform)}
    assert set(EXAMPLES) == public - {"Transform"}


@pytest.fixture(params=EXAMPLES)
def name(request):
    return request.param


@pytest.fixture
def transform(name):
    return made(name)


def made(name):
    return getattr(augment, name)(**EXAMPLES[name][0])


def call(transform, key, X):
    return invoke(transform, key, X, y, jnp.array(1), jnp.arange(n))


@functools.cache
def compiled(name):
    """The transform as a program that takes its runtime values, and how often it was traced."""
    traces = []

    def apply(values, key, X):
        traces.append(name)
        return call(with_values(made(name), values), key, X)

    return jax.jit(apply), traces


def numbers(transform):
    return jax.tree.map(np.float32, runtime_values(transform))


def test_examples_are_possible(transform):
    assert list(transform.check()) == []


def test_copies_are_equal_and_hash_alike(transform):
    copies = copy.copy(transform), copy.deepcopy(transform), pickle.loads(pickle.dumps(transform))
    for other in copies:
        assert other == transform
        assert hash(other) == hash(transform)


def test_fields_are_of_known_kinds(transform):
    assert isinstance(transform, Transform)
    assert type(transform).__dataclass_params__.frozen
    kinds = {kind_of(field) for field in dataclasses.fields(transform)}
    assert kinds <= {"structural", "runtime", "optional"}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64"])
def test_shapes_and_types_stay(transform, dtype):
    with jax.enable_x64(True):
        images, targets = jax.eval_shape(functools.partial(call, transform, key), X.astype(dtype))
    assert (images.shape, images.dtype) == (X.shape, jnp.dtype(dtype))
    rows = hasattr(transform, "num_classes")
    assert (targets.shape, targets.dtype) == (((n, 3), jnp.float32) if rows else (y.shape, y.dtype))


def test_other_strengths_compile_nothing_and_none_changes_nothing(name, transform):
    apply, traces = compiled(name)
    strong, _ = apply(numbers(transform), key, X)
    assert np.abs(strong - X).max() > 1e-3
    neutral = EXAMPLES[name][1]
    assert (neutral is None) == (numbers(transform) == {})
    images, targets = apply(numbers(with_values(transform, neutral or {})), key, X)
    assert len(traces) == 1
    if neutral is not None:
        np.testing.assert_allclose(images, X, atol=1e-5)
        rows = jax.nn.one_hot(y, 3) if targets.ndim == 2 else y
        np.testing.assert_array_equal(targets, rows)


def test_several_keys_at_once_are_the_same_as_one_by_one(name, transform):
    keys = jax.random.split(key, 2)
    apply, _ = compiled(name)
    together = jax.jit(jax.vmap(lambda key: call(transform, key, X)))(keys)
    for i, one in enumerate(keys):
        alone = apply(numbers(transform), one, X)
        for found, expected in zip(together, alone, strict=True):
            np.testing.assert_allclose(found[i], expected, atol=1e-5)


@pytest.mark.parametrize(("low", "high"), [(0, 255), (-3, 3), (0.5, 0.5)])
def test_values_of_any_range_stay_finite(name, transform, low, high):
    values = jnp.asarray(np.random.default_rng(1).uniform(low, high, X.shape), jnp.float32)
    for array in compiled(name)[0](numbers(transform), key, values):
        assert np.isfinite(array).all()


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - {"MixUp", "CutMix"}))
def test_images_have_draws_of_their_own(name):
    same = jnp.broadcast_to(X[:1], X.shape)
    images, _ = compiled(name)[0](numbers(made(name)), key, same)
    assert len(np.unique(np.asarray(images).reshape(n, -1).round(5), axis=0)) > 1


def test_every_range_is_here():
    """Ranges are told by their checks."""
    for name in EXAMPLES:
        fields = dataclasses.fields(getattr(augment, name))
        checks = {field.name: field.metadata.get("check") for field in fields}
        found = {
            field for field, check in checks.items() if "(low, high)" in str(check and check(()))
        }
        assert found == set(RANGES.get(name, {}))


@pytest.mark.parametrize("name", RANGES)
def test_a_range_is_taken_as_it_is_and_compiles_nothing_new(name):
    strong, neutral = ({f: ranges[i] for f, ranges in RANGES[name].items()} for i in (0, 1))
    transform = getattr(augment, name)(**strong)
    assert list(transform.check()) == []
    assert hash(copy.deepcopy(transform)) == hash(transform)
    traces = []

    @jax.jit
    def apply(values):
        traces.append(name)
        return call(with_values(transform, values), key, X)[0]

    changed = apply(numbers(transform))
    assert np.abs(changed - X).max() > 1e-3
    fixed = apply(numbers(with_values(transform, neutral)))
    np.testing.assert_allclose(fixed, X, atol=1e-5)
    assert len(traces) == 1
    for field in strong.keys() - {"translation"}:  # two numbers of which are those of x and y
        low, high = strong[field]
        for wrong in ((high, low), (low,), (low, np.nan), (low, "much"), (low, high, high)):
            problems = list(dataclasses.replace(transform, **{field: wrong}).check())
            assert len(problems) == 1
            assert problems[0].startswith(f"{field} must be ")
            assert "(low, high)" in problems[0]

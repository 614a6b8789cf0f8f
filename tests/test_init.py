import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from skconv import init

KEY = jax.random.key(0)
DENSE, CONV, POINTWISE = (300, 200), (64, 32, 5, 5), (100, 400, 1, 1)


def draw(initializer, shape, key=KEY):
    return np.asarray(initializer(key, shape, jnp.float32), np.float64)


def fans(shape):
    """Lasagne's fans: dense weights are (inputs, units), others (filters, channels, ...)."""
    if len(shape) == 2:
        return shape[0], shape[1]
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


SCALED = [
    (init.GlorotNormal, lambda i, o: math.sqrt(2 / (i + o)), stats.norm),
    (init.GlorotUniform, lambda i, o: math.sqrt(2 / (i + o)), stats.uniform),
    (init.HeNormal, lambda i, o: math.sqrt(1 / i), stats.norm),
    (init.HeUniform, lambda i, o: math.sqrt(1 / i), stats.uniform),
]


@pytest.mark.parametrize("shape", [DENSE, CONV, POINTWISE, (20, 30, 40)])
@pytest.mark.parametrize(("make", "deviation", "family"), SCALED)
def test_the_deviation_follows_the_fans_of_the_shape(make, deviation, family, shape):
    values = draw(make(), shape)
    assert values.shape == shape
    assert values.std() == pytest.approx(deviation(*fans(shape)), rel=0.03)
    assert values.mean() == pytest.approx(0, abs=0.03 * values.std())


@pytest.mark.parametrize(("make", "deviation", "family"), SCALED)
def test_the_distribution_is_the_one_of_the_name(make, deviation, family):
    values = draw(make(), DENSE).ravel()[:2000] / deviation(*fans(DENSE))
    spread = {stats.norm: (0, 1), stats.uniform: (-math.sqrt(3), 2 * math.sqrt(3))}[family]
    assert stats.kstest(values, family(*spread).cdf).pvalue > 1e-3


@pytest.mark.parametrize("make", [init.GlorotUniform, init.HeUniform])
def test_uniform_values_stay_within_their_bounds(make):
    bound = math.sqrt(3) * (
        math.sqrt(2 / 500) if make is init.GlorotUniform else 1 / math.sqrt(300)
    )
    values = draw(make(), DENSE)
    assert 0.99 * bound < np.abs(values).max() <= bound * (1 + 1e-6)


@pytest.mark.parametrize("make", [scaled[0] for scaled in SCALED])
@pytest.mark.parametrize(("gain", "factor"), [("relu", math.sqrt(2)), (3.0, 3.0)])
def test_the_gain_multiplies_the_values(make, gain, factor):
    np.testing.assert_allclose(
        draw(make(gain), (4, 5)), factor * draw(make(), (4, 5)), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("make", [scaled[0] for scaled in SCALED])
@pytest.mark.parametrize("shape", [(), (3,)])
def test_fans_need_two_axes(make, shape):
    message = (
        f"shape must have two or more axes for {make.__name__}, got {shape}; use Normal or Uniform"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        draw(make(), shape)


@pytest.mark.parametrize("given", [{}, {"std": 2.0, "mean": -1.0}])
def test_normal_is_gaussian(given):
    mean, std = given.get("mean", 0.0), given.get("std", 0.01)
    values = draw(init.Normal(**given), (4000,))
    assert stats.kstest(values, stats.norm(mean, std).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("uniform", "low", "high"),
    [
        (init.Uniform(), -0.01, 0.01),
        (init.Uniform(0.5), -0.5, 0.5),
        (init.Uniform((2.0, 5.0)), 2.0, 5.0),
        (init.Uniform(std=1.0), -math.sqrt(3), math.sqrt(3)),
        (init.Uniform(std=0.5, mean=4.0), 4 - math.sqrt(3) / 2, 4 + math.sqrt(3) / 2),
    ],
)
def test_uniform_fills_its_range(uniform, low, high):
    values = draw(uniform, (20_000,))
    assert stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > 1e-3
    slack = 0.001 * (high - low)
    assert low - 1e-6 <= values.min() < low + slack
    assert high - slack < values.max() <= high + 1e-6


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([(3, 2), (4, 3, 2, 2)]), st.integers(0, 2**31))
def test_the_same_key_draws_the_same_values_of_the_shape_asked(shape, seed):
    once = draw(init.GlorotUniform(), shape, jax.random.key(seed))
    again = draw(init.GlorotUniform(), shape, jax.random.key(seed))
    other = draw(init.GlorotUniform(), shape, jax.random.key(seed + 1))
    assert once.shape == shape
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


CLASSES = sorted(set(init.__all__) - {"Array", "as_initializer"})


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("name", CLASSES)
def test_the_dtype_is_the_one_asked_for(name, dtype):
    values = getattr(init, name)()(KEY, (20, 3), jnp.dtype(dtype))
    assert (values.dtype, values.shape) == (jnp.dtype(dtype), (20, 3))
    wide = values.astype(np.float64)
    coarse = (wide == wide.astype(np.float32)).all()
    assert coarse == (dtype != "float64" or name == "Constant")


def test_equal_initializers_are_equal_and_hash_alike():
    assert init.HeNormal("relu") == init.HeNormal("relu") != init.HeNormal()
    assert len({init.Normal(0.1), init.Normal(0.1), init.Uniform(0.1)}) == 2


def test_an_array_returns_its_numbers_in_the_dtype_asked_for():
    values = init.Array([[1, 2], [3, 4]])(KEY, (2, 2), jnp.float32)
    assert values.dtype == jnp.float32
    np.testing.assert_array_equal(values, [[1, 2], [3, 4]])


@pytest.mark.parametrize("value", [True, np.True_])
def test_flags_are_no_numbers(value):
    with pytest.raises(
        TypeError, match=r"^value must be an initializer or a number, got (np\.)?True_?$"
    ):
        init.as_initializer(value)


def test_an_array_of_another_shape_is_refused():
    message = r"^the array must have shape \(2, 3\), got \(3, 2\)$"
    with pytest.raises(ValueError, match=message):
        init.Array(np.ones((3, 2)))(KEY, (2, 3), jnp.float32)


def test_arrays_are_compared_and_hashed_by_their_numbers():
    one, same, other = init.Array([1.0, 2.0]), init.Array([1.0, 2.0]), init.Array([1.0, 3.0])
    assert one == same != other
    assert len({one, same, other}) == 2
    assert one != [1.0, 2.0]


@pytest.mark.parametrize("pair", [([1, 2], [1.0, 2.0]), ([0.0], [-0.0])])
def test_equal_arrays_always_hash_alike(pair):
    one, other = map(init.Array, pair)
    assert one != other or hash(one) == hash(other)


@pytest.mark.parametrize("value", [3, 3.0, np.float32(3), np.array(3.0), jnp.float32(3)])
def test_a_number_of_any_library_becomes_a_constant(value):
    assert init.as_initializer(value) == init.Constant(3.0)
    np.testing.assert_array_equal(draw(init.as_initializer(value), (2, 2)), np.full((2, 2), 3.0))


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / (200 + 300)),
        ("xavier_normal", 2 / (200 + 300)),
        ("he_normal", 2 / 200),
        ("kaiming_uniform", 2 / 200),
        ("lecun_normal", 1 / 200),
        ("lecun_uniform", 1 / 200),
        ("orthogonal", 1 / 300),
        ("normal", 0.01**2),
        ("uniform", 0.01**2 / 3),
    ],
)
def test_names_have_the_variances_of_keras(name, variance):
    values = draw(init.as_initializer(name), (200, 300))
    assert values.var() == pytest.approx(variance, rel=0.03)
    assert abs(values.mean()) < 0.02 * variance**0.5


def test_constants_have_names_too():
    assert init.as_initializer("zeros") == init.Constant(0.0)
    assert init.as_initializer("ones") == init.Constant(1.0)


def test_unknown_names_are_told_with_the_nearest():
    message = r"^value must be the name of an initializer, got 'he_norm'. Did you mean 'he_normal'"
    with pytest.raises(ValueError, match=message):
        init.as_initializer("he_norm")


@pytest.mark.parametrize(
    "value", [[1.0, 2.0], (1.0, 2.0), np.array([1.0, 2.0]), jnp.arange(1.0, 3)]
)
def test_numbers_in_a_sequence_become_an_array(value):
    np.testing.assert_array_equal(draw(init.as_initializer(value), (2,)), [1, 2])


@pytest.mark.parametrize(
    "initializer",
    [
        init.HeNormal(),
        jax.nn.initializers.he_normal(),
        jax.nn.initializers.orthogonal(),
        jax.nn.initializers.zeros,
    ],
)
def test_initializers_of_any_library_stay_as_they_are(initializer):
    assert init.as_initializer(initializer) is initializer
    assert draw(initializer, (3, 3)).shape == (3, 3)


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (8, 3, 5, 5), (100, 2, 3, 3)])
@pytest.mark.parametrize(("gain", "factor"), [(1.0, 1.0), ("relu", 2.0), (3.0, 9.0)])
def test_orthogonal_rows_or_columns(shape, gain, factor):
    matrix = draw(init.Orthogonal(gain), shape).reshape(shape[0], -1)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    np.testing.assert_allclose(matrix @ matrix.T, factor * np.eye(len(matrix)), atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 4), (6, 4), (4, 6)])
def test_all_orthogonal_matrices_are_as_likely(shape):
    """A coordinate of a uniform direction in n axes is that of a beta distribution."""
    rng = np.random.default_rng(0)
    values = np.array([draw(init.Orthogonal(), shape, rng_key(rng)) for _ in range(1000)])
    half = (max(shape) - 1) / 2
    for entry in ((0, 0), (1, 2), (3, 3)):
        coordinate = (1 + values[(slice(None), *entry)]) / 2
        assert stats.kstest(coordinate, stats.beta(half, half).cdf).pvalue > 1e-3


def rng_key(rng):
    return jax.random.wrap_key_data(rng.integers(0, 2**32, 2, np.uint32))


def test_orthogonal_needs_two_axes():
    with pytest.raises(ValueError, match=r"^shape must have two or more axes for Orthogonal, got"):
        draw(init.Orthogonal(), (3,))


@pytest.mark.parametrize(("sparsity", "count"), [(0.1, 5), (1.0, 50), (0.0, 0)])
def test_each_column_has_as_many_numbers_as_sparsity_says(sparsity, count):
    values = draw(init.Sparse(sparsity, std=2.0), (50, 300))
    assert ((values != 0).sum(axis=0) == count).all()
    if count:
        assert values[values != 0].std() == pytest.approx(2, rel=0.1)
        assert len({tuple(column) for column in (values != 0).T}) > 1 or count == 50


def test_sparse_numbers_are_gaussian_at_random_places():
    values = draw(init.Sparse(0.25, std=2.0), (40, 400))
    assert stats.kstest(values[values != 0], stats.norm(0, 2).cdf).pvalue > 1e-3
    assert stats.chisquare((values != 0).sum(axis=1)).pvalue > 1e-3


@pytest.mark.parametrize("make", [init.GlorotNormal, init.HeUniform, init.Orthogonal])
def test_gains_are_numbers_or_relu(make):
    with pytest.raises(ValueError, match=r"^gain must be a number or 'relu', got 'selu'$"):
        draw(make("selu"), (3, 2))


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2)])
def test_sparse_needs_columns(shape):
    with pytest.raises(ValueError, match=r"^shape must have two axes for Sparse, got \(3,"):
        draw(init.Sparse(), shape)


@pytest.mark.parametrize("sparsity", [-0.1, 1.5])
def test_sparsity_is_a_fraction(sparsity):
    with pytest.raises(
        ValueError, match=rf"^sparsity must be a number between 0\.0 and 1\.0, got {sparsity}$"
    ):
        draw(init.Sparse(sparsity), (3, 2))


@pytest.mark.parametrize(
    ("initializer", "message"),
    [
        (init.Normal(-1), "std must be a finite number >= 0.0, got -1"),
        (init.Normal(float("nan")), "std must be a finite number >= 0.0, got nan"),
        (init.Uniform(std=-0.5), "std must be a finite number >= 0.0, got -0.5"),
        (init.Sparse(std=float("inf")), "std must be a finite number >= 0.0, got inf"),
        (init.GlorotUniform(-2.0), "gain must be a finite number >= 0.0, got -2.0"),
        (init.HeNormal(True), "gain must be a finite number >= 0.0, got True"),
        (init.Orthogonal(float("nan")), "gain must be a finite number >= 0.0, got nan"),
    ],
)
def test_scales_cannot_be_negative(initializer, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        draw(initializer, (4, 3))

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv import utils
from skconv.utils.lasagne import norm_axes_of

RNG = np.random.default_rng(0)


def test_float_x_is_float32():
    given = np.ones(2, np.float32)
    assert utils.floatX(given) is given
    for value in (3, [1, 2], np.arange(3)):
        assert utils.floatX(value).dtype == np.float32


def test_unique_keeps_the_order():
    assert utils.unique(iter("abcab")) == ["a", "b", "c"]


def test_tuples_have_the_asked_length():
    assert utils.as_tuple(2, 3) == (2, 2, 2)
    assert utils.as_tuple([2, 3], 2, utils.int_types) == (2, 3)
    assert utils.as_tuple(np.arange(2), 2) == (0, 1)
    with pytest.raises(ValueError, match=r"x must be a single value or an iterable of 3, got \[2"):
        utils.as_tuple([2, 3], 3)
    with pytest.raises(TypeError, match=r"single int or an iterable of them, got \[2, 'a'\]"):
        utils.as_tuple([2, "a"], 2, utils.int_types)
    with pytest.raises(TypeError, match="int or float"):
        utils.as_tuple("a", 1, (int, float))


@pytest.mark.parametrize("wrap", [np.asarray, jnp.asarray, list])
def test_one_hot_rows(wrap):
    found = utils.one_hot(wrap([1, 0, 2]), 4)
    assert found.dtype == np.float32
    assert isinstance(found, jax.Array) == (wrap is jnp.asarray)
    np.testing.assert_array_equal(found, np.eye(4)[[1, 0, 2]])
    assert utils.one_hot(wrap([1, 0, 2])).shape == (3, 3)


def test_one_hot_in_traced_functions():
    found = jax.jit(lambda x: utils.one_hot(x, 3))(jnp.array([2, 0]))
    np.testing.assert_array_equal(found, np.eye(3)[[2, 0]])
    with pytest.raises(ValueError, match="m must be given for values that JAX traces"):
        jax.jit(utils.one_hot)(jnp.array([2, 0]))


@pytest.mark.parametrize(
    ("x", "m", "message"),
    [
        ([0, 3], 3, "x must hold integers from 0 to 2, got 0 to 3"),
        ([-1, 1], None, "x must hold non-negative integers, got -1 to 1"),
        ([0.5], None, "x must be a vector of integers, got float64 of shape"),
        ([[1]], None, r"x must be a vector of integers, got int64 of shape \(1, 1\)"),
    ],
)
def test_one_hot_refuses(x, m, message):
    with pytest.raises(ValueError, match=message):
        utils.one_hot(x, m)


def test_keywords_are_the_arguments_with_defaults():
    assert utils.inspect_kwargs(lambda a, b=1, *, c=2, **d: None) == ["b", "c"]


@pytest.mark.parametrize("wrap", [np.asarray, jnp.asarray])
@pytest.mark.parametrize(
    ("shape", "given", "axes"),
    [((4,), None, None), ((4, 3), None, 0), ((4, 3), (1,), 1), ((4, 3, 2), None, (1, 2)),
     ((4, 3, 2, 2), None, (1, 2, 3)), ((2,) * 6, (0, 1), (0, 1))],
)  # fmt: skip
def test_norms(wrap, shape, given, axes):
    x = RNG.normal(size=shape).astype(np.float32)
    expected = np.abs(x) if axes is None else np.sqrt((x**2).sum(axis=axes))
    found = utils.compute_norms(wrap(x), given)
    assert isinstance(found, jax.Array) == (wrap is jnp.asarray)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_norms_of_other_arrays_need_axes():
    with pytest.raises(ValueError, match="norm_axes must be given for an array of 6 axes"):
        utils.compute_norms(np.ones((1,) * 6))
    assert norm_axes_of(1, vectors=True) == ()

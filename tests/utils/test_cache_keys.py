import copy
import functools
import pickle
from collections import namedtuple
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from skconv.init import Array, Normal
from skconv.utils.cache_keys import HashedTuple, structural_key

Pair = namedtuple("Pair", "x y")


class Plain:
    def __init__(self, size, parts=()):
        self.size = size
        self.parts = parts

    def method(self):
        return self.size


class OtherPlain(Plain):
    pass


@dataclass
class Unfrozen:
    p: float = 0.5


@dataclass(frozen=True)
class Frozen:
    p: float = 0.5


def function(x):
    return x


EQUAL_AFTER_A_COPY = [
    1,
    None,
    "softmax",
    (1, [2, {"a": 3}]),
    {"b": [1.5], "a": (2,)},
    np.arange(6).reshape(2, 3),
    jnp.arange(3.0),
    jax.random.key(3),
    function,
    max,
    jnp.tanh,
    jax.nn.relu,
    functools.partial(function, [1, 2], p=np.ones(2)),
    Plain(3, [Plain(1)]),
    Unfrozen(0.25),
    Frozen(0.25),
    Normal(0.5),
    Array([1.0, 2.0]),
    Pair(1, [2]),
    StandardScaler(with_mean=False),
]


@pytest.mark.parametrize("value", EQUAL_AFTER_A_COPY, ids=lambda value: type(value).__name__)
def test_a_copy_has_an_equal_key_of_equal_hash(value):
    key, copied = structural_key(value), structural_key(copy.deepcopy(value))
    assert key == copied
    assert hash(key) == hash(copied)


DIFFERENT = [
    (1, 2),
    ([1, 2], (1, 2)),
    ([1, 2], [2, 1]),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, {"b": 1}),
    (np.zeros(4), np.zeros((2, 2))),
    (np.zeros(2, np.float32), np.zeros(2, np.int32)),
    (np.zeros(2), np.ones(2)),
    (jnp.zeros(2), jnp.ones(2)),
    (jax.random.key(0), jax.random.key(1)),
    (function, max),
    (lambda x: x, lambda x: x),
    (copy.deepcopy(jnp.tanh), copy.deepcopy(jnp.sign)),
    (copy.deepcopy(jax.nn.relu), copy.deepcopy(jax.nn.relu6)),
    (functools.partial(function, 1), functools.partial(function, 2)),
    (functools.partial(function, p=1), functools.partial(function, q=1)),
    (functools.partial(function, 1), functools.partial(max, 1)),
    (Plain(1), Plain(2)),
    (Plain(1, [Plain(1)]), Plain(1, [Plain(2)])),
    (Plain(1), OtherPlain(1)),
    (Plain(1), Plain),
    (Plain, OtherPlain),
    (Unfrozen(0.25), Unfrozen(0.5)),
    (Frozen(0.25), Frozen(0.5)),
    (Pair(1, 2), (1, 2)),
    (StandardScaler(with_mean=False), StandardScaler()),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_things_that_differ_have_different_keys(one, other):
    assert structural_key(one) != structural_key(other)


def test_the_order_in_a_dict_does_not_matter():
    assert structural_key({"a": 1, "b": [2]}) == structural_key({"b": [2], "a": 1})


def test_an_estimator_and_its_clone_have_equal_keys():
    scaler = StandardScaler(with_std=False)
    assert structural_key(scaler) == structural_key(clone(scaler))


def test_the_key_does_not_change_with_what_it_was_made_from():
    values, weights = [1, 2], np.zeros(2)
    key = structural_key({"values": values, "weights": weights})
    values.append(3)
    weights += 1
    assert key == structural_key({"values": [1, 2], "weights": np.zeros(2)})


def test_functions_keep_their_own_identity():
    assert structural_key(function) is function
    assert structural_key(Plain) is Plain


def test_methods_of_one_object_have_equal_keys():
    thing = Plain(1)
    assert structural_key(thing.method) == structural_key(thing.method)
    assert structural_key(thing.method) != structural_key(Plain(1).method)


NESTED = st.recursive(
    st.integers() | st.text(max_size=3) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(NESTED, NESTED)
def test_nested_containers_have_equal_keys_exactly_where_they_are_equal(one, other):
    assert structural_key(one) == structural_key(copy.deepcopy(one))
    assert (structural_key(one) == structural_key(other)) == (one == other)
    hash(structural_key(one))


def test_slices_are_told_apart_by_what_they_take():
    assert structural_key(slice(1, 2)) == structural_key(slice(1, 2))
    assert hash(structural_key(slice(1, 2))) != hash(structural_key(slice(1, 2, 3)))


class Counted:
    hashes = 0

    def __hash__(self):
        type(self).hashes += 1
        return 7


def test_a_hashed_tuple_is_hashed_once_and_equals_a_plain_one():
    counted = Counted()
    key = HashedTuple([counted, 1])
    found = {key: "value"}
    assert [found[key], found[key], found[(counted, 1)]] == ["value"] * 3
    assert Counted.hashes == 2  # of the key, and of the plain tuple


def test_a_pickled_tuple_keeps_no_hash():
    key = HashedTuple(["text", 1])
    hash(key)
    again = pickle.loads(pickle.dumps(key))
    assert again == key
    assert type(again) is HashedTuple
    assert not vars(again)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "bool", "complex64", jnp.bfloat16])
@pytest.mark.parametrize("shape", [(64, 256), (3,), (0,), ()])
def test_arrays_are_compared_by_content_whatever_their_size(shape, dtype):
    array = np.ones(shape, dtype)
    assert structural_key(array) == structural_key(array.copy(order="F"))
    other = np.zeros(shape, dtype)
    assert (structural_key(other) == structural_key(array)) is (array.size == 0)
    assert structural_key(array) != structural_key(array[None])


def test_the_key_of_a_large_array_is_small():
    array = np.arange(1_000_000.0)
    assert len(pickle.dumps(structural_key(array))) < 200
    assert structural_key(array) != structural_key(array[::-1])

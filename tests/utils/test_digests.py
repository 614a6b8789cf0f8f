import functools
import subprocess
import sys
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skconv.utils.digests import digest

OTHERS = """
import functools, jax, numpy as np, optax
from skconv.init import Normal
values = [
    {'a': 1, 'b': {2, 3, 'x', 'y'}}, np.arange(3), lambda x: [x for x in (1, 2)], optax.adam(0.1),
    jax.nn.relu, Normal(0.5), functools.partial(np.clip, a_min=0), object(),
]
"""


def values():
    space = {}
    exec(OTHERS, space)
    return [digest(value) for value in space["values"]]


def test_digests_are_the_same_in_another_process():
    code = OTHERS + "from skconv.utils.digests import digest\nprint(*map(digest, values))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    others = out.stdout.split()
    mine = values()
    assert [i for i, pair in enumerate(zip(mine, others, strict=True)) if len({*pair}) > 1] == []
    assert len({*mine}) == len(mine)


@dataclass
class Point:
    x: float = 0.0


class Plain:
    def __init__(self, x):
        self.x = x

    def method(self):
        return self.x


def power(n):
    return lambda x: x**n


DIFFERENT = {
    "types": (1, "1", b"1", [1], {1}, {1: 1}, None, True, np.array(1.0)),
    "numbers": (0.0, 1e-300, float("nan"), 2, 2**70, 1j),
    "arrays": (np.zeros(2), np.zeros(2, "f4"), np.zeros((2, 1)), np.ones(2), np.array(["0", "0"])),
    "objects in arrays": (np.array(["a", None]), np.array(["a", "b"], object)),
    "nesting": ([1, [2]], [[1], 2], [1, 2], [[1, 2]]),
    "mappings": ({"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 1}),
    "functions": (np.sin, np.cos, jnp.sin, jnp.cos, jax.nn.relu, jax.nn.gelu),
    "lambdas": (lambda x: x, lambda x: x + 1, lambda x: x + 2, lambda y=1: y, lambda y=2: y),
    "closures": (power(2), power(3)),
    "compiled": (jax.jit(lambda x: x), jax.jit(lambda x: x + 1), jax.jit(power(2))),
    "partials": (functools.partial(max, 1), functools.partial(max, 2), functools.partial(min, 1)),
    "objects": (Point(), Point(1.0), Plain(0.0), Plain(1.0), Point, Plain),
    "methods": (Plain(1).method, Plain(2).method),
    "transformations": (optax.adam(0.1), optax.adam(0.2), optax.sgd(0.1)),
    "random states": (np.random.RandomState(0), np.random.RandomState(1)),
    "keys": (jax.random.key(0), jax.random.key(1)),
    "slices": (slice(1), slice(2)),
}


@pytest.mark.parametrize("values", DIFFERENT.values(), ids=DIFFERENT)
def test_different_values_have_different_digests(values):
    assert len(set(map(digest, values))) == len(values)


@pytest.mark.parametrize(
    "values",
    [
        (1, 1.0, np.int8(1), np.float32(1)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.arange(6).reshape(2, 3).T, np.arange(6).reshape(2, 3).T.copy()),
        (power(2), power(2)),
        (Plain([1]), Plain([1])),
    ],
)
def test_equal_values_have_equal_digests(values):
    assert len(set(map(digest, values))) == 1


def test_a_value_inside_itself_has_a_digest():
    plain = Plain(None)
    plain.x = plain
    assert digest(plain) == digest(plain)

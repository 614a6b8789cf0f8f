import json
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.utils.plain_values import is_plain, pack, unpack


class Pair(NamedTuple):
    x: float = 0.0


PLAIN = [
    *(None, True, 2, 2.5, float("inf"), "text", [], (), {}, [1, [2, ()]], {3: {"a": (None, 1.0)}}),
    {(1, "a"): 2},
    np.arange(6, dtype=np.int16).reshape(2, 3),
    np.float32(0.1),
    [np.array(["a", "bc"]), {"dict": np.array(True)}],
]


@pytest.mark.parametrize("value", PLAIN, ids=str)
def test_plain_values_come_back(value):
    arrays = {}
    packed = json.loads(json.dumps(pack(value, arrays, "x")))
    assert is_plain(value)
    assert all(name.startswith("x") for name in arrays)
    again = unpack(packed, arrays)
    assert type(again) is type(value)
    np.testing.assert_equal(again, value)


def test_arrays_keep_their_type_and_are_copies():
    arrays, given = {}, np.zeros(2, np.float16)
    packed = pack([given, jnp.ones(2, jnp.int8), np.float32(1)], arrays, "")
    given += 1
    one, two, three = unpack(packed, arrays)
    assert (one.dtype, two.dtype, type(three)) == (np.float16, np.int8, np.float32)
    assert one.tolist() == [0, 0]
    assert unpack(packed, arrays)[0] is not one


@pytest.mark.parametrize(
    "value",
    [
        print,
        object,
        {1, 2},
        b"x",
        1j,
        Pair(),
        [[print]],
        {"a": print},
        np.array([None]),
        jax.random.key(0),
        type("Text", (str,), {})("a"),
    ],
    ids=str,
)
def test_other_values_are_refused(value):
    assert not is_plain(value)
    with pytest.raises(TypeError, match=r"^must consist of numbers, strings, None, arrays, lists"):
        pack(value, {}, "")


@pytest.mark.parametrize(
    "structure",
    [
        [],
        {},
        ["set", 1],
        ["array", "b"],
        ["array", 1],
        ["scalar", "a"],
        ["dict", 1],
        ["dict", [1]],
        ["dict", [["list"], 1]],
        ["list", {}],
    ],
    ids=str,
)
def test_other_structures_are_refused(structure):
    with pytest.raises(ValueError, match=r"^must be a structure of plain values, got "):
        unpack(structure, {"a": np.zeros(2)})

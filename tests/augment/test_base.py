from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.augment import (
    OneOf,
    RandomAffine,
    RandomFlip,
    Sometimes,
    Transform,
    invoke,
    needs_rows,
    runtime_values,
    with_values,
)
from skconv.layers import runtime, structural

key = jax.random.key(0)


def plain(key, Xb, yb):
    return Xb, yb


FLIP = {"p": 0.5}
AFFINE = {
    "rotation": 20,
    "translation": (1.0, 2.0),
    "scale": 1.0,
    "shear": 0.0,
    "cval": 0.0,
}
nested = OneOf(
    [Sometimes(0.2, RandomFlip()), plain, RandomAffine(rotation=20, translation=[1.0, 2.0])]
)
VALUES = {"transforms": {"0": {"p": 0.2, "transform": FLIP}, "1": {}, "2": AFFINE}}


def test_values_of_inner_transforms_are_found():
    assert runtime_values(nested) == VALUES
    assert runtime_values(RandomFlip()) == FLIP
    assert runtime_values(plain) == {}


def test_values_go_back_to_where_they_came_from():
    doubled = jax.tree.map(lambda value: 2 * value, VALUES)
    changed = with_values(nested, doubled)
    assert runtime_values(changed) == doubled
    assert with_values(changed, VALUES) == nested
    assert with_values(plain, {}) is plain


def test_what_is_not_given_stays():
    changed = with_values(nested, {"transforms": {"2": {"rotation": 5}}})
    expected = replace(nested.transforms[2], rotation=5)
    assert changed.transforms == (*nested.transforms[:2], expected)


def test_values_may_be_traced():
    @jax.jit
    def call(values):
        return with_values(RandomFlip(), values)(
            jax.random.key(0), jnp.arange(2.0)[None, None, None], None
        )

    found = call({"p": np.float32(1.0)})[0]
    np.testing.assert_array_equal(found[0, 0, 0], [1, 0])


@pytest.mark.parametrize(
    ("transform", "values", "message"),
    [
        (RandomFlip(), {"q": 1}, r"^RandomFlip has no runtime value 'q'\. Valid names: p\.$"),
        (RandomFlip(), {"axis": 1}, r"^RandomFlip has no runtime value 'axis'\."),
        (
            nested,
            {"transforms": {"3": {}}},
            r"^OneOf has no transforms\[3\], only 3 transforms$",
        ),
        (
            nested,
            {"transforms": {"2": {"rotatoin": 3}}},
            r"^RandomAffine has no runtime value 'rotatoin'\. Did you mean 'rotation'\?$",
        ),
        (plain, {"p": 1}, r"has no runtime value 'p'\.$"),
    ],
)
def test_values_that_are_not_there(transform, values, message):
    with pytest.raises(ValueError, match=message):
        with_values(transform, values)


@dataclass(frozen=True)
class Own(Transform):
    table: Any = structural((1, 2))
    missing: Any = structural()
    shift: float = runtime(0.0, high=9.0)

    def __call__(self, key, Xb, yb):
        return Xb + jnp.asarray(self.shift, Xb.dtype), yb


def test_own_transforms_need_no_more_than_a_call():
    own = Own(table=[[1, 2], np.arange(2)], missing=0, shift=2)
    assert own.table == ((1, 2), (0, 1))
    hash(own)
    assert list(own.check()) == []
    assert runtime_values(own) == {"shift": 2}
    np.testing.assert_array_equal(own(None, jnp.ones(2), None)[0], [3, 3])
    assert list(Own(shift=10).check()) == [
        "missing is missing",
        "shift must be a finite number <= 9.0, got 10",
    ]


@dataclass(frozen=True)
class Counting(Transform):
    needs_rows = True

    def __call__(self, key, Xb, yb, *, epoch, rows):
        return Xb + epoch, yb + rows


def test_only_those_who_need_it_hear_of_the_epoch():
    X, y, rows = jnp.zeros(2), jnp.zeros(2), jnp.arange(2.0)
    assert invoke(plain, None, X, y, 3.0, rows) == (X, y)
    found = invoke(Counting(), None, X, y, 3.0, rows)
    np.testing.assert_array_equal(found, [[3, 3], [0, 1]])
    assert [needs_rows(one) for one in (plain, RandomFlip(), Counting())] == [False, False, True]
    assert needs_rows(OneOf([RandomFlip(), Sometimes(0.5, Counting())]))


def test_transforms_say_what_they_do():
    with pytest.raises(NotImplementedError):
        Transform()(None, None, None)


def test_masks_among_the_targets_of_several_outputs_move():
    masks, labels = jnp.arange(8).reshape(2, 2, 2), jnp.arange(2)
    images = jnp.zeros((2, 1, 2, 2))
    _, (moved, kept) = RandomFlip(1.0, target="mask")(key, images, (masks, labels))
    np.testing.assert_array_equal(moved, masks[:, :, ::-1])
    assert kept is labels

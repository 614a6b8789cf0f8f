import pickle
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pytest

from skconv.augment.tunable import (
    Tunable,
    float32_values,
    parameters,
    runtime_values,
    with_parameters,
    with_values,
    without_values,
)
from skconv.errors import TransformError
from skconv.layers import runtime, structural
from skconv.utils.cache_keys import structural_key


def positive(value):
    return None if value > 0 else "a number above 0"


@dataclass(frozen=True)
class Leaf(Tunable):
    strength: float = runtime(1.0, low=0.0)
    table: Any = structural(())
    size: int = structural(1, check=positive)


@dataclass(frozen=True)
class Tree(Tunable):
    share: float = runtime(0.5, low=0.0, high=1.0)
    one: Any = structural()
    many: Any = structural(())


TREE = Tree(0.25, Leaf(2.0), [Leaf(3.0), max])


def test_lists_and_arrays_become_tuples_so_that_all_can_be_hashed():
    leaf = Leaf(table=np.array([[1, 2], [3, 4]]))
    assert leaf.table == ((1, 2), (3, 4))
    assert hash(leaf) == hash(pickle.loads(pickle.dumps(leaf)))


def test_the_numbers_follow_the_structure():
    assert runtime_values(TREE) == {
        "share": 0.25,
        "one": {"strength": 2.0},
        "many": {"0": {"strength": 3.0}, "1": {}},
    }
    assert runtime_values(max) == {}


def test_numbers_have_one_dtype_whatever_was_given():
    kinds = {
        np.asarray(x).dtype for x in jax.tree.leaves(float32_values(Tree(1, Leaf(np.float64(2)))))
    }
    assert kinds == {np.dtype("float32")}


def test_traced_numbers_can_be_put_in():
    def half(values):
        tree = with_values(TREE, values)
        return tree.share + tree.one.strength + tree.many[0].strength

    values = jax.tree.map(lambda x: x / 2, runtime_values(TREE))
    assert jax.jit(half)(values) == pytest.approx((0.25 + 2 + 3) / 2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shar": 1}, "Tree has no runtime value 'shar'. Did you mean 'share'?"),
        ({"one": {"size": 1}}, "Leaf has no runtime value 'size'. Valid names: strength."),
        ({"many": {"2": {}}}, r"Tree has no many\[2\], only 2 many$"),
        ({"many": {"1": {"a": 1}}}, "built-in function max> has no runtime value 'a'."),
    ],
)
def test_unknown_numbers_are_told(values, message):
    with pytest.raises(ValueError, match=message):
        with_values(TREE, values)


def test_the_structure_is_what_numbers_do_not_change():
    other = Tree(1.0, Leaf(7.0), [Leaf(0.5), max])
    assert without_values(TREE) == without_values(other)
    assert without_values(TREE) != without_values(Tree(0.25, Leaf(2.0, size=2), [Leaf(3.0), max]))
    assert without_values(max) is max


def test_keys_survive_copies_of_functions_that_cannot_be_hashed_alike():
    class Own:
        __hash__ = None

        def __call__(self):
            pass

    one, other = (Tree(one=Leaf(), many=[Leaf(), Own()]) for _ in range(2))
    assert structural_key(one) == structural_key(other)
    hash(structural_key(one))


def test_parameters_are_all_fields_however_deep():
    found = parameters(TREE)
    assert found["one"] is TREE.one
    assert found["one__size"] == 1
    assert found["many__0"] is TREE.many[0]
    assert found["many__0__strength"] == 3.0
    assert found["many__1"] is max
    assert set(found) == {
        *("share", "one", "one__strength", "one__table", "one__size"),
        *("many", "many__0", "many__0__strength", "many__0__table", "many__0__size", "many__1"),
    }


def test_parameters_are_replaced_in_a_copy():
    new = with_parameters(TREE, {"many__0__strength": 5.0, "one__size": 4, "many__1": min})
    assert new == Tree(0.25, Leaf(2.0, size=4), [Leaf(5.0), min])
    assert Tree(0.25, Leaf(2.0), [Leaf(3.0), max]) == TREE


def test_what_is_inside_a_new_part_is_set_after_it():
    new = with_parameters(TREE, {"one__strength": 9.0, "one": Leaf(size=3)})
    assert new.one == Leaf(9.0, size=3)


def test_unknown_parameters_are_told():
    with pytest.raises(
        ValueError, match=r"Tree has no parameter 'one__sise'\. Did you mean 'one__s"
    ):
        with_parameters(TREE, {"one__sise": 2})
    with pytest.raises(ValueError, match=r"function max> has no parameter 'size'\."):
        with_parameters(max, {"size": 2})


def test_all_faults_are_told_with_their_places():
    problems = list(Tree(2.0, many=[Leaf(-1.0), Leaf(size=0)]).check())
    assert problems == [
        "share must be a number between 0.0 and 1.0, got 2.0",
        "one is missing",
        "many[0] (Leaf): strength must be a finite number >= 0.0, got -1.0",
        "many[1] (Leaf): size must be a number above 0, got 0",
    ]
    assert not list(TREE.check())


def test_errors_name_the_class():
    assert isinstance(TREE.error("no"), TransformError)
    assert str(TREE.error("no")) == "Tree: no"

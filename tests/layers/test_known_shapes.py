import copy
import pickle

import pytest

from skconv.layers.known_shapes import KnownShape, ShapeError, UnknownShape


def larger(shape):
    return (*shape, 1)


def test_a_known_shape_is_a_tuple_that_can_be_called():
    shape = KnownShape((None, 3), larger)
    assert shape == (None, 3)
    assert shape((None, 4)) == (None, 4, 1)
    assert shape[1:] + (2,) == (3, 2)  # noqa: RUF005
    assert repr(shape) == "(None, 3)"
    for other in (copy.copy(shape), copy.deepcopy(shape), pickle.loads(pickle.dumps(shape))):
        assert type(other) is tuple


def test_an_unknown_shape_can_only_be_called():
    cause = TypeError("no size")
    shape = UnknownShape(cause, larger)
    assert shape((None, 4)) == (None, 4, 1)
    assert repr(shape) == "<unknown: no size>"
    with pytest.raises(ShapeError, match=r"^no size$") as caught:
        len(shape)
    assert caught.value.__cause__ is cause

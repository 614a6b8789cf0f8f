import re

import numpy as np
import pytest
from scipy import sparse

from skconv.data import index_values
from skconv.data.index_values import check_indices
from skconv.data.rows import ChannelsLast
from skconv.errors import ProblemsError

LAYER = "layer 'words' (EmbeddingLayer)"
X = np.arange(24, dtype=np.float32).reshape(6, 4) % 5


def taken(*positions, size=5, hint=""):
    return (np.array(positions), size, LAYER, hint)


def changed(row, column, value, dtype=np.float32):
    array = X.astype(dtype)
    array[row, column] = value
    return array


def raises(message):
    return pytest.raises(ValueError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("array", [X, X.astype(np.uint8), sparse.csr_matrix(X)])
def test_integers_in_range_are_taken(array):
    check_indices("X", array, [taken(0, 1, 2, 3)], (4,))
    check_indices("X", array, [taken(1, size=5), taken(2, 3)], (2, 2))


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (-1, "-1"), (2.5, "2.5"), (16777216, "16777216"), (-3.7, "-3.7")]
)
def test_the_first_other_value_is_named(make, value, text):
    message = (
        f"X must hold integers from 0 to 4 where {LAYER} looks them up, got {text} in row 3, "
        "column 1; number the values from 0, as OrdinalEncoder does, or else"
    )
    with raises(message):
        check_indices("X", make(changed(3, 1, value)), [taken(0, 1, hint=", or else")], (4,))
    check_indices("X", make(changed(3, 1, value)), [taken(0, 2)], (4,))


def test_columns_and_positions_are_named():
    array, where = changed(3, 1, 9), f"X must hold integers from 0 to 4 where {LAYER} looks them up"
    advice = "number the values from 0, as OrdinalEncoder does"
    with raises(f"{where}, got 9 in row 3, column 'b'; {advice}"):
        check_indices("X", array, [taken(1)], (4,), columns=list("abcd"))
    with raises(f"{where}, got 9 in row 3, position (0, 1); {advice}"):
        check_indices("X", array, [taken(1)], (2, 2))
    array[4] = -2
    with raises(f"{where}, got 9 in row 3, column 1 (and 4 more such values); {advice}"):
        check_indices("X", array, [taken(0, 1, 2, 3)], (4,))


def test_all_layers_are_told_of_at_once():
    with pytest.raises(ProblemsError, match=r"(?s)0 to 1 .*got 2 in row 0, column 2.*0 to 2 .*"):
        check_indices("X", X, [taken(2, size=2), taken(3, size=3)], (4,))


def test_only_some_rows_are_checked(monkeypatch):
    array = changed(3, 1, 9)
    check_indices("X", array, [taken(1)], (4,), index=np.array([5, 0, 2]))
    monkeypatch.setattr(index_values, "BLOCK", 8)  # two rows
    for index in (None, np.array([5, 0, 2, 3])):
        with pytest.raises(ValueError, match=r"got 9 in row 3, column 1;"):
            check_indices("X", array, [taken(1)], (4,), index=index)


def test_positions_are_those_of_images_with_channels_first():
    images = np.zeros((2, 2, 3), np.float32)
    images[1, 0, 2] = 7
    array = ChannelsLast(images.reshape(2, -1), (2, 3))
    with pytest.raises(ValueError, match=r"got 7 in row 1, position \(2, 0\);"):
        check_indices("X", array, [taken(*range(6))], (3, 2))

import pytest

from skconv.targets.row_shapes import row_shape, without_axis


def test_rows_of_outputs():
    assert row_shape((None, 3, 8, 6)) == (3, 8, 6)
    assert row_shape((None,)) == ()
    with pytest.raises(ValueError, match=r"a known shape, got \(None, None\)$"):
        row_shape((None, None))


def test_positions_are_a_row_without_its_units():
    assert without_axis((3, 8, 6), 1) == without_axis((8, 6, 3), -1) == (8, 6)
    assert without_axis((3,), 1) == without_axis((3,), -1) == ()

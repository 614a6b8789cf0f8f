import pytest

from skconv.targets.row_shapes import have_same_order, row_shape, without_axis


def test_rows_of_outputs():
    assert row_shape((None, 3, 8, 6)) == (3, 8, 6)
    assert row_shape((None,)) == ()
    with pytest.raises(ValueError, match=r"a known shape, got \(None, None\)$"):
        row_shape((None, None))


def test_positions_are_a_row_without_its_units():
    assert without_axis((3, 8, 6), 1) == without_axis((8, 6, 3), -1) == (8, 6)
    assert without_axis((3,), 1) == without_axis((3,), -1) == ()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((8, 6), (8, 6), True),
        ((8, 6), (1, 8, 1, 6), True),
        ((2, 3, 4), (6, 4), True),
        ((2, 3, 4), (24,), True),
        ((), (1,), True),
        ((8, 6), (6, 8), False),
        ((2, 3, 4), (3, 2, 4), False),
        ((4, 6), (2, 12), False),
        ((8, 6), (8,), False),
        ((0,), (3,), False),
    ],
)
def test_axes_may_be_merged_or_split_but_not_swapped(one, other, same):
    assert have_same_order(one, other) == have_same_order(other, one) == same

import numpy as np
import pytest

from skconv.utils.image_shapes import (
    channels_hint,
    has_channels_first,
    has_channels_last,
    lacks_channels,
    mismatch_hint,
    move_channels_first,
    move_channels_last,
)

LAST = [(32, 32, 3), (28, 28, 1), (64, 48, 4), (8, 8, 3), (480, 640, 3), (16, 64, 64, 3)]
AMBIGUOUS = [
    (3, 3, 3),
    (64, 4, 4),
    (22, 500, 1),
    (32, 32),
    (100, 3),
    (1, 28, 1),
    (64, 12, 12),
    (9,),
]


@pytest.mark.parametrize("row", LAST)
def test_images_with_channels_last_are_told_from_those_with_channels_first(row):
    assert has_channels_last(row)
    assert not has_channels_first(row)
    assert has_channels_first(move_channels_first(row))
    assert not has_channels_last(move_channels_first(row))


@pytest.mark.parametrize("row", AMBIGUOUS)
def test_other_shapes_are_left_alone(row):
    assert not has_channels_last(row)


@pytest.mark.parametrize("row", LAST)
def test_axes_move_as_in_numpy(row):
    X = np.empty((2, *row))
    assert move_channels_first(row) == np.moveaxis(X, -1, 1).shape[1:]
    assert move_channels_last(move_channels_first(row)) == row
    expression = channels_hint(row).partition("X.transpose(")[2].partition(")")[0]
    axes = tuple(map(int, expression.split(",")))
    assert X.transpose(axes).shape[1:] == move_channels_first(row)


@pytest.mark.parametrize(
    ("row", "expected"),
    [((28, 28), True), ((62, 47), True), ((8, 8), True), ((7, 7), False), ((50, 4), False)],
)
def test_rows_that_may_lack_channels(row, expected):
    assert lacks_channels(row) == expected


@pytest.mark.parametrize(
    ("given", "row", "hint"),
    [
        ((3, 32, 32), (3, 32, 32), "give a single image as X[None]"),
        ((28, 28), (1, 28, 28), "give a single image as X[None]"),
        ((15, 4), (15, 4), "give a single sequence as X[None]"),
        ((2, 4, 4, 4), (2, 4, 4, 4), "give a single sample as X[None]"),
        (
            (32, 32, 3),
            (3, 32, 32),
            "give a single image as X.transpose(2, 0, 1)[None]; images are channels first",
        ),
        ((9, 32, 32, 3), (3, 32, 32), channels_hint((32, 32, 3))),
        ((9, 32, 32), (3, 32, 32), "the net takes images of 3 channels"),
        ((9, 5), (5,), ""),
        ((9, 5, 6), (3, 32, 32), ""),
    ],
)
def test_what_to_write_for_another_shape(given, row, hint):
    assert mismatch_hint(given, row) == hint

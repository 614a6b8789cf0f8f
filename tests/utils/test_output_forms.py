import jax.numpy as jnp
import numpy as np
import pytest

from skconv.utils.output_forms import UnitsLast

CASES = [
    ((), (3,), -1),
    ((2,), (6,), -1),
    ((2,), (6,), 1),
    ((5, 2), (30,), 1),
    ((4, 5), (3, 4, 5), 1),
    ((1, 4, 5), (3, 4, 5), 1),
    ((2, 4, 5), (6, 4, 5), 1),
    ((7,), (7, 3), -1),
    ((7, 2), (7, 6), -1),
]


def numbered(shape, output, axis):
    """Return an output whose values are 10 times the number of the target plus that of the unit."""
    values = 10 * np.arange(np.prod(shape, dtype=int)).reshape(*shape, 1) + np.arange(3)
    if axis == 1 and len(output) > 1:
        channels = shape[0] if len(shape) == len(output) else 1
        parts = values.reshape(channels, *output[1:], 3)
        return np.moveaxis(parts, -1, 1).reshape(output), values
    return values.reshape(output), values


@pytest.mark.parametrize("array", [np.asarray, jnp.asarray])
@pytest.mark.parametrize(("shape", "output", "axis"), CASES)
def test_units_follow_the_targets(shape, output, axis, array):
    view = UnitsLast.of(shape, 3, output, axis)
    given, expected = numbered(shape, output, axis)
    np.testing.assert_array_equal(view.predictions(array(given), rows=0), expected)
    batch = view.predictions(array(np.stack([given, given + 1])))
    np.testing.assert_array_equal(batch, np.stack([expected, expected + 1]))
    np.testing.assert_array_equal(view.predictions(batch), batch)
    np.testing.assert_array_equal(view.to_output(expected), given)


@pytest.mark.parametrize(
    ("shape", "output", "axis"), [((), (4,), 1), ((2,), (3,), 1), ((4, 5), (5, 4, 3), 1)]
)
def test_other_sizes_do_not_fit(shape, output, axis):
    assert UnitsLast.of(shape, 3, output, axis) is None


@pytest.mark.parametrize(
    ("shape", "output", "axis", "other", "other_output"),
    [
        ((4, 5), (3, 4, 5), 1, (7, 3), (3, 7, 3)),
        ((1, 4, 5), (3, 4, 5), 1, (1, 7, 2), (3, 7, 2)),
        ((2, 4, 5), (6, 4, 5), 1, (2, 7, 2), (6, 7, 2)),
        ((7,), (7, 3), -1, (9,), (9, 3)),
        ((7, 2), (7, 6), -1, (9, 2), (9, 6)),
    ],
)
def test_outputs_of_another_size(shape, output, axis, other, other_output):
    view, resized = UnitsLast.of(shape, 3, output, axis), UnitsLast.of(other, 3, other_output, axis)
    assert view.resized(other_output) == view.for_targets(other) == resized
    given, expected = numbered(other, other_output, axis)
    np.testing.assert_array_equal(view.predictions(given[None])[0], expected)
    np.testing.assert_array_equal(view.predictions(expected[None])[0], expected)


def test_outputs_with_other_axes_or_units():
    view = UnitsLast.of((4, 5), 3, (3, 4, 5), 1)
    assert view.resized((6, 7, 2)) is None
    assert view.resized((3, 7)) is None
    assert view.for_targets((1, 4, 5)) is None
    assert UnitsLast.of((2, 10), 3, (3, 4, 5), 1).resized((3, 7, 2)) is None

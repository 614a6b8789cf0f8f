import numpy as np
import pytest

from skconv.visualize.svg_axes import Axis, labels, ticks


def test_values_become_pixels():
    axis = Axis(1.0, 3.0, 100.0, 0.0)
    assert [axis(value) for value in (1.0, 2.0, 3.0)] == [100, 50, 0]
    assert Axis(2.0, 2.0, 10.0, 20.0)(2.0) == 10


@pytest.mark.parametrize(("low", "high"), [(0.13, 0.93), (-3e6, 5e6), (0.83271, 0.83274)])
def test_ticks_are_round_and_can_be_told_apart(low, high):
    found = ticks(low, high, 6)
    assert 3 <= len(found) <= 7
    assert low - 1e-9 <= found[0] <= found[-1] <= high + 1e-9
    np.testing.assert_allclose(np.diff(found), found[1] - found[0])
    assert len(set(labels(found))) == len(found)


def test_epochs_are_whole():
    assert ticks(1, 3, 8, least=1.0) == [1, 2, 3]

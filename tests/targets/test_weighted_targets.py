import jax
import numpy as np

from skconv.targets.weighted_targets import WeightedTargets, take_targets, unpack_targets


def test_weights_are_selected_with_their_targets():
    y = WeightedTargets((np.arange(3), np.arange(6).reshape(3, 2)), (np.ones(3), np.ones((3, 2))))
    values, weights = unpack_targets(take_targets(y, np.array([2, 0])))
    assert values[0].tolist() == [2, 0]
    assert values[1].tolist() == [[4, 5], [0, 1]]
    assert [part.shape for part in weights] == [(2,), (2, 2)]
    assert len(jax.tree.leaves(y)) == 4


def test_targets_of_some_rows():
    one, (a, b) = (
        take_targets(np.arange(5), [3, 1]),
        take_targets((np.arange(5), np.eye(5)), [3, 1]),
    )
    assert one.tolist() == a.tolist() == [3, 1]
    np.testing.assert_array_equal(b, np.eye(5)[[3, 1]])
    assert take_targets(None, [3, 1]) is None

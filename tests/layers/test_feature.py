import numpy as np

from skconv.layers import FeatureWTALayer


def test_of_equal_ones_the_first_wins(forward):
    found = forward(FeatureWTALayer(pool_size=2), {}, np.ones((1, 4)))
    np.testing.assert_array_equal(found, [[1, 0, 1, 0]])

import numpy as np

from skconv.layers import EmbeddingLayer

W = np.random.default_rng(0).normal(size=(5, 3))
layer = EmbeddingLayer(input_size=5, output_size=3)


def test_numbers_out_of_range_show(forward):
    out = forward(layer, {"W": W}, np.array([[-1.0, 5.0, 1.0]]))
    assert np.isnan(out[0, :2]).all()
    np.testing.assert_array_equal(out[0, 2], W[1])

import jax
import numpy as np

from skconv.layers import Context, EmbeddingLayer

W = np.random.default_rng(0).normal(size=(5, 3))
layer = EmbeddingLayer(input_size=5, output_size=3)


def test_numbers_are_looked_up(forward):
    index = np.array([[0.0, 4.0], [2.0, 2.0]])
    np.testing.assert_array_equal(forward(layer, {"W": W}, index), W[index.astype(int)])


def test_numbers_out_of_range_show(forward):
    out = forward(layer, {"W": W}, np.array([[-1.0, 5.0, 1.0]]))
    assert np.isnan(out[0, :2]).all()
    np.testing.assert_array_equal(out[0, 2], W[1])


def test_gradients_add_up_by_number(float64):
    def total(W):
        return layer.apply({"W": W}, {}, np.array([[1.0, 1.0, 3.0]]), ctx=Context(True))[0].sum()

    np.testing.assert_array_equal(jax.grad(total)(W)[:, 0], [0, 2, 0, 1, 0])

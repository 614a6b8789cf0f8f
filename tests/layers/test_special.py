import numpy as np

from skconv.layers import NonlinearityLayer
from skconv.nonlinearities import rectify, softmax

x = np.random.default_rng(0).normal(size=(2, 3, 4, 4))


def test_elements_are_bent(forward):
    found = forward(NonlinearityLayer(nonlinearity=rectify), {}, x)
    np.testing.assert_array_equal(found, np.maximum(x, 0))


def test_channels_are_the_last_axis_of_a_nonlinearity(forward):
    found = forward(NonlinearityLayer(nonlinearity=softmax), {}, x)
    powers = np.exp(x)
    np.testing.assert_allclose(found, powers / powers.sum(1, keepdims=True), atol=1e-12)


def test_none_is_the_identity(forward):
    np.testing.assert_array_equal(forward(NonlinearityLayer(nonlinearity=None), {}, x), x)

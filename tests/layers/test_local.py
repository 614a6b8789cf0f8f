import numpy as np

from skconv.layers import Conv2DLayer, LocallyConnected2DLayer

rng = np.random.default_rng(0)


def test_the_same_filters_everywhere_are_a_convolution(forward):
    x, W = rng.normal(size=(2, 3, 5, 4)), rng.normal(size=(2, 3, 3, 3))
    fields = {"num_filters": 2, "filter_size": 3, "b": None, "nonlinearity": None, "pad": "same"}
    everywhere = np.broadcast_to(W[..., None, None], (*W.shape, 5, 4))
    found = forward(LocallyConnected2DLayer(**fields), {"W": everywhere}, x)
    np.testing.assert_allclose(found, forward(Conv2DLayer(**fields), {"W": W}, x), atol=1e-12)


def test_filters_are_those_of_lasagne_with_places_last():
    layer = LocallyConnected2DLayer(num_filters=2, filter_size=(3, 1), untie_biases=True)
    specs = layer.param_specs((None, 3, 5, 4))
    assert {name: (spec.shape, spec.regularizable) for name, spec in specs.items()} == {
        "W": ((2, 3, 3, 1, 5, 4), True),
        "b": ((2, 5, 4), False),
    }

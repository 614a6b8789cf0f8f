import itertools

import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import (
    LocallyConnected1DLayer,
    LocallyConnected2DLayer,
    LocallyConnected3DLayer,
)

rng = np.random.default_rng(0)


def connected(x, W, b, channelwise):
    """Each place's own filters on what it sees, in loops."""
    axes = x.ndim - 2
    size = W.shape[-2 * axes : -axes]
    padded = np.pad(x, [(0, 0), (0, 0)] + [(n // 2, n // 2) for n in size])
    out = np.zeros((len(x), len(W), *x.shape[2:]))
    for at in itertools.product(*map(range, x.shape[2:])):
        seen = padded[(..., *(slice(a, a + n) for a, n in zip(at, size, strict=True)))]
        filters = W[(..., *at)]
        letters = "ijk"[:axes]
        product = f"nc{letters},c{letters}->nc" if channelwise else f"nc{letters},oc{letters}->no"
        out[(..., *at)] = np.einsum(product, seen, filters)
    return out + b.reshape(*b.shape, *(1,) * (axes + 1 - b.ndim))


@pytest.mark.parametrize("channelwise", [False, True])
@pytest.mark.parametrize("untie", [False, True])
@pytest.mark.parametrize(
    ("make", "spatial", "size"),
    [
        (LocallyConnected1DLayer, (7,), (5,)),
        (LocallyConnected2DLayer, (4, 5), (3, 1)),
        (LocallyConnected3DLayer, (3, 2, 4), (1, 3, 3)),
    ],
)
def test_each_place_has_filters_of_its_own(forward, make, spatial, size, channelwise, untie):
    x = rng.normal(size=(2, 3, *spatial))
    num = 3 if channelwise else 4
    layer = make(
        num_filters=num,
        filter_size=size,
        channelwise=channelwise,
        untie_biases=untie,
        nonlinearity=None,
    )
    specs = layer.param_specs((None, 3, *spatial))
    params = {name: rng.normal(size=spec.shape) for name, spec in specs.items()}
    expected = connected(x, params["W"], params["b"], channelwise)
    np.testing.assert_allclose(forward(layer, params, x), expected, atol=1e-12)


def test_filters_of_one_place_have_a_middle():
    with pytest.raises(LayerError, match=r"^filter_size=4 is not odd$"):
        LocallyConnected2DLayer(num_filters=2, filter_size=4).output_shape((None, 3, 8, 8))


def test_channelwise_filters_are_as_many_as_the_channels():
    layer = LocallyConnected1DLayer(num_filters=2, filter_size=3, channelwise=True)
    with pytest.raises(LayerError, match=r"as many as the channels, 3, not num_filters=2$"):
        layer.output_shape((None, 3, 8))

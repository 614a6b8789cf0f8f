import numpy as np
import pytest

from skconv.layers import Context, GroupNormLayer, LayerNormLayer


def test_scale_is_regularised_and_shift_is_not():
    specs = GroupNormLayer(num_groups=2).param_specs((None, 6, 4, 3))
    assert {name: (s.shape, s.regularizable) for name, s in specs.items()} == {
        "beta": ((6,), False),
        "gamma": ((6,), True),
    }


@pytest.mark.parametrize(("axes", "shape"), [(-1, (2, 3, 8)), (1, (2, 8)), ((2, 3), (2, 3, 4, 5))])
def test_layer_normalization_along_the_last_axes_is_that_of_torch(axes, shape):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.normal(1, 2, shape).astype(np.float32)
    layer = LayerNormLayer(axes=axes, epsilon=1e-6)
    specs = layer.param_specs((None, *shape[1:]))
    params = {name: rng.normal(size=spec.shape).astype(np.float32) for name, spec in specs.items()}
    theirs = torch.nn.functional.layer_norm(
        torch.tensor(x),
        params["gamma"].shape,
        torch.tensor(params["gamma"]),
        torch.tensor(params["beta"]),
        1e-6,
    )
    out, _ = layer.apply(params, {}, x, ctx=Context(False))
    np.testing.assert_allclose(out, theirs.numpy(), rtol=1e-5, atol=1e-5)


def test_channels_are_normalized_where_they_lie():
    assert LayerNormLayer(axes=1).layout == LayerNormLayer(axes=[1]).layout == "channels_last"
    assert LayerNormLayer(axes=-1).layout == "channels_first"

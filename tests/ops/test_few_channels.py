import jax
import numpy as np
import pytest

from skconv.ops import few_channels
from skconv.ops.windows import Window


@pytest.mark.parametrize("images", [0.3, 1, 2, 100])
@pytest.mark.parametrize(("size", "stride"), [((3, 2), (1, 1)), ((2, 5), (3, 2)), ((4,), (3,))])
def test_filters_get_the_gradients_of_lax_in_blocks_of_any_size(monkeypatch, size, stride, images):
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(4, *(8, 11)[-len(size) :], 2)), rng.normal(size=(*size, 2, 3))
    spatial = "HW"[-len(size) :]
    names = (f"N{spatial}C", f"{spatial}IO", f"N{spatial}C")
    with jax.enable_x64(True):
        out, back = jax.vjp(
            lambda W: jax.lax.conv_general_dilated(x, W, stride, "VALID", dimension_numbers=names),
            W,
        )
        gradient = rng.normal(size=out.shape)
        image = W[..., 0].size * out[0, ..., 0].size * 8
        monkeypatch.setattr(few_channels, "BLOCK_BYTES", int(image * images))
        expected = back(gradient)[0]
        found = few_channels.gradient_of_filters(
            jax.numpy.asarray(x), jax.numpy.asarray(gradient), Window(size, stride)
        )
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((7, 7, 3, 64), True), ((80, 1, 16), True), ((3, 3, 3, 1, 8), False), ((3, 3, 5, 8), False)],
)
def test_only_filters_of_a_few_channels_and_one_or_two_axes_fit(shape, expected):
    assert few_channels.fits(np.empty(shape)) is expected

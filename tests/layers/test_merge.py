import jax.numpy as jnp
import numpy as np
import pytest

from skconv.layers import ConcatLayer, ElemwiseMergeLayer, ElemwiseSumLayer

rng = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("crop", "of_seven", "of_five"),
    [
        ("lower", slice(0, 4), slice(0, 4)),
        ("center", slice(1, 5), slice(0, 4)),
        ("upper", slice(3, 7), slice(1, 5)),
    ],
)
def test_larger_inputs_are_cropped(forward, crop, of_seven, of_five):
    x, y, z = (rng.normal(size=(2, 3, n, 6)) for n in (7, 4, 5))
    cropping = (None, None, crop)
    parts = x[:, :, of_seven], y, z[:, :, of_five]
    found = forward(ElemwiseSumLayer(cropping=cropping), {}, x, y, z)
    np.testing.assert_allclose(found, sum(parts), atol=1e-12)
    found = forward(ConcatLayer(cropping=cropping), {}, x, y, z)
    np.testing.assert_array_equal(found, np.concatenate(parts, 1))
    found = forward(ElemwiseMergeLayer(merge_function=jnp.add, cropping=cropping), {}, x, y, z)
    np.testing.assert_allclose(found, sum(parts), atol=1e-12)

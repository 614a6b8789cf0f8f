import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from skconv.ops.gaussian import smooth

images = np.random.default_rng(0).normal(size=(4, 2, 11, 7)).astype(np.float32)


@pytest.mark.parametrize(("mirrored", "mode"), [(True, "reflect"), (False, "constant")])
@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.4])
def test_filters_are_those_of_scipy(sigma, mirrored, mode):
    found = smooth(jnp.asarray(images), sigma, mirrored=mirrored)
    expected = gaussian_filter(images.astype(float), sigma, mode=mode, axes=(2, 3))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_each_image_has_its_width():
    sigmas = np.array([0.0, 0.5, 1.3, 2.0], np.float32)
    found = smooth(jnp.asarray(images), sigmas, mirrored=True)
    np.testing.assert_array_equal(found[0], images[0])
    for image, sigma, one in zip(images, sigmas, found, strict=True):
        expected = gaussian_filter(image.astype(float), float(sigma), axes=(1, 2))
        np.testing.assert_allclose(one, expected, atol=1e-6)


@pytest.mark.parametrize("mirrored", [True, False])
def test_no_width_changes_nothing(mirrored):
    found = smooth(jnp.asarray(images), 0.0, mirrored=mirrored)
    np.testing.assert_array_equal(found, images)

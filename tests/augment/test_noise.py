import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import gaussian_filter

from skconv.augment import GaussianBlur, GaussianNoise
from skconv.errors import TransformError

X = np.random.default_rng(0).normal(size=(4, 2, 9, 7)).astype(np.float32)
y = jnp.arange(4)
key = jax.random.key(0)


def test_noise_is_gaussian():
    found, _ = GaussianNoise(sigma=0.5)(key, jnp.zeros((500, 3)), None)
    assert stats.kstest(np.ravel(found) / 0.5, "norm").pvalue > 1e-3


def test_blurs_are_those_of_scipy():
    transform = GaussianBlur(sigma=2.0)
    found, _ = transform(key, jnp.asarray(X), y)
    sigmas = np.asarray(transform.sigmas(key, 4), float)
    for image, sigma, blurred in zip(X, sigmas, found, strict=True):
        expected = gaussian_filter(image.astype(float), sigma, axes=(1, 2))
        np.testing.assert_allclose(blurred, expected, atol=1e-5)


def test_widths_are_drawn_evenly():
    sigmas = GaussianBlur(sigma=2.0).sigmas(key, 400)
    assert stats.kstest(np.asarray(sigmas) / 2, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("transform", [GaussianNoise(sigma=-1), GaussianBlur(sigma=-1)])
def test_impossible_fields(transform):
    assert list(transform.check()) == [
        "sigma must be a finite number >= 0.0, or a range (low, high), got -1"
    ]


def test_what_does_not_fit():
    with pytest.raises(TransformError, match=r"^GaussianBlur: X must have shape"):
        GaussianBlur()(key, X[:, 0, 0], y)

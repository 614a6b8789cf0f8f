import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from skimage.color import hsv2rgb, rgb2hsv
from skimage.exposure import adjust_gamma

from skconv.augment import Brightness, Contrast, Gamma, Hue, PCAColor, Saturation
from skconv.augment.ranges import log_uniform, uniform
from skconv.errors import TransformError

X = np.random.default_rng(0).uniform(size=(5, 3, 4, 6)).astype(np.float32)
X[0, :, 0, :2] = 0.5, 1.0  # luminance, and white
y = jnp.arange(5)
key = jax.random.key(0)
n = 5


def numbers(values):
    return np.asarray(values, float)[:, None, None, None]


@pytest.mark.parametrize(
    ("transform", "base"),
    [
        (Brightness(strength=0.4), lambda X: 0),
        (Contrast(strength=0.4), lambda X: X.mean((1, 2, 3), keepdims=True)),
        (Saturation(strength=0.4), lambda X: np.einsum("c,nchw->nhw", LUMA, X)[:, None]),
    ],
)
def test_images_move_away_from_a_base(transform, base):
    factors = 1 + numbers(uniform(key, n, 0.4))
    assert len(np.unique(factors)) == n
    expected = factors * X + (1 - factors) * base(X)
    np.testing.assert_allclose(transform(key, jnp.asarray(X), y)[0], expected, atol=1e-6)


LUMA = [0.299, 0.587, 0.114]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 255), (-2, 3)])
def test_powers_are_those_of_scikit_image(low, high):
    transform = Gamma(gamma=3, low=low, high=high)
    found, _ = transform(key, jnp.asarray(low + (high - low) * X), y)
    powers = np.asarray(log_uniform(key, n, 3), float)
    expected = [adjust_gamma(x, p) for x, p in zip(X.astype(float), powers, strict=True)]
    np.testing.assert_allclose((np.asarray(found) - low) / (high - low), expected, atol=1e-5)


def test_values_below_black_are_bent_as_those_above():
    (below, above), _ = Gamma(gamma=2)(key, jnp.array([[-0.3], [0.3]]), None)
    powers = np.asarray(log_uniform(key, 2, 2))
    np.testing.assert_allclose([-below[0], above[0]], 0.3**powers, rtol=1e-5)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 255), (-2, 3)])
def test_hues_are_those_of_scikit_image(low, high):
    found, _ = Hue(shift=0.4)(key, jnp.asarray(low + (high - low) * X), y)
    hsv = rgb2hsv(X.astype(float), channel_axis=1)
    hsv[:, 0] += np.asarray(uniform(key, n, 0.4), float)[:, None, None]
    hsv[:, 0] %= 1
    expected = hsv2rgb(hsv, channel_axis=1)
    np.testing.assert_allclose((np.asarray(found) - low) / (high - low), expected, atol=1e-5)


def test_principal_colors_are_added():
    values, vectors = [0.5, 0.2, 0.1], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    transform = PCAColor(sigma=0.3, eigenvalues=values, eigenvectors=np.array(vectors))
    found, _ = transform(key, jnp.asarray(X), y)
    alphas = 0.3 * np.asarray(jax.random.normal(key, (n, 3)), float)
    added = np.array([np.array(vectors) @ (alpha * values) for alpha in alphas])
    np.testing.assert_allclose(found, X + added[:, :, None, None], atol=1e-5)


def test_principal_colors_of_imagenet_are_orthonormal():
    vectors = np.array(PCAColor().eigenvectors)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-3)


def test_draws_are_even():
    out, _ = Brightness(strength=0.4)(key, jnp.ones((400, 1)), None)
    assert stats.kstest(np.ravel(out - 1) / 0.4, "uniform", (-1, 2)).pvalue > 1e-3
    out, _ = Gamma(gamma=3)(key, jnp.full((400, 1), 0.75), None)
    power = np.log(np.ravel(out)) / np.log(0.75)
    assert stats.kstest(np.log(power) / np.log(3), "uniform", (-1, 2)).pvalue > 1e-3


@pytest.mark.parametrize("transform", [Hue(), PCAColor(), Saturation()])
def test_colors_need_three_channels(transform):
    message = r": X must have 3 channels \(red, green, blue\), got shape \(5, 2, 4, 6\)$"
    with pytest.raises(TransformError, match=f"^{type(transform).__name__}{message}"):
        transform(key, X[:, :2], y)


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (
            Brightness(strength=-0.1),
            "strength must be a number between 0.0 and 1.0, or a range (low, high), got -0.1",
        ),
        (
            Contrast(strength=2),
            "strength must be a number between 0.0 and 1.0, or a range (low, high), got 2",
        ),
        (
            Saturation(strength="much"),
            "strength must be a number between 0.0 and 1.0, or a range (low, high), got 'much'",
        ),
        (
            Gamma(gamma=0.5),
            "gamma must be a finite number >= 1.0, or a range (low, high), got 0.5",
        ),
        (Gamma(low=1), "low must be less than high=1.0, got 1"),
        (
            Hue(shift=0.6),
            "shift must be a number between 0.0 and 0.5, or a range (low, high), got 0.6",
        ),
        (PCAColor(sigma=-1), "sigma must be a finite number >= 0.0, got -1"),
        (PCAColor(eigenvalues=[1, 2]), "eigenvalues must be 3 numbers, got (1, 2)"),
        (
            PCAColor(eigenvectors=np.eye(2)),
            "eigenvectors must be 3 rows of 3 numbers, got ((1.0, 0.0), (0.0, 1.0))",
        ),
    ],
)
def test_impossible_fields(transform, message):
    assert list(transform.check()) == [message]


def test_pairs_are_the_range_of_the_factors():
    images = jnp.ones((500, 1, 1, 1))
    factors = np.ravel(Brightness(strength=(0.5, 0.8))(key, images, None)[0])
    assert factors.min() >= 0.5
    assert factors.max() <= 0.8
    assert np.ptp(factors) > 0.29
    powers = np.log(np.ravel(Gamma(gamma=(0.5, 0.8))(key, images / 2, None)[0])) / np.log(0.5)
    assert powers.min() >= 0.5 - 1e-5
    assert powers.max() <= 0.8 + 1e-5

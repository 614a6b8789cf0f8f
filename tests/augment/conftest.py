import jax.numpy as jnp
import numpy as np
import pytest


def dots(points, height, width):
    """Images with a soft dot at each point (n, 2), x and y."""
    y, x = np.mgrid[:height, :width]
    away = (x - points[:, 0, None, None]) ** 2 + (y - points[:, 1, None, None]) ** 2
    return np.exp(-away / (2 * 1.2**2))[:, None].astype(np.float32)


def centers(images):
    """Where the dots are."""
    y, x = np.mgrid[: images.shape[2], : images.shape[3]]
    dot = np.asarray(images, float)[:, 0]
    total = dot.sum((1, 2))
    return np.stack([(dot * x).sum((1, 2)), (dot * y).sum((1, 2))], axis=-1) / total[:, None]


@pytest.fixture
def follow():
    """Check that points move as the dots in the images do, to half a pixel."""

    def follow(call, height=32, width=32, n=16, least=0.5):
        rng = np.random.default_rng(0)
        low, high = 0.35, 0.65
        points = rng.uniform(low, high, (n, 2)) * [width, height]
        X, y = jnp.asarray(dots(points, height, width)), jnp.asarray(points, jnp.float32)
        Xb, yb = call(X, y)
        assert yb.shape == y.shape
        yb = np.asarray(yb)
        inside = ((yb > 4) & (yb < np.array([width, height]) - 5)).all(1)
        assert inside.mean() > 0.5
        assert np.abs(yb - points).max() > least
        np.testing.assert_allclose(centers(Xb)[inside], yb[inside], atol=0.5)

    return follow

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from skconv.augment import CutMix, Cutout, MixUp
from skconv.errors import TransformError

key = jax.random.key(0)
n = 8
labels = jnp.array([0, 1, 2, 2, 1, 0, 1, 1])
rows = jnp.broadcast_to(jnp.arange(float(n))[:, None, None, None], (n, 2, 12, 10))
"""Each pixel tells its row."""


def parts_of(images):
    """Part of each row in each mixed image (n, n), from images that are a row's number."""
    return np.array(
        [[(image[0] == row).mean() for row in range(n)] for image in np.asarray(images)]
    )


def expected_rows(parts):
    return parts @ np.eye(3)[np.asarray(labels)]


def test_mixup_averages_rows_and_labels():
    found, targets = MixUp(alpha=1.0, num_classes=3)(key, jnp.eye(n), labels)
    parts = np.asarray(found)
    np.testing.assert_allclose(parts.sum(1), np.ones(n), atol=1e-6)
    np.testing.assert_allclose(np.sort(parts, axis=1)[:, :-2], 0)
    np.testing.assert_array_equal(parts.argmax(1), np.arange(n))
    np.testing.assert_allclose(targets, expected_rows(parts), atol=1e-6)


def test_mixup_draws_from_the_beta_distribution():
    for alpha in (0.1, 0.5, 1.0, 4.0):
        transform = MixUp(alpha=alpha)
        part, partner = transform.draw(key, 400)
        assert stats.kstest(np.asarray(part), "beta", (alpha, alpha)).pvalue > 1e-3
        assert sorted(partner.tolist()) == list(range(400))


@pytest.mark.parametrize("targets", [np.eye(n), np.arange(n) * 0.1, np.ones((n, 2, 3))])
def test_numbers_are_mixed_as_they_are(targets):
    X, targets = jnp.eye(n), jnp.asarray(targets, jnp.float32)
    parts, found = MixUp(alpha=1.0)(key, X, targets)
    expected = np.einsum("ij,j...->i...", np.asarray(parts, float), np.asarray(targets, float))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_cutmix_pastes_rectangles_and_mixes_by_area():
    found, targets = CutMix(num_classes=3)(key, rows, labels)
    parts = parts_of(found)
    np.testing.assert_allclose(parts.sum(1), np.ones(n))
    assert ((parts > 0).sum(1) <= 2).all()
    assert 0.2 < 1 - np.diag(parts).mean() < 0.6
    np.testing.assert_allclose(targets, expected_rows(parts), atol=1e-6)
    for number, image in enumerate(np.asarray(found)):
        np.testing.assert_array_equal(image[0], image[1])
        pasted = image[0] != number
        if pasted.any():
            down, right = pasted.any(1), pasted.any(0)
            np.testing.assert_array_equal(pasted, np.outer(down, right))
            assert (np.diff(np.flatnonzero(down)) == 1).all()
            assert (np.diff(np.flatnonzero(right)) == 1).all()


def test_cutmix_follows_the_paper():
    """A rectangle as wide and high as the square root says, about any pixel, cut at the border."""
    many, h, w = 300, 40, 50
    one = jnp.broadcast_to(jnp.arange(float(many))[:, None, None, None], (many, 1, h, w))
    transform = CutMix(alpha=1.0)
    found = np.asarray(transform(key, one, jnp.zeros(many))[0])[:, 0]
    part, partner = transform.draw(jax.random.split(key, 2)[0], many)
    pasted = found != np.arange(many)[:, None, None]
    root = np.sqrt(1 - np.asarray(part))
    high, wide = pasted.any(2).sum(1), pasted.any(1).sum(1)
    assert (high <= np.floor(h * root)).all()
    assert (wide <= np.floor(w * root)).all()
    border = pasted[:, [0, -1]].any((1, 2)) | pasted[..., [0, -1]].any((1, 2))
    inside = pasted.any((1, 2)) & ~border
    assert inside.sum() > 30
    np.testing.assert_array_equal(high[inside], np.floor(h * root[inside]))
    np.testing.assert_array_equal(wide[inside], np.floor(w * root[inside]))
    source = found.reshape(many, -1).max(1) + found.reshape(many, -1).min(1) - np.arange(many)
    np.testing.assert_array_equal(source[inside], np.asarray(partner)[inside])


@pytest.mark.parametrize("size", [0, 1, 4, 5, 99])
def test_cutout_fills_a_square_about_any_pixel(size):
    many = 200
    found, _ = Cutout(size=size, cval=0.5)(key, jnp.ones((many, 2, 9, 8)), None)
    filled = np.asarray(found)[:, 0] == 0.5
    np.testing.assert_array_equal(np.asarray(found)[:, 1] == 0.5, filled)
    assert set(np.unique(found)) <= {0.5, 1.0}
    down, right = filled.any(2), filled.any(1)
    np.testing.assert_array_equal(filled, down[:, :, None] & right[:, None])
    assert down.sum(1).max() == min(size, 9)
    assert right.sum(1).max() == min(size, 8)
    if size == 1:
        assert stats.chisquare(down.sum(0)).pvalue > 1e-3
        assert stats.chisquare(right.sum(0)).pvalue > 1e-3
    if size == 4:  # from half of it inside to all
        assert down.sum(1).min() == right.sum(1).min() == 2


@pytest.mark.parametrize("cls", [MixUp, CutMix])
def test_labels_need_the_number_of_classes(cls):
    message = (
        rf"^{cls.__name__}: num_classes must be given to mix labels \(int32 of shape \(8,\)\)$"
    )
    with pytest.raises(TransformError, match=message):
        cls()(key, rows, labels)
    message = rf"^{cls.__name__}: y must be labels of shape \(n,\), .* got int32 of shape \(8, 1\)$"
    with pytest.raises(TransformError, match=message):
        cls(num_classes=3)(key, rows, labels[:, None])
    with pytest.raises(TransformError, match=rf"^{cls.__name__}: y must be given; mixing is for"):
        cls()(key, rows, None)


@pytest.mark.parametrize("transform", [Cutout(), CutMix(num_classes=3)])
def test_rectangles_need_images(transform):
    with pytest.raises(TransformError, match=r": X must have shape"):
        transform(key, rows[:, 0], labels)


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (MixUp(alpha=-1), "alpha must be a finite number >= 0.0, got -1"),
        (CutMix(alpha=None), "alpha must be a finite number >= 0.0, got None"),
        (
            MixUp(num_classes=0),
            "num_classes must be a positive integer or None, got 0",
        ),
        (
            Cutout(size=-1),
            "size must be a finite number >= 0.0, or a range (low, high), got -1",
        ),
    ],
)
def test_impossible_fields(transform, message):
    assert list(transform.check()) == [message]


@pytest.mark.parametrize("channels", [False, True])
def test_rectangles_are_pasted_into_masks_too(channels):
    X = jnp.arange(6.0).reshape(6, 1, 1, 1) * jnp.ones((1, 1, 8, 8))
    masks = X.astype(jnp.int32) if channels else X[:, 0].astype(jnp.int32)
    transform = CutMix(target="mask")
    assert not transform.mixes
    found, moved = transform(jax.random.key(3), X, masks)
    assert moved.dtype == masks.dtype
    np.testing.assert_array_equal(moved, found if channels else found[:, 0])
    assert (np.asarray(found) != np.asarray(X)).any()
    with pytest.raises(TransformError, match=r"CutMix: masks must have shape \(n, 8, 8\)"):
        transform(jax.random.key(3), X, jnp.arange(6))

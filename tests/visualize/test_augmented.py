import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib import pyplot as plt

from skconv import NeuralNet
from skconv.augment import AlternatingFlip, MixUp, RandomFlip, Sometimes
from skconv.visualize import plot_augmented

plt.switch_backend("Agg")

rng = np.random.default_rng(0)
grey = rng.random((2, 1, 6, 8), dtype=np.float32)
colour = rng.integers(0, 256, (2, 3, 6, 6), dtype=np.uint8)
points = rng.uniform(0, 5, (2, 3, 2)).astype(np.float32)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def dimmed(key, Xb, yb):
    return Xb * jax.random.uniform(key, (len(Xb), 1, 1, 1)), yb


def halved(key, Xb, yb):
    return Xb / 2, yb


def moved(key, Xb, yb):
    return jnp.roll(Xb, 2, axis=3), yb + jnp.array([2.0, 0.0])


class Moved:
    """A function of a user's own that says that keypoints go along."""

    target = "keypoints"

    def __call__(self, key, Xb, yb):
        return moved(key, Xb, yb)


def drawn(figure, rows, columns):
    """The images of the grid, by row and column."""
    found = np.array([np.asarray(axes.images[0].get_array()) for axes in figure.axes])
    return found.reshape(rows, columns, *found.shape[1:])


def test_the_first_column_has_the_originals_and_the_others_draws():
    found = drawn(plot_augmented(dimmed, grey, 3), 2, 4)
    np.testing.assert_allclose(found[:, 0], grey[:, 0], rtol=1e-6)
    assert len({image.tobytes() for image in found.reshape(8, -1)}) == 8


def test_colours_keep_their_black_and_white():
    found = drawn(plot_augmented([halved], colour, 1), 2, 2)
    np.testing.assert_allclose(found[:, 0], colour.transpose(0, 2, 3, 1) / 255, atol=1e-6)
    np.testing.assert_allclose(found[:, 1], colour.transpose(0, 2, 3, 1) / 510, atol=1e-6)


def test_images_in_any_range_are_shown_by_their_extremes():
    X = 10 * grey - 5
    found = drawn(plot_augmented([halved], X, 1), 2, 2)
    assert (found[:, 0].min(), found[:, 0].max()) == (0, 1)
    expected = (X / 2 - X.min()) / (X.max() - X.min())
    np.testing.assert_allclose(found[:, 1], expected[:, 0], atol=1e-6)


def test_transforms_follow_each_other_with_or_without_names():
    usual = drawn(plot_augmented([halved, dimmed], grey, 2), 2, 3)
    named = drawn(plot_augmented([("a", halved), ("b", dimmed)], grey, 2), 2, 3)
    np.testing.assert_array_equal(named, usual)
    net = NeuralNet(augment=[halved, dimmed])
    np.testing.assert_array_equal(drawn(plot_augmented(net, grey, 2), 2, 3), usual)


def test_the_seed_decides_the_draws():
    one, same, other = (
        drawn(plot_augmented(dimmed, grey, 2, random_state=seed), 2, 3) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one[:, 1:] != other[:, 1:]).any()


@pytest.mark.parametrize("flat", [False, True])
def test_keypoints_are_drawn_where_they_move(flat):
    transform = Sometimes(1.0, RandomFlip(p=1.0, target="keypoints"))
    y = points.reshape(2, -1) if flat else points
    figure = plot_augmented([halved, transform], grey, 1, y=y)
    before, after = (np.array(figure.axes[i].collections[0].get_offsets()) for i in (2, 3))
    np.testing.assert_allclose(before, points[1], rtol=1e-5)
    np.testing.assert_allclose(after, [7, 0] + points[1] * [-1, 1], rtol=1e-5, atol=1e-6)


def test_keypoints_in_a_range_are_drawn_in_pixels():
    scaled = 2 * points / [8, 6] - 1
    transform = RandomFlip(p=0.0, target="keypoints", keypoint_range=(-1, 1))
    figure = plot_augmented(transform, grey, 1, y=scaled)
    for axes in figure.axes[:2]:
        np.testing.assert_allclose(axes.collections[0].get_offsets(), points[0], atol=1e-5)


def test_functions_may_say_that_keypoints_move():
    figure = plot_augmented(Moved(), grey, 1, y=points)
    offsets = figure.axes[1].collections[0].get_offsets()
    np.testing.assert_allclose(offsets, points[0] + [2, 0], rtol=1e-6)
    assert not plot_augmented(moved, grey, 1, y=points).axes[1].collections


def test_labels_of_any_type_can_be_mixed():
    found = drawn(plot_augmented(MixUp(), colour, 1, y=["cat", "dog"]), 2, 2)
    assert np.isfinite(found).all()


def test_draws_count_as_epochs():
    found = drawn(plot_augmented(AlternatingFlip(), grey, 2), 2, 3)
    np.testing.assert_array_equal(found[:, 1], found[:, 2, :, ::-1])


@pytest.mark.parametrize(
    ("transforms", "X", "options", "message"),
    [
        ([], grey, {}, r"^transforms must be a function \(key, Xb, yb\), .*, got \[\]$"),
        (NeuralNet(), grey, {}, r", or a net with augment, got NeuralNet\("),
        ([3], grey, {}, r"^transforms must be .*, got \[3\]$"),
        (Sometimes(2.0, MixUp()), grey, {}, r"^augment\[0\] \(Sometimes\): p must be "),
        ([MixUp], grey, {}, r"must be an instance, got a class; write MixUp\(\)$"),
        (halved, grey[:, 0], {}, r"^X must have shape .* at most 32 images .*, got \(2, 6, 8\)$"),
        (halved, np.zeros((33, 1, 2, 2)), {}, r"got \(33, 1, 2, 2\)$"),
        (halved, np.zeros((3, 2, 2, 2)), {}, r"of 1 or 3 channels, got \(3, 2, 2, 2\)$"),
        (halved, grey * np.nan, {}, "Input X contains NaN"),
        (halved, grey, {"y": [1]}, r"^y must have as many rows as X, 2, got 1$"),
        (halved, grey, {"n": 0}, r"^n must be a positive integer, got 0$"),
    ],
)
def test_what_cannot_be_drawn(transforms, X, options, message):
    with pytest.raises(ValueError, match=message):
        plot_augmented(transforms, X, **options)

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from skimage.transform import AffineTransform, warp

from skconv.augment import AlternatingFlip, RandomAffine, RandomFlip, Rot90
from skconv.errors import TransformError

rng = np.random.default_rng(0)
X = rng.normal(size=(4, 2, 15, 12)).astype(np.float32)
squares = rng.normal(size=(64, 1, 6, 6)).astype(np.float32)
y = jnp.arange(4)
key = jax.random.key(0)
STRONG = {"rotation": 40, "translation": (2, 1), "scale": 1.3, "shear": 20}


@pytest.mark.parametrize("fill", ["constant", "edge", "reflect"])
@pytest.mark.parametrize(("order", "number"), [("nearest", 0), ("bilinear", 1)])
def test_affine_images_are_those_of_scikit_image(fill, order, number):
    transform = RandomAffine(**STRONG, order=order, fill=fill, cval=0.5)
    found, labels = transform(key, jnp.asarray(X), y)
    np.testing.assert_array_equal(labels, y)
    matrices = np.asarray(transform.matrices(key, 4, 15, 12), float)
    for image, matrix, moved in zip(X, matrices, found, strict=True):
        how = {"order": number, "mode": fill, "cval": 0.5, "preserve_range": True}
        inverse = AffineTransform(matrix).inverse
        expected = [warp(channel.astype(float), inverse, **how) for channel in image]
        np.testing.assert_allclose(moved, expected, atol=1e-4)


def drawn(n=400, height=9, width=9, **strengths):
    matrices = RandomAffine(**strengths).matrices(key, n, height, width)
    return [AffineTransform(matrix) for matrix in np.asarray(matrices, float)]


def even(values, limit):
    """Whether numbers are drawn evenly between minus and plus the limit."""
    return stats.kstest(np.ravel(values) / limit, "uniform", (-1, 2)).pvalue > 1e-3


def test_draws_are_even():
    assert even([np.rad2deg(move.rotation) for move in drawn(rotation=170)], 170)
    assert even([np.log(move.scale[0]) for move in drawn(scale=2)], np.log(2))
    shifts = np.array([move.translation for move in drawn(translation=3)])
    assert even(shifts[:, 0], 3)
    assert even(shifts[:, 1], 3)
    assert abs(np.corrcoef(shifts.T)[0, 1]) < 0.2
    leans = [np.rad2deg(np.arctan(move.params[0, 1])) for move in drawn(shear=30)]
    assert even(leans, 30)


def within(values, low, high):
    """Whether numbers are drawn evenly from low to high."""
    return even(2 * np.ravel(values) - low - high, high - low)


def test_pairs_are_the_range_itself():
    assert within([np.rad2deg(move.rotation) for move in drawn(rotation=(-5, 20))], -5, 20)
    scales = [np.log(move.scale[0]) for move in drawn(scale=(0.8, 1.1))]
    assert within(scales, np.log(0.8), np.log(1.1))
    leans = [np.rad2deg(np.arctan(move.params[0, 1])) for move in drawn(shear=(10, 30))]
    assert within(leans, 10, 30)
    shifts = np.array([move.translation for move in drawn(translation=((-1, 3), (0, 2)))])
    assert within(shifts[:, 0], -1, 3)
    assert within(shifts[:, 1], 0, 2)
    shifts = np.array([move.translation for move in drawn(translation=(1, (2, 2)))])
    assert even(shifts[:, 0], 1)
    np.testing.assert_allclose(shifts[:, 1], 2, atol=1e-5)


def test_shifts_may_be_fractions_of_the_sides():
    given = {"translation": ((-0.1, 0.2), 0.5), "translation_unit": "fraction"}
    shifts = np.array([move.translation for move in drawn(height=20, width=10, **given)])
    assert within(shifts[:, 0], -1, 2)
    assert even(shifts[:, 1], 10)


def test_shifts_have_a_limit_for_each_axis():
    shifts = np.array([move.translation for move in drawn(translation=(3, 0.5))])
    assert even(shifts[:, 0], 3)
    assert even(shifts[:, 1], 0.5)


def test_the_center_stays_in_its_place():
    moves = drawn(3, 7, 12, rotation=30, scale=1.2, shear=10)
    np.testing.assert_allclose([m([5.5, 3.0])[0] for m in moves], [[5.5, 3.0]] * 3, atol=1e-5)


@pytest.mark.parametrize(
    "transform",
    [
        RandomAffine(rotation=60, translation=3, scale=1.3, shear=20),
        RandomFlip(p=0.6),
        RandomFlip(axis="vertical"),
        Rot90(),
        Rot90(mirrored=False),
    ],
)
def test_keypoints_move_with_their_dots(transform, follow):
    follow(lambda X, y: replace(transform, target="keypoints")(key, X, y))


def test_keypoints_of_oblong_images(follow):
    transform = RandomAffine(rotation=30, translation=2, target="keypoints")
    follow(lambda X, y: transform(key, X, y), height=24, width=40)


@pytest.mark.parametrize("given", [(-1.0, 1.0), (0.0, 2.0)])
def test_keypoints_may_be_scaled(given):
    low, high = given
    points = rng.uniform(0, 12, (4, 6)).astype(np.float32)
    size = np.array([12, 15] * 3)
    scaled = (points / size * (high - low) + low).astype(np.float32)
    in_pixels = RandomAffine(rotation=30, target="keypoints")
    _, expected = in_pixels(key, jnp.asarray(X), jnp.asarray(points))
    in_range = RandomAffine(rotation=30, target="keypoints", keypoint_range=given)
    _, found = in_range(key, jnp.asarray(X), jnp.asarray(scaled))
    np.testing.assert_allclose((np.asarray(found) - low) / (high - low) * size, expected, atol=1e-4)


def test_keypoints_have_either_shape_and_missing_ones_stay_missing():
    points = rng.uniform(0, 12, (4, 3, 2)).astype(np.float32)
    points[1, 2] = np.nan
    transform = RandomAffine(rotation=30, target="keypoints")
    _, found = transform(key, jnp.asarray(X), jnp.asarray(points))
    _, flat = transform(key, jnp.asarray(X), jnp.asarray(points.reshape(4, 6)))
    np.testing.assert_array_equal(found.reshape(4, 6), flat)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(points))


@pytest.mark.parametrize(("axis", "step"), [("horizontal", (1, -1)), ("vertical", (-1, 1))])
def test_flips_mirror(axis, step):
    for p, steps in ((0.0, (1, 1)), (1.0, step)):
        found, _ = RandomFlip(p=p, axis=axis)(key, jnp.asarray(X), y)
        np.testing.assert_array_equal(found, X[:, :, :: steps[0], :: steps[1]])


def test_flips_are_drawn_for_each_image():
    same = np.broadcast_to(X[:1], (500, *X.shape[1:]))
    found = np.asarray(RandomFlip(p=0.3)(key, jnp.asarray(same), None)[0])
    flipped = (found == same[..., ::-1]).all((1, 2, 3))
    assert ((found == same).all((1, 2, 3)) ^ flipped).all()
    assert abs(flipped.mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 500)


def test_left_and_right_points_change_their_places():
    points = jnp.array([[1.0, 2.0, 8.0, 3.0, 5.0, 9.0]] * 4)
    transform = RandomFlip(p=1.0, target="keypoints", flip_pairs=[(0, 1)])
    _, found = transform(key, jnp.asarray(X), points)
    np.testing.assert_array_equal(found, [[3.0, 3.0, 10.0, 2.0, 6.0, 9.0]] * 4)
    _, found = RandomFlip(p=0.0, target="keypoints", flip_pairs=[(0, 1)])(key, X, points)
    np.testing.assert_array_equal(found, points)


def test_pairs_change_where_a_turn_mirrors():
    left_right = jnp.broadcast_to(jnp.array([1.0, 2.0, 4.0, 2.0]), (64, 4))
    shared = {"target": "keypoints", "flip_pairs": ((0, 1),)}
    _, found = Rot90(**shared)(key, jnp.asarray(squares), left_right)
    first, second = np.split(np.asarray(found), 2, axis=1)
    ahead, middle = (second - first) / 3, (first + second) / 2 - 2.5
    handed = np.sign(ahead[:, 0] * -middle[:, 1] - ahead[:, 1] * -middle[:, 0])
    np.testing.assert_array_equal(handed, np.full(64, handed[0]))


@pytest.mark.parametrize("target", [None, "keypoints", "mask"])
def test_images_move_without_targets_as_well(target):
    moved, targets = RandomAffine(rotation=30, target=target)(key, jnp.asarray(X), None)
    assert targets is None
    np.testing.assert_array_equal(moved, RandomAffine(rotation=30)(key, jnp.asarray(X), y)[0])


@pytest.mark.parametrize("mask", [X[:, 0] > 0, X, np.arange(4 * 180).reshape(4, 15, 12)])
def test_masks_move_with_the_images(mask):
    for transform in (
        RandomFlip(target="mask"),
        RandomAffine(**STRONG, order="nearest", cval=7, mask_cval=7, target="mask"),
    ):
        as_image = mask.reshape(4, -1, 15, 12)
        images, masks = transform(key, jnp.asarray(as_image, jnp.float32), jnp.asarray(mask))
        assert masks.dtype == jnp.asarray(mask).dtype
        assert masks.shape == mask.shape
        expected = np.asarray(images).reshape(mask.shape).astype(mask.dtype)
        np.testing.assert_array_equal(masks, expected)


def test_masks_keep_their_numbers():
    mask = jnp.asarray(rng.integers(0, 3, (4, 15, 12)), jnp.int32)
    transform = RandomAffine(rotation=45, scale=1.5, mask_cval=255, target="mask")
    _, found = transform(key, jnp.asarray(X), mask)
    assert set(np.unique(found)) == {0, 1, 2, 255}


def test_turns_are_the_dihedral_group():
    same = np.broadcast_to(squares[:1], (400, 1, 6, 6))
    turned = [np.rot90(same[0, 0], turns) for turns in range(4)]
    ways = np.array([*turned, *(way.T for way in turned)])
    for mirrored, number in ((True, 8), (False, 4)):
        found = np.asarray(Rot90(mirrored=mirrored)(key, jnp.asarray(same), None)[0])
        equal = (found == ways[:number]).all((2, 3))
        np.testing.assert_array_equal(equal.sum(1), np.ones(400))
        assert stats.chisquare(equal.sum(0)).pvalue > 1e-3


def test_flips_alternate():
    rows = jnp.arange(300)
    same = jnp.broadcast_to(X[:1, :1, :1], (300, 1, 1, 12))
    flipped = []
    for epoch in range(3):
        Xb, _ = AlternatingFlip()(None, same, None, epoch=epoch, rows=rows)
        flipped.append(np.asarray(Xb == same[..., ::-1]).all((1, 2, 3)))
        assert abs(flipped[-1].mean() - 0.5) < 5 * 0.5 / np.sqrt(300)
    np.testing.assert_array_equal(flipped[0], ~flipped[1])
    np.testing.assert_array_equal(flipped[0], flipped[2])
    other, _ = AlternatingFlip()(key, same[:5], None, epoch=0, rows=rows[10:15])
    np.testing.assert_array_equal((other == same[:5, ..., ::-1]).all((1, 2, 3)), flipped[0][10:15])


def test_alternating_flips_move_keypoints(follow):
    transform = AlternatingFlip(target="keypoints", axis="vertical")
    rows = jnp.arange(16)
    follow(lambda X, y: transform(None, X, y, epoch=jnp.array(1), rows=rows))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: RandomAffine(target="keypoints")(key, X, y),
            r"^RandomAffine: keypoints must be floats of shape \(n, 2 \* points\) or "
            r"\(n, points, 2\), got int32 of shape \(4,\)$",
        ),
        (
            lambda: RandomFlip(target="keypoints")(key, X, jnp.ones((4, 5))),
            r"^RandomFlip: keypoints must be floats .* got float32 of shape \(4, 5\)$",
        ),
        (
            lambda: Rot90(target="keypoints")(key, squares[:4], jnp.ones((4, 5, 3))),
            r"^Rot90: keypoints must be floats",
        ),
        (
            lambda: RandomFlip(target="keypoints", flip_pairs=[(0, 3)])(key, X, jnp.ones((4, 6))),
            r"^RandomFlip: flip_pairs must hold indices of the 3 keypoints, from 0 to 2, got "
            r"\(\(0, 3\),\)$",
        ),
        (
            lambda: RandomAffine(target="mask")(key, X, jnp.ones((4, 12, 15))),
            r"^RandomAffine: masks must have shape \(n, 15, 12\) or \(n, channels, 15, 12\), got "
            r"float32 of shape \(4, 12, 15\)$",
        ),
        (lambda: Rot90()(key, X, y), r"^Rot90: images must be square, got 15 by 12 pixels$"),
        (
            lambda: RandomAffine()(key, X[:, 0], y),
            r"^RandomAffine: X must have shape \(n, channels, height, width\), got "
            r"\(4, 15, 12\); give images a channel axis: X\[:, None\]$",
        ),
        (lambda: RandomFlip()(key, X[:, 0, 0], y), r"^RandomFlip: X must .* got \(4, 12\)$"),
        (lambda: AlternatingFlip()(key, X, y), r"^AlternatingFlip: epoch and rows must be given"),
    ],
)
def test_what_does_not_fit(call, message):
    with pytest.raises(TransformError, match=message):
        call()


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (
            RandomAffine(rotation=-1),
            "rotation must be a number between 0.0 and 180.0, or a range (low, high), got -1",
        ),
        (
            RandomAffine(rotation=200),
            "rotation must be a number between 0.0 and 180.0, or a range (low, high), got 200",
        ),
        (
            RandomAffine(scale=0.9),
            "scale must be a finite number >= 1.0, or a range (low, high), got 0.9",
        ),
        (
            RandomAffine(shear=90),
            "shear must be a number between 0.0 and 89.0, or a range (low, high), got 90",
        ),
        (
            RandomAffine(translation=(1, -1)),
            "translation must be a finite number >= 0.0, or two of them for x and y, "
            "or a range of each as ((low, high), (low, high)), got (1, -1)",
        ),
        (
            RandomAffine(translation=[1, 1, 1]),
            "translation must be a finite number >= 0.0, or two of them for x and y, "
            "or a range of each as ((low, high), (low, high)), got (1, 1, 1)",
        ),
        (RandomAffine(order="cubic"), "order must be one of 'nearest', 'bilinear', got 'cubic'"),
        (
            RandomAffine(fill="wrap"),
            "fill must be one of 'constant', 'edge', 'reflect', got 'wrap'",
        ),
        (
            RandomAffine(target="boxes"),
            "target must be one of None, 'keypoints', 'mask', got 'boxes'",
        ),
        (
            RandomAffine(keypoint_range=(1, -1)),
            "keypoint_range must be two increasing numbers or None, got (1, -1)",
        ),
        (RandomFlip(p=1.5), "p must be a number between 0.0 and 1.0, got 1.5"),
        (RandomFlip(axis=1), "axis must be one of 'horizontal', 'vertical', got 1"),
        (
            RandomFlip(flip_pairs=[(0, 1), (1, 2)]),
            "flip_pairs must be disjoint pairs of keypoint indices, such as ((0, 1), (2, 3)), "
            "got ((0, 1), (1, 2))",
        ),
        (
            RandomFlip(flip_pairs=3),
            "flip_pairs must be disjoint pairs of keypoint indices, such as ((0, 1), (2, 3)), "
            "got 3",
        ),
        (AlternatingFlip(axis="up"), "axis must be one of 'horizontal', 'vertical', got 'up'"),
        (Rot90(mirrored="no"), "mirrored must be True or False, got 'no'"),
    ],
)
def test_impossible_fields(transform, message):
    assert list(transform.check()) == [message]

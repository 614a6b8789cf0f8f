import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.augment import (
    AlternatingFlip,
    Brightness,
    Dihedral,
    FiveCrop,
    GaussianNoise,
    MixUp,
    QuasiAffine,
    RandomAffine,
    RandomFlip,
    TenCrop,
    TestTime,
)
from skconv.errors import TransformError
from skconv.nonlinearities import linear, sigmoid, softmax

rng = np.random.default_rng(0)
X = jnp.asarray(rng.normal(size=(5, 1, 4, 4)), jnp.float32)
W = rng.normal(size=(16, 3)).astype(np.float32)
key = jax.random.key(0)


class Forward:
    def __init__(self, *endings):
        self.endings = endings
        self.unit_axes = (1,) * len(endings)

    def __call__(self, Xb):
        logits = Xb.reshape(len(Xb), -1) @ W
        outs = tuple(ending(logits) for ending in self.endings)
        return outs[0] if len(outs) == 1 else outs


def predictions(transforms, n):
    """Probabilities of each copy, in float64."""
    whole = TestTime(transforms, n)
    logits = [np.float64(whole.copy(i, key, X)).reshape(5, -1) @ W.astype(float) for i in range(n)]
    e = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return np.array(logits), e / e.sum(-1, keepdims=True)


def test_the_mean_is_over_all_copies():
    _, p = predictions(TenCrop(pad=1), 10)
    found = TestTime(TenCrop(pad=1))(Forward(softmax), key, X)
    np.testing.assert_allclose(found, p.mean(axis=0), rtol=1e-4)


def test_geometric_means_are_normalized():
    logits, p = predictions(Dihedral(), 8)
    product = np.exp(np.log(p).mean(axis=0))
    yes = 1 / (1 + np.exp(-logits))
    whole = TestTime(Dihedral(), combine="geometric")
    classes, labels, numbers = whole(Forward(softmax, sigmoid, linear), key, X)
    np.testing.assert_allclose(classes, product / product.sum(-1, keepdims=True), rtol=1e-4)
    yes, no = (np.exp(np.log(q).mean(axis=0)) for q in (yes, 1 - yes))
    np.testing.assert_allclose(labels, yes / (yes + no), rtol=1e-3)
    np.testing.assert_allclose(numbers, logits.mean(axis=0), rtol=1e-3, atol=1e-4)


def test_geometric_means_are_normalized_over_the_units_of_each_position():
    class Steps(Forward):
        """Classes of each of two time steps, on the last axis."""

        def __call__(self, Xb):
            return softmax((Xb.reshape(len(Xb), -1) @ W[:, [0, 1, 2, 1, 2, 0]]).reshape(-1, 2, 3))

    forward = Steps(softmax)
    forward.unit_axes = (-1,)
    found = TestTime(Dihedral(), combine="geometric")(forward, key, X)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)
    whole = TestTime(Dihedral(), combine="geometric")(Forward(softmax), key, X)
    np.testing.assert_allclose(found[:, 0], whole, rtol=1e-4)


def test_one_sure_copy_leaves_geometric_means_finite():
    whole = TestTime(Dihedral(), combine="geometric")
    for found in whole(Forward(softmax, sigmoid), key, 1e6 * X):
        assert np.isfinite(found).all()


def test_grids_are_combined_and_walked_through():
    whole = TestTime([FiveCrop(pad=1), Dihedral(mirrored=False)])
    assert whole.copies == 20
    made = {np.asarray(whole.copy(i, key, X)).tobytes() for i in range(20)}
    assert len(made) == 20
    shifted = FiveCrop(pad=1)(3, 5, X)
    np.testing.assert_array_equal(whole.copy(13, key, X), Dihedral()(2, 4, shifted))


def test_draws_differ_between_copies_and_not_between_rows():
    same = jnp.tile(X[:1], (5, 1, 1, 1))
    whole = TestTime([RandomAffine(rotation=90), GaussianNoise(0.1)], n=4)
    made = np.array([whole.copy(i, key, same) for i in range(4)])
    np.testing.assert_array_equal(made, np.repeat(made[:, :1], 5, axis=1))
    assert len(np.unique(made[:, 0].reshape(4, -1), axis=0)) == 4
    np.testing.assert_array_equal(whole.copy(2, key, X[3:]), whole.copy(2, key, X)[3:])


def test_transforms_draw_each_for_itself():
    whole = TestTime([Brightness(0.5), Brightness(0.5)], n=1)
    one = TestTime([Brightness(0.5)], n=1)
    once, twice = (np.asarray(t.copy(0, key, X) / X)[0, 0, 0, 0] for t in (one, whole))
    assert abs(twice - once**2) > 1e-3


def test_functions_are_transforms():
    def negative(key, Xb, yb):
        return -Xb, yb

    np.testing.assert_array_equal(TestTime(negative, n=1).copy(0, key, X), -X)


@pytest.mark.parametrize(
    ("whole", "error"),
    [
        (TestTime(RandomFlip()), "n must be given: the number of copies to predict from"),
        (TestTime(QuasiAffine()), "n must be given: the number of copies to predict from"),
        (TestTime(TenCrop(), n=11), "n must be at most 10, the size of the grids, got 11"),
        (TestTime(TenCrop(), n=0), "n must be a positive integer or None, got 0"),
        (TestTime(MixUp(), n=2), "transforms must not mix rows, got MixUp"),
        (
            TestTime(AlternatingFlip(), n=2),
            "transforms must not need the epoch, got AlternatingFlip",
        ),
        (
            TestTime(RandomFlip(target="keypoints"), n=2),
            "target of RandomFlip must be None, because predictions are not moved back, "
            "got 'keypoints'",
        ),
        (TestTime([]), "transforms must be a grid, a transform, or a list of them, got ()"),
        (
            TestTime(TenCrop(), combine="sum"),
            "combine must be one of 'mean', 'geometric', got 'sum'",
        ),
        (
            TestTime([max, RandomAffine(rotation=-1)], n=2),
            "transforms[1] (RandomAffine): rotation must be a number between 0.0 and 180.0, "
            "or a range (low, high), got -1",
        ),
    ],
)
def test_impossible_fields_are_told(whole, error):
    assert list(whole.check()) == [error]


def test_fewer_copies_than_combinations_are_the_first_ones():
    few = TestTime(TenCrop(pad=1), n=3)
    assert not list(few.check())
    assert few.copies == 3
    assert not list(TestTime([TenCrop(), RandomFlip()], n=50).check())


def test_what_cannot_be_copied_is_told():
    with pytest.raises(TransformError, match="TestTime: X must be one array, got a dict of a, b"):
        TestTime(TenCrop()).copy(0, key, {"a": X, "b": X})
    with pytest.raises(
        TransformError, match=r"function: X must keep its shape \(5, 1, 4, 4\), got"
    ):
        TestTime(lambda key, Xb, yb: (Xb[..., :2], yb), n=1).copy(0, key, X)

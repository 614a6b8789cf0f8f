import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from skconv.augment import AlternatingFlip, Brightness, CutMix, MixUp, OneOf, RandomFlip, Sometimes
from skconv.errors import TransformError

key = jax.random.key(0)
n = 300
ones = jnp.ones((n, 1, 1, 2))
labels = jnp.arange(n) % 3


def times(factor):
    return lambda key, Xb, yb: (factor * Xb, yb)


def test_sometimes_is_as_often_as_p_says():
    found, targets = Sometimes(0.3, times(2.0))(key, ones, labels)
    found = np.asarray(found).reshape(n, -1)
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    assert set(np.unique(found)) == {1.0, 2.0}
    assert abs((found[:, 0] == 2).mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / n)
    np.testing.assert_array_equal(targets, labels)


@pytest.mark.parametrize(("p", "value"), [(0.0, 1.0), (1.0, 2.0)])
def test_never_and_always(p, value):
    np.testing.assert_array_equal(Sometimes(p, times(2.0))(key, ones, None)[0], value * ones)


def test_each_of_several_is_equally_likely():
    found, _ = OneOf([times(1.0), times(2.0), times(3.0)])(key, ones, labels)
    found = np.asarray(found).reshape(n, -1)
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    counts = [(found[:, 0] == value).sum() for value in (1, 2, 3)]
    assert sum(counts) == n
    assert stats.chisquare(counts).pvalue > 1e-3


def test_targets_are_those_of_the_version_that_is_chosen():
    def marked(key, Xb, yb):
        return 2 * Xb, yb + 10

    found, targets = Sometimes(0.5, marked)(key, ones, labels)
    np.testing.assert_array_equal(targets, labels + 10 * (np.asarray(found)[:, 0, 0, 0] == 2))


@pytest.mark.parametrize(
    "transform",
    [
        Sometimes(0.5, MixUp(num_classes=3)),
        OneOf([times(1.0), MixUp(num_classes=3)]),
        OneOf([CutMix(num_classes=3), Sometimes(0.5, MixUp(num_classes=3))]),
    ],
)
def test_labels_become_rows_where_they_are_mixed(transform):
    rows = jnp.broadcast_to(jax.nn.one_hot(labels, 3)[..., None, None], (n, 3, 4, 4))
    found, targets = transform(key, rows, labels)
    np.testing.assert_allclose(found.mean((2, 3)), targets, atol=1e-6)
    assert len(np.unique(targets)) > 2


def test_the_epoch_and_the_rows_reach_those_that_need_them():
    X = jnp.arange(2.0) + jnp.zeros((n, 1, 1, 2))
    order = jax.random.permutation(jax.random.key(1), n)
    for transform in (
        Sometimes(1.0, AlternatingFlip()),
        OneOf([AlternatingFlip(), Sometimes(1.0, AlternatingFlip())]),
    ):
        assert transform.needs_rows
        found, _ = transform(key, X, None, epoch=3, rows=order)
        expected, _ = AlternatingFlip()(None, X, None, epoch=3, rows=order)
        np.testing.assert_array_equal(found, expected)
    assert not OneOf([RandomFlip(), Brightness()]).needs_rows


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (
            Sometimes(0.5, lambda key, Xb, yb: (Xb[:, :, :, :1], yb)),
            r"^Sometimes: transforms must return equal shapes, got \(300, 1, 1, 2\) and "
            r"\(300, 1, 1, 1\)$",
        ),
        (
            OneOf([times(1.0), lambda key, Xb, yb: (Xb, yb[:2])]),
            r"^OneOf: transforms must return equal shapes, got \(300,\) and \(2,\)$",
        ),
    ],
)
def test_shapes_stay(transform, message):
    with pytest.raises(TransformError, match=message):
        transform(key, ones, labels)


@pytest.mark.parametrize(
    ("transform", "messages"),
    [
        (Sometimes(1.5, RandomFlip()), ["p must be a number between 0.0 and 1.0, got 1.5"]),
        (Sometimes(0.5), ["transform is missing"]),
        (
            Sometimes(0.5, RandomFlip),
            [f"transform must be a transform or a function (key, Xb, yb), got {RandomFlip!r}"],
        ),
        (
            Sometimes(0.5, RandomFlip(p=2)),
            ["transform (RandomFlip): p must be a number between 0.0 and 1.0, got 2"],
        ),
        (OneOf([]), ["transforms must be a list of transforms or functions (key, Xb, yb), got ()"]),
        (OneOf(3), ["transforms must be a list of transforms or functions (key, Xb, yb), got 3"]),
        (
            OneOf([times(1), Brightness(strength=-1), Sometimes(2, RandomFlip(axis=0))]),
            [
                "transforms[1] (Brightness): strength must be a number between 0.0 and 1.0, "
                "or a range (low, high), got -1",
                "transforms[2] (Sometimes): p must be a number between 0.0 and 1.0, got 2",
                "transforms[2] (Sometimes): transform (RandomFlip): axis must be one of "
                "'horizontal', 'vertical', got 0",
            ],
        ),
    ],
)
def test_impossible_fields(transform, messages):
    assert list(transform.check()) == messages

import jax
import jax.numpy as jnp
import numpy as np

from skconv.augment import MixUp, OneOf, RandomAffine, Sometimes, with_classes
from skconv.augment.unset_fields import with_ignored_outside, with_weighted_outside

key = jax.random.key(0)


def plain(key, Xb, yb):
    return Xb, yb


def test_the_number_of_classes_is_filled_in_where_there_is_none():
    transform = OneOf([Sometimes(0.5, MixUp()), plain, MixUp(num_classes=3)])
    filled = with_classes(transform, 10)
    assert filled.transforms[0].transform.num_classes == 10
    assert filled.transforms[1] is plain
    assert filled.transforms[2].num_classes == 3
    assert with_classes(plain, 10) is plain


def test_what_lies_outside_of_a_mask_is_the_first_class_or_ignored():
    images, shift = jnp.zeros((1, 1, 2, 4)), {"translation": ((9, 9), (0, 0)), "target": "mask"}
    plain = RandomAffine(**shift)
    for dtype, mark in ((jnp.int32, -1), (jnp.float32, np.nan)):
        masks = jnp.ones((1, 2, 4), dtype)
        for transform, value in (
            (plain, 0),
            (with_ignored_outside(plain), mark),
            (with_ignored_outside(RandomAffine(**shift, mask_cval=3)), 3),
        ):
            moved = transform(key, images, masks)[1]
            np.testing.assert_array_equal(moved, np.full((1, 2, 4), value, dtype))


def test_weights_are_one_outside_of_a_mask():
    shift = {"translation": ((9, 9), (0, 0)), "target": "mask", "mask_cval": 3}
    moving = with_weighted_outside(Sometimes(1.0, RandomAffine(**shift)))
    moved = moving(key, jnp.zeros((1, 1, 2, 4)), jnp.full((1, 2, 4), 0.5))[1]
    np.testing.assert_array_equal(moved, np.ones((1, 2, 4)))
    assert with_weighted_outside(plain) is plain

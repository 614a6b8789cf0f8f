import jax.numpy as jnp
import numpy as np

from skconv.ops.windows import pad, windows


def test_windows_are_numpy_slices():
    x = np.arange(2 * 7 * 8 * 3, dtype=np.float32).reshape(2, 7, 8, 3)
    found = list(windows(jnp.asarray(x), (2, 3), (2, 1), (1, 3)))
    expected = [x[:, i : i + 5 : 2, 3 * j : 3 * j + 2] for i in range(2) for j in range(3)]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_steps_of_one_are_the_default():
    x = jnp.arange(5.0).reshape(1, 5, 1)
    assert [part.ravel().tolist() for part in windows(x, (3,))] == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]


def test_pads_hold_the_value():
    x = jnp.ones((1, 2, 1))
    assert pad(x, [(1, 2)], -3).ravel().tolist() == [-3, 1, 1, -3, -3]
    assert pad(x, [(0, 0)]) is x

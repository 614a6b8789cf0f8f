import jax.numpy as jnp
import numpy as np
import pytest

from skconv.ops.windows import Window, pad, windows


def test_windows_are_numpy_slices():
    x = np.arange(2 * 7 * 8 * 3, dtype=np.float32).reshape(2, 7, 8, 3)
    found = list(windows(jnp.asarray(x), Window((2, 3), (2, 1), dilation=(1, 3))))
    expected = [x[:, i : i + 5 : 2, 3 * j : 3 * j + 2] for i in range(2) for j in range(3)]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_steps_of_one_are_the_default():
    x = jnp.arange(5.0).reshape(1, 5, 1)
    assert [part.ravel().tolist() for part in windows(x, Window((3,)))] == [
        [0, 1, 2],
        [1, 2, 3],
        [2, 3, 4],
    ]


def test_pads_hold_the_value():
    x = jnp.ones((1, 2, 1))
    assert pad(x, [(1, 2)], -3).ravel().tolist() == [-3, 1, 1, -3, -3]
    assert pad(x, [(0, 0)]) is x


def test_windows_see_zeros_in_the_padding():
    x = jnp.arange(1.0, 4.0).reshape(1, 3, 1)
    found = [part.ravel().tolist() for part in windows(x, Window((2,), pads=((1, 2),)))]
    assert found == [[0, 1, 2, 3, 0], [1, 2, 3, 0, 0]]


def test_equal_windows_are_equal_static_arguments():
    window = Window([3, 2], pads=[[1, 0], (0, 2)])
    assert window == Window((3, 2), (1, 1), ((1, 0), (0, 2)), (1, 1), 1)
    assert hash(window) == hash(Window((3, 2), pads=((1, 0), (0, 2))))
    assert window != Window((3, 2))


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window((2, 3), (2, 3)), True),
        (Window((2, 3), (3, 3)), False),
        (Window((2, 3), (2, 3), ((0, 1), (0, 0))), False),
        (Window((2, 3), (2, 3), dilation=(2, 1)), False),
        (Window((1,)), True),
    ],
)
def test_windows_that_tile(window, expected):
    assert window.is_tiling is expected

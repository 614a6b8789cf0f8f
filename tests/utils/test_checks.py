import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.nonlinearities import LeakyRectify
from skconv.utils import checks

WHOLE = "a whole number of 1 or more"


@pytest.mark.parametrize(
    ("check", "good", "bad", "valid"),
    [
        (checks.number, [0, -1.5, np.float32(2)], [np.nan, np.inf, True, "1"], "a finite number"),
        (checks.between(0.0, 1.0), [0, 1, 0.5], [-0.1, 2, None], "a number from 0.0 to 1.0"),
        (checks.between(0.0, np.inf), [0, 1e9], [-1, np.inf], "a finite number of 0.0 or more"),
        (checks.between(-np.inf, np.inf), [-1e9], [np.nan, "a"], "a finite number"),
        (checks.positive, [1, np.int64(3)], [0, 1.0, True, None], WHOLE),
        (checks.positive_or_none, [1, None], [0, 0.5], f"{WHOLE}, or None"),
        (checks.positive_each, [1, (2, 3)], [0, (), (1, 0)], f"{WHOLE}, or one for each axis"),
        (
            checks.natural_each,
            [0, (0, 3)],
            [-1, (), (1.0,)],
            "a whole number of 0 or more, or one for each axis",
        ),
        (checks.flag, [True, np.False_], [0, 1, None], "True or False"),
        (checks.one_of("a", "b"), ["a", "b"], ["c", None, ["a"]], "one of 'a', 'b'"),
        (checks.one_of("a"), ["a"], ["b"], "'a'"),
        (checks.optional_callable, [None, abs], ["abs"], "a function, or None for the identity"),
        (checks.required_callable, [abs], [None, 3], "a function"),
        (checks.required_callable, [], [LeakyRectify], "a function; write LeakyRectify()"),
    ],
)
def test_checks_of_fields(check, good, bad, valid):
    assert [check(value) for value in good] == [None] * len(good)
    assert [check(value) for value in bad] == [valid] * len(bad)


def test_one_number_stands_for_all_axes():
    assert checks.each_axis(3, 2, "stride") == checks.each_axis((3, 3), 2, "stride") == (3, 3)
    with pytest.raises(LayerError, match=r"^stride=\(3,\) has 1 numbers, 2 are needed$"):
        checks.each_axis((3,), 2, "stride")


def test_only_a_missing_axis_is_taken_for_the_channels():
    with pytest.raises(LayerError, match=r"got \(None, 4\)$"):
        checks.need_rank((None, 4), 4, "(n, channels, height, width)")
    with pytest.raises(LayerError, match=r"; give images a channel axis: X\[:, None\]$"):
        checks.need_rank((None, 8, 8), 4, "(n, channels, height, width)")


def test_axes_that_share_a_parameter():
    assert checks.shared_axes("auto", 4) == (0, 2, 3)
    assert checks.shared_axes((-1, 0), 3) == (0, 2)
    assert checks.shared_axes(0, 3) == (0,)
    for value, message in (
        (1, r"^axes=1 must hold 0, the batch$"),
        ((0, 3), r"^axes=\(0, 3\) are no axes of an input with 3$"),
    ):
        with pytest.raises(LayerError, match=message):
            checks.shared_axes(value, 3, "axes")
    with pytest.raises(LayerError, match=r"^shared_axes='auto' needs input with channels"):
        checks.shared_axes("auto", 1)


def test_axes_of_a_row():
    assert checks.row_axes((-1, 1), 4, "axes") == (1, 3)
    assert checks.row_axis(-1, (None, 2, 3)) == 2
    for value in (0, (0, 1), 4, -4, ("x",)):
        with pytest.raises(LayerError, match=r"are no axes of an input with 4 besides the batch$"):
            checks.row_axes(value, 4, "axes")
    for value in (0, 3, -3, 1.0, (1,)):
        with pytest.raises(LayerError, match=r"is no axis of \(None, 2, 3\) besides the batch$"):
            checks.row_axis(value, (None, 2, 3))


def test_shapes_that_functions_make():
    shape = (None, 2, 3)
    assert checks.traced_shape(lambda x: x.sum(1), "function", shape) == (None, 3)
    assert checks.need_traced_shape(shape, jnp.add, "function", shape, shape) == shape
    with pytest.raises(LayerError, match=r"^function makes \(None, 2, 3\) of \(None, 2, 3\), not"):
        checks.need_traced_shape((None, 2), jnp.exp, "function", shape)
    with pytest.raises(LayerError, match=r"^function does not keep the batch apart: from"):
        checks.traced_shape(jnp.ravel, "function", shape)
    with pytest.raises(LayerError, match=r"^function fails on an input of shape \(None, 2, 3\): "):
        checks.traced_shape(jnp.add, "function", shape)


def test_sequences_and_masks():
    checks.need_sequences((None, 5, 4))
    checks.need_mask((None, 5), (None, 5, 4))
    with pytest.raises(LayerError, match=r"give sequences of single numbers an axis of features"):
        checks.need_sequences((None, 5))
    with pytest.raises(LayerError, match=r"mask_input of shape \(None, 4\) does not fit"):
        checks.need_mask((None, 4), (None, 5, 4))


def test_images_and_channels():
    checks.need_images((None, 3, 5, 5), 2)
    checks.need_channels((None, 3))
    with pytest.raises(LayerError, match=r"^takes input of shape \(n, channels, length\), got"):
        checks.need_images((None, 3, 5, 5), 1)
    with pytest.raises(LayerError, match=r"^takes input with channels, "):
        checks.need_channels((None,))
    with pytest.raises(LayerError, match=r"^takes input with axes after the channels, got"):
        checks.need_channels((None, 3), places=True)

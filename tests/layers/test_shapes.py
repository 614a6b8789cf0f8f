import jax.numpy as jnp
import pytest

from skconv.errors import LayerError
from skconv.layers import shapes


def test_one_number_stands_for_all_axes():
    assert shapes.each_axis(3, 2, "stride") == shapes.each_axis((3, 3), 2, "stride") == (3, 3)
    with pytest.raises(LayerError, match=r"^stride must be a number or a tuple of 2, got \(3,\)$"):
        shapes.each_axis((3,), 2, "stride")


def test_several_fields_are_spread_over_the_axes():
    spread = shapes.each_axis_of(2, stride=3, pad=(1, 2))
    assert spread == [(3, 3), (1, 2)]
    with pytest.raises(LayerError, match=r"^pad must be a number or a tuple of 2, got \(3,\)$"):
        shapes.each_axis_of(2, stride=3, pad=(3,))


def test_only_a_missing_axis_is_taken_for_the_channels():
    with pytest.raises(LayerError, match=r"got \(None, 4\)$"):
        shapes.need_rank((None, 4), 4, "(n, channels, height, width)")
    with pytest.raises(LayerError, match=r"; give images a channel axis: X\[:, None\]$"):
        shapes.need_rank((None, 8, 8), 4, "(n, channels, height, width)")


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        (64, "; if its rows are flattened images, reshape them: X.reshape(-1, 1, 8, 8)"),
        (3072, "; if its rows are flattened images, reshape them: X.reshape(-1, 3, 32, 32)"),
        (63, ""),
        (4, ""),
    ],
)
def test_rows_that_may_be_flattened_images_are_told_how_to_be_reshaped(values, hint):
    with pytest.raises(LayerError) as caught:
        shapes.need_images((None, values), 2)
    expected = f"input must have shape (n, channels, height, width), got (None, {values}){hint}"
    assert str(caught.value) == expected


def test_axes_that_share_a_parameter():
    assert shapes.shared_axes("auto", 4) == (0, 2, 3)
    assert shapes.shared_axes((-1, 0), 3) == (0, 2)
    assert shapes.shared_axes(0, 3) == (0,)
    for value, message in (
        (1, r"^axes must include 0, the batch, got 1$"),
        ((0, 3), r"^axes must be axes of an input with 3 axes, got \(0, 3\)$"),
    ):
        with pytest.raises(LayerError, match=message):
            shapes.shared_axes(value, 3, "axes")
    with pytest.raises(
        LayerError, match=r"^shared_axes must not be 'auto' for input without channels$"
    ):
        shapes.shared_axes("auto", 1)


def test_axes_of_a_row():
    assert shapes.row_axes((-1, 1), 4, "axes") == (1, 3)
    assert shapes.row_axis(-1, (None, 2, 3)) == 2
    for value in (0, (0, 1), 4, -4, ("x",)):
        with pytest.raises(
            LayerError, match=r"an input with 4 axes, without 0 \(the batch\), got "
        ):
            shapes.row_axes(value, 4, "axes")
    for value in (0, 3, -3, 1.0, (1,)):
        with pytest.raises(
            LayerError, match=r"an axis of \(None, 2, 3\) other than the batch, got "
        ):
            shapes.row_axis(value, (None, 2, 3))


def test_shapes_that_functions_make():
    shape = (None, 2, 3)
    assert shapes.traced_shape(lambda x: x.sum(1), "function", shape) == (None, 3)
    assert shapes.need_traced_shape(shape, jnp.add, "function", shape, shape) == shape
    with pytest.raises(
        LayerError, match=r"^function must return shape \(None, 2\) for .*, got \(None, 2"
    ):
        shapes.need_traced_shape((None, 2), jnp.exp, "function", shape)
    with pytest.raises(
        LayerError, match=r"^function must keep the batch axis of \(None, 2, 3\), got"
    ):
        shapes.traced_shape(jnp.ravel, "function", shape)
    with pytest.raises(LayerError, match=r"^function failed for input of shape \(None, 2, 3\): "):
        shapes.traced_shape(jnp.add, "function", shape)


def test_sequences_and_masks():
    shapes.need_sequences((None, 5, 4))
    shapes.need_mask((None, 5), (None, 5, 4))
    with pytest.raises(LayerError, match=r"give sequences of single numbers a feature axis"):
        shapes.need_sequences((None, 5))
    with pytest.raises(
        LayerError, match=r"^mask_input must have shape \(n, 5\) .*, got \(None, 4\)$"
    ):
        shapes.need_mask((None, 4), (None, 5, 4))


def test_images_and_channels():
    shapes.need_images((None, 3, 5, 5), 2)
    shapes.need_channels((None, 3))
    with pytest.raises(LayerError, match=r"^input must have shape \(n, channels, length\), got"):
        shapes.need_images((None, 3, 5, 5), 1)
    with pytest.raises(LayerError, match=r"^input must have channels, "):
        shapes.need_channels((None,))
    with pytest.raises(LayerError, match=r"^input must have axes after the channels, got"):
        shapes.need_channels((None, 3), places=True)

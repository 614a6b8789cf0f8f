import pytest
from google.protobuf import text_format

from skconv.models.caffe.numbers import each_side, plain, positive_axis, row_axis
from skconv.models.caffe.schema import new_message


def pool(text):
    return text_format.Parse(text, new_message("pooling"))


def test_numbers_have_the_digits_of_the_file():
    param = text_format.Parse("eps: 1e-3 moving_average_fraction: 0.999", new_message("batch_norm"))
    assert (plain(param.eps), plain(param.moving_average_fraction)) == (0.001, 0.999)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("kernel_size: 3", 3),
        ("kernel_size: 3 kernel_size: 2", (3, 2)),
        ("kernel_size: [2, 2]", 2),
        ("kernel_h: 3 kernel_w: 2", (3, 2)),
    ],
)
def test_sizes_of_windows(text, size):
    assert each_side(pool(text), "kernel_size", 2) == size


def test_a_side_alone_leaves_zero_for_the_other():
    assert each_side(pool("pad_h: 1"), "pad", 2, 0) == (1, 0)
    assert each_side(pool(""), "stride", 2, 1) == 1


@pytest.mark.parametrize(
    ("text", "axes", "message"),
    [
        ("", 2, "kernel_size must be given$"),
        ("kernel_size: [1, 2, 3]", 2, r"kernel_size must be one number, or one for each of 2 axes"),
        ("kernel_size: 3 kernel_h: 2", 2, "kernel_size must be given once, or as kernel_h and"),
        ("kernel_h: 3 kernel_w: 2", 3, "kernel_size must be given once, or as kernel_h and"),
    ],
)
def test_wrong_sizes(text, axes, message):
    with pytest.raises(ValueError, match=message):
        each_side(pool(text), "kernel_size", axes)


def test_axes():
    assert positive_axis(-4, 4) == 0
    assert row_axis(-1, 3) == 2
    with pytest.raises(ValueError, match="end_axis must be an axis of a blob of 4 axes, got 4"):
        positive_axis(4, 4, "end_axis")
    with pytest.raises(ValueError, match="axis must not be 0, the batch"):
        row_axis(-4, 4)

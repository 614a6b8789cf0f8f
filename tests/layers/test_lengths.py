import pytest

from skconv.layers import conv_input_length, conv_output_length, pool_output_length


def starts(size, window, stride, before, after):
    """Return where windows start that lie within a padded axis."""
    return range(-before, size + after - window + 1, stride)


@pytest.mark.parametrize("pad", [0, 1, 3, "valid", "same", "full"])
def test_lengths_of_convolutions_count_windows(pad):
    for window in (1, 2, 3, 4):
        sides = {"valid": (0, 0), "same": ((window - 1) // 2, window // 2)}
        before, after = sides.get(pad, (window - 1,) * 2 if pad == "full" else (pad, pad))
        for size in range(4, 12):
            for stride in (1, 2, 3, 5):
                found = conv_output_length(size, window, stride, pad)
                assert found == len(starts(size, window, stride, before, after))
    assert conv_output_length(None, 3, 1, pad) is None


@pytest.mark.parametrize("pad", [0, 1, "valid", "same", "full"])
def test_the_smallest_input_has_the_output(pad):
    for window in (1, 3, 5) if pad == "same" else (2, 3, 4):
        for stride in (1, 2, 3):
            size = conv_input_length(7, window, stride, pad)
            assert conv_output_length(size, window, stride, pad) == 7
            assert conv_output_length(size - 1, window, stride, pad) == 6
    assert conv_input_length(None, 3, 1, pad) is None


def test_lengths_of_pooling():
    for window in (1, 2, 3):
        for size in range(window, 12):
            for stride in (1, 2, 3, 4):
                inside = len(starts(size, window, stride, 0, 0))
                assert pool_output_length(size, window, stride, 0, True) == inside
                # one more if positions after the last window are left over
                reached = (inside - 1) * stride + max(window, stride)
                covered = pool_output_length(size, window, stride, 0, False)
                assert covered == inside + (reached < size)
    assert pool_output_length(8, 3, 2, 1, True) == len(starts(8, 3, 2, 1, 1))
    assert pool_output_length(None, 2, 2, 0, True) is None
    assert pool_output_length(8, None, 2, 0, True) is None


def test_what_cannot_be_meant():
    for length in (conv_output_length, conv_input_length):
        with pytest.raises(
            ValueError, match=r"^pad must be an integer, 'valid', 'same' or 'full', "
        ):
            length(8, 3, 1, "smae")
    with pytest.raises(ValueError, match=r"^pad must be 0 for ignore_border=False, got 1$"):
        pool_output_length(8, 2, 2, 1, False)

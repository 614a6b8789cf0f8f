import re
from dataclasses import replace

import numpy as np
import pytest

from skconv.nonlinearities import linear
from skconv.objectives import squared_error
from skconv.targets.inference import infer
from skconv.targets.numbers import Numbers


def raises(message, kind=ValueError):
    return pytest.raises(kind, match=re.escape(message))


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 2), (4, 2, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_numbers_keep_their_shape_and_floating_type(shape, dtype):
    y = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    targets = infer(y, regression=True)
    assert (targets.loss, targets.nonlinearity) == (squared_error, linear)
    units = int(np.prod(shape[1:]))
    matched = targets.match((None, units))
    assert (targets.num_units, matched.output_shape) == (units, (units,))
    encoded = matched.encode(y)
    assert (encoded.shape, encoded.dtype) == ((4, units), np.float32)
    decoded = matched.decode(encoded)
    assert decoded.dtype == (dtype if dtype is np.float32 else np.float64)
    np.testing.assert_array_equal(decoded, y)


def test_numbers_take_the_shape_of_the_output():
    matched = infer(np.zeros((5, 6)), regression=True).match((None, 1, 2, 3))
    assert matched.encode(np.zeros((5, 6))).shape == (5, 1, 2, 3)
    assert matched.decode(np.zeros((5, 1, 2, 3), np.float32)).shape == (5, 6)


def test_numbers_refuse_another_shape():
    targets = infer(np.zeros((5, 2)), regression=True)
    with raises("the output has shape (None, 3), but y has rows of shape (2,)"):
        targets.match((None, 3))
    with raises("y must have rows of shape (2,), got (3,)"):
        targets.encode(np.zeros((5, 3)))


def test_numbers_refuse_swapped_axes():
    targets = infer(np.zeros((5, 8, 6)), regression=True)
    with raises("the output has shape (None, 1, 6, 8), but y has rows of shape (8, 6)"):
        targets.match((None, 1, 6, 8))
    with raises("y must have rows of shape (8, 6), got (6, 8)"):
        targets.match((None, 1, 8, 6)).encode(np.zeros((5, 6, 8)))


def test_numbers_as_text_are_read():
    assert Numbers((), output_shape=(1,)).encode(["1.5", "2"]).tolist() == [[1.5], [2.0]]


@pytest.mark.parametrize(
    ("output", "other"), [((1, 8, 6), (1, 5, 4)), ((8, 6, 1), (5, 4, 1)), ((8, 6), (5, 4))]
)
def test_rows_of_another_size_have_corresponding_axes(output, other):
    matched = Numbers((8, 6)).match((None, *output))
    resized = matched.resized(other)
    assert (resized.shape, resized.output_shape) == ((5, 4), other)
    assert matched.of_rows((5, 4)) == resized
    values = np.arange(40.0).reshape(2, *other)
    np.testing.assert_array_equal(matched.decode(values), values.reshape(2, 5, 4))
    y = np.arange(40).reshape(2, 5, 4)
    np.testing.assert_array_equal(resized.encode(y), y.reshape(2, *other))
    assert matched.resized(output) is matched


def test_merged_axes_cannot_be_resized():
    matched = Numbers((8, 6)).match((None, 48))
    assert matched.resized((30,)) is matched
    with raises("y must have rows of the axes of the output, whose rows have shape (48,), got"):
        matched.of_rows((5, 4))


@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_deviations_over_passes_are_in_the_units_of_y(shape):
    y = np.random.default_rng(0).normal(5, 3, size=(20, *shape))
    output = shape or (1,)
    targets = Numbers(shape).match((None, *output))
    deviation = np.abs(y).reshape(20, *output)
    np.testing.assert_array_equal(targets.spread_of_passes(deviation), np.abs(y))
    scale = y.std(axis=0).reshape(output)
    scaled = replace(targets, mean=y.mean(axis=0).reshape(output), scale=scale)
    expected = np.abs(y) * y.std(axis=0)
    np.testing.assert_allclose(scaled.spread_of_passes(deviation), expected)
    np.testing.assert_allclose(scaled.decode(scaled.encode(y)), y, rtol=1e-5)

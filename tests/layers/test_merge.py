import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import ConcatLayer, ElemwiseMergeLayer, ElemwiseSumLayer

rng = np.random.default_rng(0)


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_concat_joins_along_an_axis(forward, axis):
    x = rng.normal(size=(2, 3, 4, 4))
    y = x[:, :2] if axis == 1 else x[:, :, :2] if axis == 2 else x[..., :2]
    found = forward(ConcatLayer(axis=axis), {}, x, y)
    np.testing.assert_array_equal(found, np.concatenate([x, y], axis))


@pytest.mark.parametrize("axis", [0, 4, -4, -5])
def test_concat_keeps_the_rows_apart(axis):
    message = rf"axis={axis} is no axis of \(None, 3, 4, 4\) besides the batch"
    with pytest.raises(LayerError, match=message):
        ConcatLayer(axis=axis).output_shape((None, 3, 4, 4))


def test_concat_needs_agreement_elsewhere():
    message = r"inputs must agree in all axes but 1, got \(None, 3, 4, 4\), \(None, 3, 5, 4\)$"
    with pytest.raises(LayerError, match=message):
        ConcatLayer().output_shape((None, 3, 4, 4), (None, 3, 5, 4))


@pytest.mark.parametrize(
    ("coeffs", "factors"), [(1.0, (1, 1)), (2, (2, 2)), ([1, -0.5], (1, -0.5))]
)
def test_sum_weighs_inputs(forward, coeffs, factors):
    x, y = rng.normal(size=(2, 2, 3))
    found = forward(ElemwiseSumLayer(coeffs=coeffs), {}, x, y)
    np.testing.assert_allclose(found, factors[0] * x + factors[1] * y, atol=1e-12)


def test_sum_needs_one_shape():
    message = r"inputs must have one shape, got \(None, 3\), \(None, 4\)$"
    with pytest.raises(LayerError, match=message):
        ElemwiseSumLayer().output_shape((None, 3), (None, 4))


def test_sum_needs_a_factor_for_each_input():
    message = r"coeffs=\(1, 2, 3\) has 3 numbers for 2 inputs$"
    with pytest.raises(LayerError, match=message):
        ElemwiseSumLayer(coeffs=(1, 2, 3)).output_shape((None, 3), (None, 3))


@pytest.mark.parametrize(
    ("function", "expected"), [(jnp.maximum, np.maximum), (jnp.multiply, np.multiply)]
)
def test_any_function_merges(forward, function, expected):
    x, y, z = rng.normal(size=(3, 2, 3))
    found = forward(ElemwiseMergeLayer(merge_function=function), {}, x, y, z)
    np.testing.assert_allclose(found, expected(expected(x, y), z), atol=1e-12)


@pytest.mark.parametrize(
    ("crop", "of_seven", "of_five"),
    [
        ("lower", slice(0, 4), slice(0, 4)),
        ("center", slice(1, 5), slice(0, 4)),
        ("upper", slice(3, 7), slice(1, 5)),
    ],
)
def test_larger_inputs_are_cropped(forward, crop, of_seven, of_five):
    x, y, z = (rng.normal(size=(2, 3, n, 6)) for n in (7, 4, 5))
    cropping = (None, None, crop)
    parts = x[:, :, of_seven], y, z[:, :, of_five]
    found = forward(ElemwiseSumLayer(cropping=cropping), {}, x, y, z)
    np.testing.assert_allclose(found, sum(parts), atol=1e-12)
    found = forward(ConcatLayer(cropping=cropping), {}, x, y, z)
    np.testing.assert_array_equal(found, np.concatenate(parts, 1))
    found = forward(ElemwiseMergeLayer(merge_function=jnp.add, cropping=cropping), {}, x, y, z)
    np.testing.assert_allclose(found, sum(parts), atol=1e-12)


@pytest.mark.parametrize(
    ("cropping", "message"),
    [
        (("lower", None), r"cropping=\('lower', None\) would leave out rows; start with None$"),
        ((None, "middle"), r"cropping=\(None, 'middle'\) is not None, nor one of"),
        ("center", r"cropping='center' would leave out rows; start with None$"),
        ((None, None, "upper"), r"is not None, nor one of .* for each of 2 axes$"),
    ],
)
def test_croppings_that_cannot_be(cropping, message):
    with pytest.raises(LayerError, match=message):
        ConcatLayer(cropping=cropping).output_shape((None, 3), (None, 4))


def test_inputs_have_as_many_axes():
    message = r"inputs must have as many axes, got \(None, 3\), \(None, 3, 4\)$"
    for layer in (ConcatLayer(), ElemwiseSumLayer(), ElemwiseMergeLayer(merge_function=jnp.add)):
        with pytest.raises(LayerError, match=message):
            layer.output_shape((None, 3), (None, 3, 4))

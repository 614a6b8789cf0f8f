import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from skconv.nonlinearities import linear, sigmoid, softmax, tanh
from skconv.objectives import (
    binary_crossentropy,
    binary_focal_loss,
    binary_hinge_loss,
    categorical_crossentropy,
    categorical_focal_loss,
    from_logits,
    multiclass_hinge_loss,
    squared_error,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(scale=2, size=(20, 4)).astype(np.float32)
CLASSES = np.arange(20, dtype=np.int32) % 4
LABELS = RNG.integers(0, 2, (20, 4)).astype(np.float32)
SOFT = special.softmax(RNG.normal(size=(20, 4)), axis=1).astype(np.float32)

SMOOTHING = {"label_smoothing": 0.1}
FOCUS = {"gamma": 1.5, "alpha": 0.25}

PAIRS = [
    (categorical_crossentropy, softmax, CLASSES, {}),
    (categorical_crossentropy, softmax, SOFT, {}),
    (categorical_crossentropy, softmax, CLASSES, SMOOTHING),
    (categorical_crossentropy, softmax, SOFT, SMOOTHING),
    (categorical_focal_loss, softmax, CLASSES, {}),
    (categorical_focal_loss, softmax, SOFT, FOCUS),
    (categorical_focal_loss, softmax, CLASSES, {"gamma": 0.5, "alpha": (0.1, 0.2, 0.3, 0.4)}),
    (binary_crossentropy, sigmoid, LABELS, {}),
    (binary_crossentropy, sigmoid, SOFT, SMOOTHING),
    (binary_focal_loss, sigmoid, LABELS, {}),
    (binary_focal_loss, sigmoid, SOFT, FOCUS),
    (binary_hinge_loss, sigmoid, LABELS, {"delta": 0.8}),
    (binary_hinge_loss, sigmoid, 2 * LABELS - 1, {"binary": False}),
    (binary_hinge_loss, sigmoid, LABELS, {"log_odds": True}),
]


@pytest.mark.parametrize(("loss", "nonlinearity", "targets", "given"), PAIRS)
def test_the_form_from_logits_has_the_values_and_gradients_of_the_plain_form(
    loss, nonlinearity, targets, given
):
    fused = from_logits(loss, nonlinearity)

    def plain(x, t, **given):
        return loss(nonlinearity(x), t, **given)

    slope, expected = (
        jax.grad(lambda x, form=form: form(x, targets, **given).sum())(jnp.asarray(LOGITS))
        for form in (fused, plain)
    )
    tolerance = {"rtol": 1e-3, "atol": 1e-5}
    found = fused(jnp.asarray(LOGITS), targets, **given)
    np.testing.assert_allclose(found, plain(jnp.asarray(LOGITS), targets, **given), **tolerance)
    np.testing.assert_allclose(slope, expected, **tolerance)


SIZES = [50.0, 1e3, 1e6]


def value_and_slope(loss, nonlinearity, logits, targets, **given):
    fused = from_logits(loss, nonlinearity)
    logits = jnp.asarray([logits], jnp.float32)
    value, slope = jax.value_and_grad(lambda x: fused(x, targets, **given).sum())(logits)
    return float(value), slope[0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("loss", [categorical_crossentropy, categorical_focal_loss])
def test_the_softmax_forms_are_exact_where_the_wrong_class_is_certain(loss, size):
    value, slope = value_and_slope(loss, softmax, [size, 0.0, -size], jnp.asarray([2]))
    assert value == pytest.approx(2 * size, rel=1e-6)
    np.testing.assert_allclose(slope, [1.0, 0.0, -1.0], atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("loss", [binary_crossentropy, binary_focal_loss])
def test_the_sigmoid_forms_are_exact_where_the_wrong_label_is_certain(loss, size):
    value, slope = value_and_slope(loss, sigmoid, [size, -size], jnp.asarray([[0.0, 1.0]]))
    assert value == pytest.approx(2 * size, rel=1e-6)
    np.testing.assert_allclose(slope, [1.0, -1.0], atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_label_smoothing_is_exact_at_extreme_logits(size):
    given = {"label_smoothing": 0.3}
    value, slope = value_and_slope(
        categorical_crossentropy, softmax, [size, 0.0, -size], jnp.asarray([0]), **given
    )
    assert value == pytest.approx(0.1 * 3 * size, rel=1e-5)
    np.testing.assert_allclose(slope, [0.2, -0.1, -0.1], atol=1e-6)
    value, slope = value_and_slope(
        binary_crossentropy, sigmoid, [size], jnp.asarray([[1.0]]), **given
    )
    assert value == pytest.approx(0.15 * size, rel=1e-5)
    np.testing.assert_allclose(slope, [0.15], atol=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("size", [0.0, 20.0, 30.0, *SIZES])
def test_focal_losses_of_what_is_right_have_finite_gradients(gamma, size):
    """They are ``(1 - p)**gamma * -log(p)``, with ``1 - p`` far below the steps of float32."""
    off = 2 * np.exp(-np.float64(size)) / (1 + 2 * np.exp(-np.float64(size)))
    expected = off**gamma * -np.log1p(-off)
    value, slope = value_and_slope(
        categorical_focal_loss, softmax, [0.0, size, 0.0], jnp.asarray([1]), gamma=gamma
    )
    assert value == pytest.approx(expected, rel=1e-4, abs=1e-7)
    assert np.isfinite(slope).all()
    value, slope = value_and_slope(
        binary_focal_loss, sigmoid, [size], jnp.asarray([[1.0]]), gamma=gamma
    )
    assert value == pytest.approx(
        special.expit(-size) ** gamma * np.log1p(np.exp(-size)), rel=1e-4, abs=1e-30
    )
    assert np.isfinite(slope).all()


def test_partial_losses_have_forms_with_the_same_arguments():
    smooth = functools.partial(categorical_crossentropy, label_smoothing=0.2)
    found = from_logits(smooth, softmax)(LOGITS, CLASSES)
    np.testing.assert_allclose(found, smooth(special.softmax(LOGITS, axis=1), CLASSES), rtol=1e-4)
    assert from_logits(functools.partial(squared_error), softmax) is None


@pytest.mark.parametrize(
    ("loss", "nonlinearity"),
    [
        (categorical_crossentropy, sigmoid),
        (binary_crossentropy, softmax),
        (squared_error, linear),
        (categorical_crossentropy, tanh),
        (multiclass_hinge_loss, softmax),
        (lambda p, t: p, softmax),
    ],
)
def test_other_pairs_have_no_form_from_logits(loss, nonlinearity):
    assert from_logits(loss, nonlinearity) is None

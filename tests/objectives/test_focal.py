import functools

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from skconv.nonlinearities import sigmoid, softmax
from skconv.objectives import (
    binary_crossentropy,
    binary_focal_loss,
    categorical_crossentropy,
    categorical_focal_loss,
)

from .cases import (
    CLASSES,
    LABELS,
    SIZES,
    SOFT,
    SOFT32,
    P,
    Q,
    check_certain,
    check_classes,
    check_formula,
    check_logits_form,
    soft_targets,
    value_and_slope,
)


def focal(p, t, gamma, alpha=1.0):
    return -(t * np.asarray(alpha) * (1 - p) ** gamma * np.log(p)).sum(axis=1)


def binary_focal(p, t, gamma, alpha=None):
    ones, zeros = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    of_ones, of_zeros = (1 - p) ** gamma * np.log(p), p**gamma * np.log(1 - p)
    return -(t * ones * of_ones + (1 - t) * zeros * of_zeros)


FORMULAS = [
    (categorical_focal_loss, focal, P, SOFT, {"gamma": 1.5}),
    (categorical_focal_loss, focal, P, SOFT, {"gamma": 0.5, "alpha": 0.25}),
    (categorical_focal_loss, focal, P, SOFT, {"gamma": 2.0, "alpha": (0.1, 0.2, 0.3, 0.4)}),
    (binary_focal_loss, binary_focal, Q, LABELS, {"gamma": 2.0}),
    (binary_focal_loss, binary_focal, Q, SOFT, {"gamma": 0.5, "alpha": 0.25}),
]


@pytest.mark.parametrize(("loss", "formula", "predictions", "targets", "given"), FORMULAS)
def test_losses_and_their_derivatives_are_those_of_the_formula(
    loss, formula, predictions, targets, given
):
    check_formula(loss, formula, predictions, targets, given)


CERTAIN = [
    (categorical_focal_loss, CLASSES),
    (functools.partial(categorical_focal_loss, gamma=0.5), soft_targets()),
    (functools.partial(binary_focal_loss, gamma=0.5), LABELS),
]


@pytest.mark.parametrize(("loss", "targets"), CERTAIN)
def test_certain_predictions_have_finite_losses_and_gradients(loss, targets):
    check_certain(loss, targets)


def test_classes_may_be_numbers_or_rows():
    check_classes(categorical_focal_loss, focal, {"gamma": 2.0})


FOCUS = {"gamma": 1.5, "alpha": 0.25}


PAIRS = [
    (categorical_focal_loss, softmax, CLASSES, {}),
    (categorical_focal_loss, softmax, SOFT32, FOCUS),
    (categorical_focal_loss, softmax, CLASSES, {"gamma": 0.5, "alpha": (0.1, 0.2, 0.3, 0.4)}),
    (binary_focal_loss, sigmoid, LABELS, {}),
    (binary_focal_loss, sigmoid, SOFT32, FOCUS),
]


@pytest.mark.parametrize(("loss", "nonlinearity", "targets", "given"), PAIRS)
def test_the_form_from_logits_has_the_values_and_gradients_of_the_plain_form(
    loss, nonlinearity, targets, given
):
    check_logits_form(loss, nonlinearity, targets, given)


def test_without_focus_they_are_crossentropies():
    p, classes, labels = jnp.asarray(P, jnp.float32), jnp.asarray(CLASSES), jnp.asarray(LABELS)
    plain, of_labels = categorical_crossentropy(p, classes), binary_crossentropy(p, labels)
    for found, expected in (
        (categorical_focal_loss(p, classes, gamma=0.0), plain),
        (binary_focal_loss(p, labels, gamma=0.0), of_labels),
        (binary_focal_loss(p, labels, gamma=0.0, alpha=0.5), of_labels / 2),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_the_softmax_form_is_exact_where_the_wrong_class_is_certain(size):
    logits, targets = [size, 0.0, -size], jnp.asarray([2])
    value, slope = value_and_slope(categorical_focal_loss, softmax, logits, targets)
    assert value == pytest.approx(2 * size, rel=1e-6)
    np.testing.assert_allclose(slope, [1.0, 0.0, -1.0], atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_the_sigmoid_form_is_exact_where_the_wrong_label_is_certain(size):
    logits, targets = [size, -size], jnp.asarray([[0.0, 1.0]])
    value, slope = value_and_slope(binary_focal_loss, sigmoid, logits, targets)
    assert value == pytest.approx(2 * size, rel=1e-6)
    np.testing.assert_allclose(slope, [1.0, -1.0], atol=1e-6)


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

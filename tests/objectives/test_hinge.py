import numpy as np
import pytest

from skconv.nonlinearities import sigmoid
from skconv.objectives import binary_hinge_loss, multiclass_hinge_loss

from .cases import (
    CLASSES,
    LABELS,
    SCORES,
    SOFT,
    Q,
    check_certain,
    check_classes,
    check_formula,
    check_logits_form,
    one_hot,
)


def hinge(p, t, delta, log_odds=False, binary=True):
    x = p if log_odds else np.log(p / (1 - p))
    return np.maximum(0, delta - x * (2 * t - 1 if binary else t))


def crammer_singer(x, t, delta):
    margins = [
        np.maximum(0, delta + np.delete(x, k, axis=1).max(axis=1) - x[:, k]) for k in range(4)
    ]
    return (t * np.array(margins).T).sum(axis=1)


FORMULAS = [
    (binary_hinge_loss, hinge, Q, LABELS, {"delta": 0.7}),
    (binary_hinge_loss, hinge, SCORES, LABELS, {"delta": 1.5, "log_odds": True}),
    (
        binary_hinge_loss,
        hinge,
        SCORES,
        2 * LABELS - 1,
        {"delta": 1.0, "log_odds": True, "binary": False},
    ),
    (multiclass_hinge_loss, crammer_singer, SCORES, one_hot(CLASSES), {"delta": 1.5}),
    (multiclass_hinge_loss, crammer_singer, SCORES, SOFT, {"delta": 0.5}),
]


@pytest.mark.parametrize(("loss", "formula", "predictions", "targets", "given"), FORMULAS)
def test_losses_and_their_derivatives_are_those_of_the_formula(
    loss, formula, predictions, targets, given
):
    check_formula(loss, formula, predictions, targets, given)


def test_certain_predictions_have_finite_losses_and_gradients():
    check_certain(binary_hinge_loss, LABELS)


def test_classes_may_be_numbers_or_rows():
    check_classes(multiclass_hinge_loss, crammer_singer, {"delta": 1.0})


PAIRS = [
    (binary_hinge_loss, sigmoid, LABELS, {"delta": 0.8}),
    (binary_hinge_loss, sigmoid, 2 * LABELS - 1, {"binary": False}),
    (binary_hinge_loss, sigmoid, LABELS, {"log_odds": True}),
]


@pytest.mark.parametrize(("loss", "nonlinearity", "targets", "given"), PAIRS)
def test_the_form_from_logits_has_the_values_and_gradients_of_the_plain_form(
    loss, nonlinearity, targets, given
):
    check_logits_form(loss, nonlinearity, targets, given)

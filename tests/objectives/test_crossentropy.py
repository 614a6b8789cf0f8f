import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special
from sklearn.metrics import log_loss

from skconv.nonlinearities import sigmoid, softmax
from skconv.objectives import binary_crossentropy, categorical_crossentropy

from .cases import (
    CLASSES,
    LABELS,
    LOGITS,
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


def test_categorical_crossentropy_is_the_log_loss_of_scikit_learn():
    p = special.softmax(LOGITS, axis=1)
    losses = categorical_crossentropy(jnp.asarray(p), jnp.asarray(CLASSES))
    assert losses.shape == (20,)
    expected = log_loss(CLASSES, p.astype(np.float64) / p.sum(1, keepdims=True, dtype=np.float64))
    assert float(losses.mean()) == pytest.approx(expected, rel=1e-5)


def test_rows_of_probabilities_weigh_the_logarithms():
    p, targets = special.softmax(LOGITS, axis=1), soft_targets()
    losses = categorical_crossentropy(jnp.asarray(p), jnp.asarray(targets))
    np.testing.assert_allclose(losses, -(targets * np.log(p)).sum(axis=1), rtol=1e-5)


def test_one_hot_targets_give_the_loss_of_their_classes():
    p = jnp.asarray(special.softmax(LOGITS, axis=1))
    one_hot = jax.nn.one_hot(CLASSES, 4)
    np.testing.assert_allclose(
        categorical_crossentropy(p, one_hot), categorical_crossentropy(p, CLASSES), rtol=1e-6
    )


def test_categorical_crossentropy_takes_further_axes():
    p = special.softmax(LOGITS, axis=1).reshape(5, 4, 4)
    losses = categorical_crossentropy(jnp.asarray(p), jnp.asarray(CLASSES.reshape(5, 4)))
    flat = -np.log(p.reshape(20, 4)[np.arange(20), CLASSES])
    np.testing.assert_allclose(losses, flat.reshape(5, 4), rtol=1e-5)


def test_binary_crossentropy_is_the_log_loss_of_each_label():
    p = special.expit(LOGITS)
    losses = binary_crossentropy(jnp.asarray(p), jnp.asarray(LABELS))
    assert losses.shape == (20, 4)
    for label in range(4):
        expected = log_loss(LABELS[:, label], p[:, label].astype(np.float64))
        assert float(losses[:, label].mean()) == pytest.approx(expected, rel=1e-5)


def test_binary_crossentropy_takes_probabilities_as_targets():
    p, targets = special.expit(LOGITS), soft_targets()
    expected = special.xlogy(targets, p) + special.xlog1py(1 - targets, -p)
    losses = binary_crossentropy(jnp.asarray(p), jnp.asarray(targets))
    np.testing.assert_allclose(losses, -expected, rtol=1e-4)


def smoothed_crossentropy(p, t, label_smoothing):
    t = (1 - label_smoothing) * t + label_smoothing / t.shape[1]
    return -(t * np.log(p)).sum(axis=1)


def smoothed_binary(p, t, label_smoothing):
    t = (1 - label_smoothing) * t + label_smoothing / 2
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


FORMULAS = [
    (categorical_crossentropy, smoothed_crossentropy, P, SOFT, {"label_smoothing": 0.3}),
    (binary_crossentropy, smoothed_binary, Q, LABELS, {"label_smoothing": 0.3}),
]


@pytest.mark.parametrize(("loss", "formula", "predictions", "targets", "given"), FORMULAS)
def test_losses_and_their_derivatives_are_those_of_the_formula(
    loss, formula, predictions, targets, given
):
    check_formula(loss, formula, predictions, targets, given)


CERTAIN = [
    (categorical_crossentropy, CLASSES),
    (categorical_crossentropy, soft_targets()),
    (binary_crossentropy, LABELS),
    (binary_crossentropy, soft_targets()),
]


@pytest.mark.parametrize(("loss", "targets"), CERTAIN)
def test_certain_predictions_have_finite_losses_and_gradients(loss, targets):
    check_certain(loss, targets)


def test_classes_may_be_numbers_or_rows():
    check_classes(categorical_crossentropy, smoothed_crossentropy, {"label_smoothing": 0.2})


SMOOTHING = {"label_smoothing": 0.1}


PAIRS = [
    (categorical_crossentropy, softmax, CLASSES, {}),
    (categorical_crossentropy, softmax, SOFT32, {}),
    (categorical_crossentropy, softmax, CLASSES, SMOOTHING),
    (categorical_crossentropy, softmax, SOFT32, SMOOTHING),
    (binary_crossentropy, sigmoid, LABELS, {}),
    (binary_crossentropy, sigmoid, SOFT32, SMOOTHING),
]


@pytest.mark.parametrize(("loss", "nonlinearity", "targets", "given"), PAIRS)
def test_the_form_from_logits_has_the_values_and_gradients_of_the_plain_form(
    loss, nonlinearity, targets, given
):
    check_logits_form(loss, nonlinearity, targets, given)


def test_no_smoothing_gives_the_plain_losses():
    p, classes, labels = jnp.asarray(P, jnp.float32), jnp.asarray(CLASSES), jnp.asarray(LABELS)
    for loss, targets in ((categorical_crossentropy, classes), (binary_crossentropy, labels)):
        np.testing.assert_allclose(
            loss(p, targets, label_smoothing=0.0), loss(p, targets), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("size", SIZES)
def test_the_softmax_form_is_exact_where_the_wrong_class_is_certain(size):
    logits, targets = [size, 0.0, -size], jnp.asarray([2])
    value, slope = value_and_slope(categorical_crossentropy, softmax, logits, targets)
    assert value == pytest.approx(2 * size, rel=1e-6)
    np.testing.assert_allclose(slope, [1.0, 0.0, -1.0], atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_the_sigmoid_form_is_exact_where_the_wrong_label_is_certain(size):
    logits, targets = [size, -size], jnp.asarray([[0.0, 1.0]])
    value, slope = value_and_slope(binary_crossentropy, sigmoid, logits, targets)
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

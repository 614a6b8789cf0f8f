import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error, top_k_accuracy_score

from skconv import objectives
from skconv.nonlinearities import linear, sigmoid, softmax, tanh
from skconv.objectives import (
    absolute_error,
    binary_accuracy,
    binary_crossentropy,
    binary_focal_loss,
    binary_hinge_loss,
    categorical_accuracy,
    categorical_crossentropy,
    categorical_focal_loss,
    from_logits,
    huber_loss,
    multiclass_hinge_loss,
    objective,
    squared_error,
    weighted_mean,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(scale=2, size=(20, 4)).astype(np.float32)
CLASSES = np.arange(20, dtype=np.int32) % 4
LABELS = RNG.integers(0, 2, (20, 4)).astype(np.float32)
WEIGHTS = RNG.uniform(0, 2, 20).astype(np.float32)


def soft_targets():
    return special.softmax(RNG.normal(size=(20, 4)), axis=1).astype(np.float32)


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


def test_absolute_error_is_the_mean_absolute_error_of_scikit_learn():
    losses = absolute_error(jnp.asarray(LOGITS), jnp.asarray(LABELS))
    assert losses.shape == LOGITS.shape
    assert float(losses.mean()) == pytest.approx(mean_absolute_error(LABELS, LOGITS), rel=1e-5)


def test_squared_error_is_the_mean_squared_error_of_scikit_learn():
    losses = squared_error(jnp.asarray(LOGITS), jnp.asarray(LABELS))
    assert losses.shape == LOGITS.shape
    assert float(losses.mean()) == pytest.approx(mean_squared_error(LABELS, LOGITS), rel=1e-5)


CERTAIN = [
    (categorical_crossentropy, CLASSES),
    (categorical_crossentropy, soft_targets()),
    (binary_crossentropy, LABELS),
    (binary_crossentropy, soft_targets()),
    (categorical_focal_loss, CLASSES),
    (functools.partial(categorical_focal_loss, gamma=0.5), soft_targets()),
    (functools.partial(binary_focal_loss, gamma=0.5), LABELS),
    (binary_hinge_loss, LABELS),
]


@pytest.mark.parametrize(("loss", "targets"), CERTAIN)
def test_certain_predictions_have_finite_losses_and_gradients(loss, targets):
    def total(p):
        return loss(p, targets).sum()

    for p in jnp.zeros((20, 4)), jnp.ones((20, 4)):
        assert np.isfinite(total(p))
        assert np.isfinite(jax.grad(total)(p)).all()


def weighted(**penalties):
    params = [jnp.asarray([[1.0, -2.0]]), jnp.asarray([3.0])]
    return objective(
        jnp.asarray(LOGITS),
        jnp.asarray(LABELS),
        jnp.asarray(WEIGHTS),
        params,
        loss_function=squared_error,
        **penalties,
    )


def test_the_objective_is_the_weighted_mean_over_rows():
    expected = mean_squared_error(LABELS, LOGITS, sample_weight=WEIGHTS)
    assert float(weighted()) == pytest.approx(expected, rel=1e-5)


def test_penalties_add_absolute_values_and_squares_of_the_parameters():
    plain = float(weighted())
    assert float(weighted(l1=0.5)) == pytest.approx(plain + 0.5 * 6, rel=1e-5)
    assert float(weighted(l2=0.5)) == pytest.approx(plain + 0.5 * 14, rel=1e-5)
    assert float(weighted(l1=0.1, l2=0.2)) == pytest.approx(plain + 0.6 + 2.8, rel=1e-5)
    assert float(weighted(l1=0.0, l2=0.0)) == plain


def test_penalties_may_be_traced():
    penalized = jax.jit(lambda l2: weighted(l2=l2))
    assert float(penalized(jnp.float32(0.5))) == pytest.approx(float(weighted(l2=0.5)), rel=1e-5)


def test_gradients_of_the_objective_are_those_of_its_formula():
    """By predictions and by both parameters, along a direction, against central differences."""
    given = [np.float64(LOGITS), np.array([[1.0, -2.0]]), np.array([3.0])]
    directions = [RNG.normal(size=value.shape) for value in given]

    def formula(predictions, *params):
        rows = ((predictions - LABELS) ** 2).mean(axis=1)
        penalties = sum(0.1 * np.abs(p).sum() + 0.2 * (p**2).sum() for p in params)
        return np.average(rows, weights=np.float64(WEIGHTS)) + penalties

    def penalized(predictions, *params):
        labels, weights = np.float64(LABELS), np.float64(WEIGHTS)
        penalties = {"loss_function": squared_error, "l1": 0.1, "l2": 0.2}
        return objective(predictions, labels, weights, list(params), **penalties)

    with jax.enable_x64(True):
        value, slopes = jax.value_and_grad(penalized, argnums=(0, 1, 2))(*map(jnp.asarray, given))
    assert float(value) == pytest.approx(formula(*given), rel=1e-12)
    for i, (slope, direction) in enumerate(zip(slopes, directions, strict=True)):
        ends = [
            formula(*given[:i], given[i] + step * direction, *given[i + 1 :])
            for step in (1e-5, -1e-5)
        ]
        expected = (ends[0] - ends[1]) / 2e-5
        assert (np.asarray(slope) * direction).sum() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [(20,), (20, 1), (20, 2, 3)])
def test_rows_of_any_shape_count_alike(shape):
    predictions = jnp.asarray(RNG.normal(size=shape), jnp.float32)
    targets = jnp.zeros(shape)
    value = objective(predictions, targets, jnp.ones(20), [], loss_function=squared_error)
    assert float(value) == pytest.approx(float(jnp.square(predictions).mean()), rel=1e-5)


def test_rows_of_weight_zero_leave_no_trace_in_value_or_gradient():
    weights = jnp.asarray(WEIGHTS).at[5:].set(0)
    loss = functools.partial(objective, params=[], loss_function=squared_error)
    value, slope = jax.value_and_grad(loss)(jnp.asarray(LOGITS), jnp.asarray(LABELS), weights)
    expected = mean_squared_error(LABELS[:5], LOGITS[:5], sample_weight=WEIGHTS[:5])
    assert float(value) == pytest.approx(expected, rel=1e-5)
    assert np.all(slope[5:] == 0)
    assert np.all(slope[:5] != 0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(0.125, 9)), min_size=4, max_size=4))
def test_the_weighted_mean_is_that_of_numpy(pairs):
    rows, weights = np.asarray(pairs, np.float32).T
    found = float(weighted_mean(jnp.asarray(rows), jnp.asarray(weights)))
    assert found == pytest.approx(np.average(rows, weights=weights), abs=1e-4)


def test_the_weighted_mean_of_no_weight_is_zero():
    assert float(weighted_mean(jnp.ones(3), jnp.zeros(3))) == 0
    assert np.all(jax.grad(weighted_mean)(jnp.ones(3), jnp.zeros(3)) == 0)


def test_the_public_losses():
    public = {name for name in vars(objectives) if not name.startswith("_")}
    losses = {name for name in public if name.endswith(("_crossentropy", "_loss"))}
    others = {"binary_accuracy", "categorical_accuracy", "objective"}
    others |= {"absolute_error", "squared_error"}
    assert set(objectives.__all__) == losses | others


def one_hot(classes):
    return np.eye(4)[classes]


P, Q = special.softmax(np.float64(LOGITS), axis=1), special.expit(np.float64(LOGITS))
SOFT = special.softmax(RNG.normal(size=(20, 4)), axis=1)
SCORES = np.float64(LOGITS)


def smoothed_crossentropy(p, t, label_smoothing):
    t = (1 - label_smoothing) * t + label_smoothing / t.shape[1]
    return -(t * np.log(p)).sum(axis=1)


def smoothed_binary(p, t, label_smoothing):
    t = (1 - label_smoothing) * t + label_smoothing / 2
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


def focal(p, t, gamma, alpha=1.0):
    return -(t * np.asarray(alpha) * (1 - p) ** gamma * np.log(p)).sum(axis=1)


def binary_focal(p, t, gamma, alpha=None):
    ones, zeros = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    of_ones, of_zeros = (1 - p) ** gamma * np.log(p), p**gamma * np.log(1 - p)
    return -(t * ones * of_ones + (1 - t) * zeros * of_zeros)


def hinge(p, t, delta, log_odds=False, binary=True):
    x = p if log_odds else np.log(p / (1 - p))
    return np.maximum(0, delta - x * (2 * t - 1 if binary else t))


def crammer_singer(x, t, delta):
    margins = [
        np.maximum(0, delta + np.delete(x, k, axis=1).max(axis=1) - x[:, k]) for k in range(4)
    ]
    return (t * np.array(margins).T).sum(axis=1)


def huber(x, t, delta):
    size = np.abs(x - t)
    return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2))


SIGNED = {"log_odds": True, "binary": False}

FORMULAS = [
    (categorical_crossentropy, smoothed_crossentropy, P, SOFT, {"label_smoothing": 0.3}),
    (binary_crossentropy, smoothed_binary, Q, LABELS, {"label_smoothing": 0.3}),
    (categorical_focal_loss, focal, P, SOFT, {"gamma": 1.5}),
    (categorical_focal_loss, focal, P, SOFT, {"gamma": 0.5, "alpha": 0.25}),
    (categorical_focal_loss, focal, P, SOFT, {"gamma": 2.0, "alpha": (0.1, 0.2, 0.3, 0.4)}),
    (binary_focal_loss, binary_focal, Q, LABELS, {"gamma": 2.0}),
    (binary_focal_loss, binary_focal, Q, SOFT, {"gamma": 0.5, "alpha": 0.25}),
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
    (huber_loss, huber, SCORES, SOFT, {"delta": 0.8}),
]


@pytest.mark.parametrize(("loss", "formula", "predictions", "targets", "given"), FORMULAS)
def test_losses_and_their_derivatives_are_those_of_the_formula(
    loss, formula, predictions, targets, given
):
    """The derivative along a direction, against central differences of the formula."""
    targets, direction = np.float64(targets), RNG.normal(size=(20, 4))
    with jax.enable_x64(True):
        found, slope = jax.jvp(
            lambda x: loss(x, jnp.asarray(targets), **given),
            (jnp.asarray(predictions),),
            (jnp.asarray(direction),),
        )
    np.testing.assert_allclose(found, formula(predictions, targets, **given), rtol=1e-8, atol=1e-12)
    step = 1e-6 * direction
    ahead, behind = (formula(predictions + s, targets, **given) for s in (step, -step))
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-6, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "formula", "given"),
    [
        (categorical_crossentropy, smoothed_crossentropy, {"label_smoothing": 0.2}),
        (categorical_focal_loss, focal, {"gamma": 2.0}),
        (multiclass_hinge_loss, crammer_singer, {"delta": 1.0}),
    ],
)
def test_classes_may_be_numbers_or_rows(loss, formula, given):
    p = jnp.asarray(P, jnp.float32)
    expected = formula(P, one_hot(CLASSES), **given)
    for targets in (CLASSES, np.float32(one_hot(CLASSES)), np.int32(one_hot(CLASSES))):
        np.testing.assert_allclose(
            loss(p, jnp.asarray(targets), **given), expected, rtol=1e-4, atol=1e-6
        )
    images = loss(p.reshape(5, 4, 4), jnp.asarray(CLASSES.reshape(5, 4)), **given)
    np.testing.assert_allclose(images, expected.reshape(5, 4), rtol=1e-4, atol=1e-6)


def test_special_numbers_give_the_plain_losses():
    p, classes, labels = jnp.asarray(P, jnp.float32), jnp.asarray(CLASSES), jnp.asarray(LABELS)
    plain, of_labels = categorical_crossentropy(p, classes), binary_crossentropy(p, labels)
    for found, expected in (
        (categorical_crossentropy(p, classes, label_smoothing=0.0), plain),
        (categorical_focal_loss(p, classes, gamma=0.0), plain),
        (binary_crossentropy(p, labels, label_smoothing=0.0), of_labels),
        (binary_focal_loss(p, labels, gamma=0.0), of_labels),
        (binary_focal_loss(p, labels, gamma=0.0, alpha=0.5), of_labels / 2),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_the_binary_accuracy_compares_sides_of_the_threshold():
    found = binary_accuracy(jnp.asarray(Q, jnp.float32), jnp.asarray(LABELS))
    np.testing.assert_array_equal(found, (Q >= 0.5) == LABELS)
    scores = jnp.asarray([[0.2, 0.3, 0.4]])
    np.testing.assert_array_equal(
        binary_accuracy(scores, jnp.asarray([[1.0, 1.0, 0.0]]), threshold=0.3), [[0, 1, 0]]
    )


@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_the_categorical_accuracy_is_that_of_scikit_learn(top_k):
    p = jnp.asarray(P, jnp.float32)
    found = categorical_accuracy(p, jnp.asarray(CLASSES), top_k)
    assert found.shape == (20,)
    expected = top_k_accuracy_score(CLASSES, P, k=top_k, labels=range(4))
    assert float(found.mean()) == pytest.approx(expected)
    rows = categorical_accuracy(p, jnp.asarray(one_hot(CLASSES)), top_k)
    np.testing.assert_array_equal(rows, found)


@pytest.mark.parametrize("top_k", [0, 5])
def test_no_more_classes_than_there_are(top_k):
    message = rf"^top_k must be an integer from 1 to the number of classes \(4\), got {top_k}$"
    with pytest.raises(ValueError, match=message):
        categorical_accuracy(jnp.asarray(P, jnp.float32), jnp.asarray(CLASSES), top_k)


SOFT32 = np.float32(SOFT)
SMOOTHING = {"label_smoothing": 0.1}
FOCUS = {"gamma": 1.5, "alpha": 0.25}

PAIRS = [
    (categorical_crossentropy, softmax, CLASSES, {}),
    (categorical_crossentropy, softmax, SOFT32, {}),
    (categorical_crossentropy, softmax, CLASSES, SMOOTHING),
    (categorical_crossentropy, softmax, SOFT32, SMOOTHING),
    (categorical_focal_loss, softmax, CLASSES, {}),
    (categorical_focal_loss, softmax, SOFT32, FOCUS),
    (categorical_focal_loss, softmax, CLASSES, {"gamma": 0.5, "alpha": (0.1, 0.2, 0.3, 0.4)}),
    (binary_crossentropy, sigmoid, LABELS, {}),
    (binary_crossentropy, sigmoid, SOFT32, SMOOTHING),
    (binary_focal_loss, sigmoid, LABELS, {}),
    (binary_focal_loss, sigmoid, SOFT32, FOCUS),
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

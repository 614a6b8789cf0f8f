"""Predictions, targets and comparisons that the tests of several losses share."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from skconv.objectives.by_nonlinearity import from_logits

RNG = np.random.default_rng(0)

LOGITS = RNG.normal(scale=2, size=(20, 4)).astype(np.float32)

CLASSES = np.arange(20, dtype=np.int32) % 4

LABELS = RNG.integers(0, 2, (20, 4)).astype(np.float32)

P, Q = special.softmax(np.float64(LOGITS), axis=1), special.expit(np.float64(LOGITS))

SOFT = special.softmax(RNG.normal(size=(20, 4)), axis=1)

SOFT32 = np.float32(SOFT)

SCORES = np.float64(LOGITS)

SIZES = [50.0, 1e3, 1e6]


def soft_targets():
    return special.softmax(RNG.normal(size=(20, 4)), axis=1).astype(np.float32)


def one_hot(classes):
    return np.eye(4)[classes]


def check_formula(loss, formula, predictions, targets, given):
    """Compare a loss and its derivative along a direction with a formula in float64.

    The derivative is compared with central differences of the formula.
    """
    targets, direction = np.float64(targets), RNG.normal(size=np.shape(predictions))
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


def check_certain(loss, targets):
    """Check that certain predictions have finite losses and gradients."""

    def total(p):
        return loss(p, targets).sum()

    for p in jnp.zeros((20, 4)), jnp.ones((20, 4)):
        assert np.isfinite(total(p))
        assert np.isfinite(jax.grad(total)(p)).all()


def check_classes(loss, formula, given):
    """Check that classes may be indices, one-hot rows, and images of indices."""
    p = jnp.asarray(P, jnp.float32)
    expected = formula(P, one_hot(CLASSES), **given)
    for targets in (CLASSES, np.float32(one_hot(CLASSES)), np.int32(one_hot(CLASSES))):
        np.testing.assert_allclose(
            loss(p, jnp.asarray(targets), **given), expected, rtol=1e-4, atol=1e-6
        )
    images = loss(p.reshape(5, 4, 4), jnp.asarray(CLASSES.reshape(5, 4)), **given)
    np.testing.assert_allclose(images, expected.reshape(5, 4), rtol=1e-4, atol=1e-6)


def check_logits_form(loss, nonlinearity, targets, given):
    """Compare the form of a loss on logits, and its gradient, with the plain form."""
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


def value_and_slope(loss, nonlinearity, logits, targets, **given):
    fused = from_logits(loss, nonlinearity)
    logits = jnp.asarray([logits], jnp.float32)
    value, slope = jax.value_and_grad(lambda x: fused(x, targets, **given).sum())(logits)
    return float(value), slope[0]

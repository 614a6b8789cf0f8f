import functools

import numpy as np
import pytest
from scipy import special

from skconv.nonlinearities import linear, sigmoid, softmax, tanh
from skconv.objectives import (
    binary_crossentropy,
    categorical_crossentropy,
    multiclass_hinge_loss,
    squared_error,
)
from skconv.objectives.by_nonlinearity import from_logits

from .cases import CLASSES, LOGITS


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

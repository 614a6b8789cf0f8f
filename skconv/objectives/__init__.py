"""Losses and accuracies under Lasagne's names, and the default training objective.

A loss is a function ``(predictions, targets) -> losses`` that returns one loss per row, or an array
whose first axis is the rows. Class targets are integers ``(n,)`` or rows of probabilities
``(n, k)``. Further arguments of a loss are set by ``objective_<name>``; numbers among them are
runtime values. A loss that has a numerically stable form on logits is followed by that form.
"""

from .accuracy import binary_accuracy, categorical_accuracy
from .cox import cox_loss
from .crossentropy import binary_crossentropy, categorical_crossentropy
from .focal import binary_focal_loss, categorical_focal_loss
from .gaussian import gaussian_nll
from .hinge import binary_hinge_loss, multiclass_hinge_loss
from .objective import objective
from .pinball import pinball_loss
from .poisson import poisson_deviance
from .regression import absolute_error, huber_loss, squared_error

__all__ = [
    "absolute_error",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_loss",
    "binary_hinge_loss",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_loss",
    "cox_loss",
    "gaussian_nll",
    "huber_loss",
    "multiclass_hinge_loss",
    "objective",
    "pinball_loss",
    "poisson_deviance",
    "squared_error",
]

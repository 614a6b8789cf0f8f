"""Update rules under Lasagne's names, and newer ones.

An update is a function that returns an `optax.GradientTransformation`; optax's own factories work
unchanged. Every update also takes ``update_clip_value`` and ``update_clip_norm``. If it asks for
optax's extra arguments ``value``, ``grad`` and ``value_fn``, it receives them; ``value_fn`` is a
``skconv.updates.update_rule.BatchLoss``.
"""

from .constraints import apply_norm_constraint, norm_constraint, total_norm_constraint
from .hessian_free import hessian_free
from .rules import (
    adadelta,
    adagrad,
    adam,
    adamax,
    adamw,
    amsgrad,
    lamb,
    lbfgs,
    lion,
    momentum,
    muon,
    nesterov_momentum,
    rmsprop,
    sgd,
)
from .velocity import apply_momentum, apply_nesterov_momentum

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "amsgrad",
    "apply_momentum",
    "apply_nesterov_momentum",
    "apply_norm_constraint",
    "hessian_free",
    "lamb",
    "lbfgs",
    "lion",
    "momentum",
    "muon",
    "nesterov_momentum",
    "norm_constraint",
    "rmsprop",
    "sgd",
    "total_norm_constraint",
]

"""Update rules under the names of Lasagne and of what came since.

An update is a factory that returns an `optax.GradientTransformation`; optax's own factories work
as they are. Any of them also takes ``update_clip_value`` and ``update_clip_norm``, and gets optax's
extra arguments ``value``, ``grad`` and ``value_fn`` where it asks for them; the last is a
``skconv.updates.update_rule.BatchLoss``.
"""

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

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "amsgrad",
    "hessian_free",
    "lamb",
    "lbfgs",
    "lion",
    "momentum",
    "muon",
    "nesterov_momentum",
    "rmsprop",
    "sgd",
]

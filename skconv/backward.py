"""From an output of the network back to a layer: gradients of what it answers."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from .layers.base import Context
from .network import Runtime, Variables
from .plans import PredictPlan


class Gradient(NamedTuple):
    """How the score of each row depends on what a layer puts out.

    Parameters
    ----------
    scores : array of shape (n,)
    outputs, gradients : array of shape (n, ...)
        Of the layer, and of the score with respect to it, channels first.
    """

    scores: Any
    outputs: Any
    gradients: Any


def gradient(
    plan: PredictPlan,
    params: Variables,
    state: Variables,
    X: dict[str, jax.Array],
    runtime: Runtime,
    direction: jax.Array,
    *,
    layer: str,
    output: str,
    logits: bool,
) -> Gradient:
    """Compute the gradient of a score with respect to a layer's output, for a batch.

    The score is the sum of an output's units, each times its number in `direction`: with ones and
    zeros the unit of a class, which so is no part of the program.

    Parameters
    ----------
    plan : PredictPlan
    params, state : dict of dict of array
    X : dict of array of shape (n, ...)
    runtime : dict of dict of float32
    direction : float32 array of shape (n, units)
    layer, output : str
        Names of layers.
    logits : bool
        Whether the output is taken before its nonlinearity.

    Returns
    -------
    Gradient
    """
    X = {name: array.astype(jnp.float32) for name, array in X.items()}
    args = params, state, X, runtime, Context(False)
    (outputs,), _ = plan.network.apply(*args, to=[layer])

    def score(outputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        (out,), _ = plan.network.apply(
            *args, to=[output], logits=[output] if logits else (), given={layer: outputs}
        )
        scores = (out.reshape(direction.shape) * direction).sum(axis=1)
        return scores.sum(), scores

    gradients, scores = jax.grad(score, has_aux=True)(outputs)
    return Gradient(scores, outputs, gradients)

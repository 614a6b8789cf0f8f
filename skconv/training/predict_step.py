"""What the programs compute that predict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ..augment.tunable import with_values
from ..data.device import batch_at, output_buffer, store_batch
from ..data.output_targets import unwrap_single
from ..layers.base import Context
from ..network.graph import Runtime, Variables
from .forward import array_or_dict
from .plan import PredictPlan


class Forward(NamedTuple):
    """From a batch to the outputs that are predicted, as `test_augment` gets it.

    Parameters
    ----------
    function : callable
    endings : tuple of callable
        Nonlinearity of each output.
    """

    function: Callable[[Any], Any]
    endings: tuple[Callable[..., Any], ...]

    def __call__(self, Xb: Any) -> Any:
        """Compute the output, or a tuple of several."""
        return self.function(Xb)


def predict(
    plan: PredictPlan,
    params: Variables,
    state: Variables,
    X: dict[str, jax.Array],
    runtime: Runtime,
    numbers: Mapping[str, Any],
    seed: Any,
    stop: Any,
    *,
    to: str | None = None,
) -> Any:
    """Compute the outputs, or that of one layer, for all rows of a chunk.

    `numbers` are those of `test_augment`. It gets one key in all batches: what is told of a row
    does not depend on where it lies.
    """
    network = plan.network
    names = list(network.outputs) if to is None else [to]
    key = jax.random.key(seed)

    def forward(Xb: Any) -> Any:
        named = Xb if isinstance(Xb, dict) else dict.fromkeys(X, Xb)
        return unwrap_single(
            network.apply(params, state, named, runtime, Context(False), to=names)[0]
        )

    def batch(i: Any) -> Any:
        if plan.test_augment is None or to is not None:
            return forward(batch_at(X, i))
        heads = [head for head in network.heads if head.predicted]
        whole = Forward(forward, tuple(map(network.nonlinearity, heads)))
        test_augment = with_values(plan.test_augment, numbers)
        return test_augment(whole, key, array_or_dict(batch_at(X, i)))

    def step(i: jax.Array, kept: Any) -> Any:
        return store_batch(kept, i, batch(i))

    length = len(next(iter(X.values())))
    return lax.fori_loop(0, stop, step, output_buffer(batch, length))


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

"""The computation that is compiled for prediction and for gradients of outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ..augment.tunable import with_values
from ..data.device import batch_at, output_buffer, store_batch
from ..layers.base import Context
from ..network.graph import Variables
from ..network.program_values import Runtime
from ..ops.dealt_batches import deals_batches, on_each_device
from ..ops.mesh import split_rows
from ..targets.by_output import unwrap_single
from .augmentation import array_or_dict
from .plan import PredictPlan


class Forward(NamedTuple):
    """The forward pass from a batch to the predicted outputs, as passed to `test_augment`.

    Parameters
    ----------
    function : callable
        From a batch and, optionally, a key for noise.
    endings : tuple of callable
        Nonlinearity of each output.
    unit_axes : tuple of int
        Axis of the units of each output.
    """

    function: Callable[..., Any]
    endings: tuple[Callable[..., Any], ...]
    unit_axes: tuple[int, ...]

    def __call__(self, Xb: Any) -> Any:
        """Compute the output, or a tuple of outputs if there are several."""
        return self.function(Xb)

    def noisy(self, key: jax.Array) -> Forward:
        """Return the same pass with dropout and other noise, drawn once for all rows."""
        return self._replace(function=partial(self.function, noise=key))


def predict(
    plan: PredictPlan,
    params: Variables,
    state: Variables,
    X: dict[str, jax.Array],
    runtime: Runtime,
    augment_values: Mapping[str, Any],
    seed: Any,
    steps: Any,
    *,
    to: str | None = None,
    logits: tuple[str, ...] = (),
    spread: bool = False,
) -> Any:
    """Compute the outputs, or the output of one layer, for all rows of a chunk.

    `test_augment` gets the same key for each batch, so that predictions do not depend on the batch
    that a row is in.

    Parameters
    ----------
    plan : PredictPlan
    params, state : dict of dict of array
    X : dict of array of shape (STEPS, batch, ...)
        As of `skconv.ops.dealt_batches.deal`, if the plan deals out batches; so are the outputs.
    runtime : dict of dict of float32
    augment_values : dict of float32
        Values of the fields of `test_augment`.
    seed : uint32
    steps : int32
        Number of batches that are not padding.
    to : str, optional
        Name of a layer; by default all outputs.
    logits : tuple of str
        Outputs that are taken before their nonlinearity.
    spread : bool
        Whether to compute the standard deviations over the passes of `test_augment`, too.

    Returns
    -------
    array of shape (STEPS, batch, ...), or a tuple of arrays if there are several outputs
        With `spread`, a pair of means and standard deviations.
    """
    run: Callable[[Any, Any, Any], Any]
    run = partial(_predict_batches, plan, to=to, logits=logits, spread=spread)
    others = params, state, runtime, augment_values, seed
    if deals_batches(plan.mesh):
        run = on_each_device(run, plan.mesh)
    return run(X, steps, others)


def _predict_batches(
    plan: PredictPlan,
    X: dict[str, jax.Array],
    steps: Any,
    others: tuple[Any, ...],
    *,
    to: str | None,
    logits: tuple[str, ...],
    spread: bool,
) -> Any:
    params, state, runtime, augment_values, seed = others
    network = plan.network
    names = list(network.outputs) if to is None else [to]
    key = jax.random.key(seed)

    def forward(Xb: Any, noise: jax.Array | None = None) -> Any:
        inputs = Xb if isinstance(Xb, dict) else dict.fromkeys(X, Xb)
        ctx = Context(False, noise)
        outs, _ = network.apply(params, state, inputs, runtime, ctx, to=names, logits=logits)
        return unwrap_single(outs)

    def predict_batch(step: Any) -> Any:
        if plan.test_augment is None or to is not None:
            return forward(batch_at(X, step))
        heads = [head for head in network.heads if head.predicted]
        endings = tuple(map(network.nonlinearity, heads))
        forward_pass = Forward(forward, endings, network.unit_axes)
        test_augment = with_values(plan.test_augment, augment_values)
        compute = test_augment.moments if spread else test_augment
        return compute(forward_pass, key, array_or_dict(batch_at(X, step)))

    def run_step(step: jax.Array, predictions: Any) -> Any:
        return store_batch(predictions, step, predict_batch(step))

    length = len(next(iter(X.values())))
    if length == 1:
        return jax.tree.map(lambda out: out[None], predict_batch(0))
    return lax.fori_loop(0, steps, run_step, output_buffer(predict_batch, length))


class Gradient(NamedTuple):
    """Scores of rows, and their gradients with respect to the output of a layer.

    Parameters
    ----------
    scores : array of shape (n,)
    outputs, gradients : array of shape (n, ...)
        Outputs of the layer and gradients with respect to them, channels first.
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

    The score of a row is the sum of the output's units, weighted by `direction`. One-hot weights
    select the unit of a class, so all classes share one program.

    Parameters
    ----------
    plan : PredictPlan
    params, state : dict of dict of array
    X : dict of array of shape (n, ...)
    runtime : dict of dict of float32
    direction : float32 array of shape (n, units)
        Weights of the output units in the score of each row.
    layer, output : str
        Names of layers.
    logits : bool
        Whether the output is taken before its nonlinearity.

    Returns
    -------
    Gradient
    """
    X = {name: split_rows(array).astype(jnp.float32) for name, array in X.items()}
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

"""What the programs compute that predict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
from jax import lax

from .batches import batch_of, buffer, put
from .heads import alone
from .layers.base import Context
from .network import Runtime, Variables
from .passes import array_or_dict
from .plans import PredictPlan
from .tunable import with_values


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
        return alone(network.apply(params, state, named, runtime, Context(False), to=names)[0])

    def batch(i: Any) -> Any:
        if plan.test_augment is None or to is not None:
            return forward(batch_of(X, i))
        heads = [head for head in network.heads if head.predicted]
        whole = Forward(forward, tuple(map(network.nonlinearity, heads)))
        test_augment = with_values(plan.test_augment, numbers)
        return test_augment(whole, key, array_or_dict(batch_of(X, i)))

    def step(i: jax.Array, kept: Any) -> Any:
        return put(kept, i, batch(i))

    length = len(next(iter(X.values())))
    return lax.fori_loop(0, stop, step, buffer(batch, length))

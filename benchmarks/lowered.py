"""What the training programs of both ResNets cost, lowered for a GPU that need not be there.

XLA counts operations and bytes before it fuses anything. What follows a reduction over activations
cannot be fused into it, so that they are read from memory again, which accelerators wait for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple
from unittest.mock import patch

import jax
import jax.numpy as jnp
import numpy as np
from tabulate import tabulate

from skconv.data.fit_arguments import FitArguments
from skconv.estimator.prepare import prepare
from skconv.ops.platform import KERNELS, OTHERS
from skconv.training.arguments import StepRange
from skconv.training.ragged_feeder import make_feeder
from skconv.utils.memo import Memo

from . import handwritten_resnet, nets

STEPS = 2
"""Steps of the lowered epoch; XLA counts those of a loop once."""

PLATFORM = "cuda"


class Cost(NamedTuple):
    """What a step costs before XLA fuses operations.

    Parameters
    ----------
    operations : float
        Floating-point operations.
    traffic : float
        Bytes that single operations read and write.
    reduced : float
        Number of values that reductions take.
    """

    operations: float
    traffic: float
    reduced: float


def ours(batch: int, width: float, dtype: str) -> Any:
    """Lower the training program of skconv."""
    X = np.zeros((STEPS * batch, 3, 32, 32), np.uint8)
    y = np.resize(np.arange(10, dtype=np.int32), len(X))
    options = {"compute_dtype": dtype, "batch_iterator_train": batch, "random_state": 0}
    fit = prepare(nets.resnet(width, **options), FitArguments(X, y), None, Memo())
    with patch("skconv.data.chunks.spare_memory", lambda: 2**40):
        feed = next(make_feeder(fit.train, None, fit.model, None).feeds(1))
    steps = StepRange(1, 0, feed.steps, feed.rows, 0)
    args = fit.train_arguments(feed.batches, feed.order, None, steps)
    with _kernels_of_accelerators():
        return _lower(fit.programs.train._jitted, *args, outputs=False)


def by_hand(batch: int, width: float, dtype: str) -> Any:
    """Lower the program written by hand."""
    n = STEPS * batch
    params, state = handwritten_resnet.initial(0, width, classes=10)
    velocity = jax.tree.map(jnp.zeros_like, params)
    images, labels = np.zeros((n, 32, 32, 3), np.uint8), np.zeros(n, np.int32)
    order = np.zeros((STEPS, batch), np.int32)
    given = params, state, velocity, images, labels, order
    return _lower(handwritten_resnet.train, *given, dtype=jnp.dtype(dtype).type)


def cost(lowered: Any) -> Cost:
    """Return the cost of a lowered program."""
    counted = lowered.cost_analysis()
    reduced = sum(map(_values_reduced, lowered.as_text().splitlines()))
    return Cost(counted["flops"], counted["bytes accessed"], reduced)


def show(
    batches: Iterable[int] = (128, 512),
    dtypes: Iterable[str] = ("float32", "bfloat16"),
    width: float = 1.0,
) -> None:
    """Print the costs of both programs, for each size of batches and each type."""
    rows = []
    for batch, dtype in product(batches, dtypes):
        own, hand = (cost(make(batch, width, dtype)) for make in (ours, by_hand))
        for name, a, b in zip(Cost._fields, own, hand, strict=True):
            rows.append((batch, dtype, name, *(f"{n / 1e9:.4g}" for n in (a, b)), f"{a / b:.3f}"))
    heads = "batch", "type", "10^9 of", "skconv", "JAX by hand", "ratio"
    print(tabulate(rows, heads, disable_numparse=True))


def _lower(jitted: Any, *args: Any, **static: Any) -> Any:
    return jitted.trace(*args, **static).lower(lowering_platforms=(PLATFORM,))


def _kernels_of_accelerators() -> Any:
    """Return a block in which functions are traced as on a GPU."""
    tables = {
        name: dict.fromkeys((*table, OTHERS), table[OTHERS]) for name, table in KERNELS.items()
    }
    return patch.dict(KERNELS, tables)


def _values_reduced(line: str) -> int:
    """Return how many values a line of a program takes, if it is a reduction."""
    if "= stablehlo.reduce(" not in line:
        return 0
    shape = re.search(r" : \(tensor<((?:\d+x)*)", line)
    if shape is None:
        raise ValueError(f"a reduction must name the type of its operand, got {line}")
    return math.prod(int(size) for size in shape[1].split("x") if size)

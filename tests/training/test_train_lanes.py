import jax
import numpy as np
import pytest

from skconv.data.device import IndexedBatches, StackedBatches
from skconv.data.fit_arguments import FitArguments
from skconv.estimator.prepare import prepare
from skconv.training.arguments import StepRange
from skconv.training.train_lanes import LANE_AXES
from skconv.utils.memo import Memo

from ..nets import X, make_net, y


def stack_lanes(axis, arguments):
    if axis is None:
        return arguments[0]
    if axis == 0:
        return jax.tree.map(lambda *leaves: np.stack(leaves), *arguments)
    return type(axis)(*map(stack_lanes, axis, zip(*arguments, strict=True)))


@pytest.mark.parametrize("mode", ["vmap", "unroll"])
def test_lanes_train_as_single_nets_do(mode):
    fit = prepare(make_net(), FitArguments(X, y), None, Memo())
    batches = {"input": X[None]}, y[None].astype(np.int32)
    rows = StackedBatches(*batches, np.ones((1, 40), np.float32), np.arange(40)[None])
    index = np.arange(32, 40, dtype=np.int32)[None]
    valid = IndexedBatches(*batches, index, np.ones((1, 8)))
    order = np.random.default_rng(0).permutation(40)[:32].reshape(1, 2, 16).astype(np.int32)

    def lane_arguments(rate, seed):
        arguments = fit.train_arguments(rows, order, valid, StepRange(1, 0, 2, 32, 1))
        update = {**arguments.values.update, "learning_rate": np.full(2, rate)}
        values = arguments.values._replace(update=update)
        return arguments._replace(
            values=jax.tree.map(np.float32, values),
            position=arguments.position._replace(seed=np.uint32(seed)),
        )

    lanes = [lane_arguments(0.1, 1), lane_arguments(0.5, 2)]
    stacked = map(stack_lanes, LANE_AXES, zip(*lanes, strict=True))
    together = fit.programs.train_lanes(*stacked, mode=mode)
    for i, lane in enumerate(lanes):
        single = fit.programs.train(*lane)
        for found, expected in zip(jax.tree.leaves(together), jax.tree.leaves(single), strict=True):
            np.testing.assert_allclose(found[i], expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(together.train[0], together.train[1])

import jax
import numpy as np
import pytest

from skconv.data.device import IndexedBatches, StackedBatches
from skconv.data.fit_arguments import FitArguments
from skconv.estimator.prepare import prepare
from skconv.training.arguments import StepRange
from skconv.training.train_lanes import LANE_AXES
from skconv.utils.memo import Memo

from ..nets import X, softmax_of, softmax_regression, still_net, y


def stack_lanes(axis, arguments):
    if axis is None:
        return arguments[0]
    if axis == 0:
        return jax.tree.map(lambda *leaves: np.stack(leaves), *arguments)
    return type(axis)(*map(stack_lanes, axis, zip(*arguments, strict=True)))


@pytest.mark.parametrize("mode", ["vmap", "unroll"])
def test_lanes_take_the_steps_of_gradient_descent(mode):
    W = np.random.default_rng(1).normal(size=(5, 3))
    net = still_net(output_W=W, objective_l2=0.0, train_split=0.2)
    fit = prepare(net, FitArguments(X, y), None, Memo())
    batches = {"input": X[None]}, y[None].astype(np.int32)
    rows = StackedBatches(*batches, np.ones((1, 40), np.float32), np.arange(40)[None])
    index = np.arange(32, 40, dtype=np.int32)[None]
    valid = IndexedBatches(*batches, index, np.ones((1, 8)))
    order = np.random.default_rng(0).permutation(32).reshape(1, 2, 16).astype(np.int32)

    def lane_arguments(rate, n):
        arguments = fit.train_arguments(rows, order, valid, StepRange(1, 0, 2, n, 1))
        update = {"learning_rate": np.full(2, rate)}
        values = arguments.values._replace(update=update)
        return arguments._replace(values=jax.tree.map(np.float32, values))

    lanes = [lane_arguments(0.1, 32), lane_arguments(0.5, 20)]
    stacked = map(stack_lanes, LANE_AXES, zip(*lanes, strict=True))
    together = fit.programs.train_lanes(*stacked, mode=mode)
    weight, loss = (fit.programs.valid_sums.index(name) for name in ("weight", "loss"))
    for i, (rate, n) in enumerate([(0.1, 32), (0.5, 20)]):
        steps = [order[0, 0], order[0, 1, : n - 16]]
        W, b = softmax_regression(net.output_W, X, y, steps, rate)
        found = together.carry.params["output"]
        np.testing.assert_allclose(found["W"][i], W, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(found["b"][i], b, rtol=1e-4, atol=1e-6)
        p = softmax_of(X[32:] @ W + b)[np.arange(8), y[32:]]
        assert together.valid[i, 0, weight] == 8
        assert together.valid[i, 0, loss] == pytest.approx(-np.log(p).sum(), rel=1e-4)

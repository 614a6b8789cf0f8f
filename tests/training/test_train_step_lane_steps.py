import jax
import numpy as np
import pytest

from skconv.data.dataset import FitArguments
from skconv.data.device import IndexedBatches, StackedBatches
from skconv.estimator.prepare import prepare
from skconv.training import train_step as steps
from skconv.training.train_step import AXES
from skconv.utils.memo import Memo

from ..nets import X, make_net, y


@pytest.mark.parametrize("how", ["vmap", "unroll"])
def test_lanes_are_trained_as_alone(how):
    net = make_net()
    fitting = prepare(net, FitArguments(X, y), None, Memo())
    model = fitting.model
    order = np.random.default_rng(0).permutation(40)[:32].reshape(1, 2, 16).astype(np.int32)
    ones = np.ones((1, 40), np.float32)
    index = np.arange(32, 40, dtype=np.int32)[None]
    shown = IndexedBatches({"input": X[None]}, y[None].astype(np.int32), index, np.ones((1, 8)))

    def args(rate, seed):
        values = fitting.values(0, 2)
        values = values._replace(update={**values.update, "learning_rate": np.full(2, rate)})
        return (
            steps.TrainState(model.params, model.state, model.opt),
            StackedBatches({"input": X[None]}, y[None].astype(np.int32), ones, np.arange(40)[None]),
            order,
            shown,
            jax.tree.map(np.float32, values),
            steps.StepPosition(np.uint32(seed), np.int32(0), np.int32(0)),
            steps.StepRange(*map(np.int32, (1, 0, 2, 32, 1))),
        )

    lanes = [args(0.1, 1), args(0.5, 2)]

    def stacked(axis, parts):
        if axis is None:
            return parts[0]
        if axis == 0:
            return jax.tree.map(lambda *leaves: np.stack(leaves), *parts)
        return type(axis)(*map(stacked, axis, zip(*parts, strict=True)))

    together = fitting.programs.train_lanes(*map(stacked, AXES, zip(*lanes, strict=True)), how=how)
    for i, lane in enumerate(lanes):
        alone = fitting.programs.train(*lane)
        for ours, known in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(ours[i], known, rtol=1e-4, atol=1e-5)
    assert not np.allclose(together.train[0], together.train[1])

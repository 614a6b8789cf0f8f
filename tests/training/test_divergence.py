"""Trainings that become infinite: what stops them, and where they go on from."""

import math
from dataclasses import dataclass

import pytest
from sklearn.exceptions import ConvergenceWarning

from skconv.layers import DenseLayer, InputLayer, Layer, ParamSpec

from ..nets import X, still_net, y


@dataclass(frozen=True)
class Growing(Layer):
    """Multiplies a number of its own by a thousand in each step, and passes the input on."""

    def param_specs(self, *input_shapes):
        return {"size": ParamSpec((), 1.0, trainable=False)}

    def output_shape(self, *input_shapes):
        return input_shapes[0]

    def apply(self, params, state, x, *, ctx):
        return x, {"size": 1000.0 * state["size"]} if ctx.train else state


@pytest.mark.parametrize("patience", [0.0, math.inf], ids=["one by one", "several in a call"])
def test_state_that_becomes_infinite_stops_a_training(monkeypatch, patience):
    """Float32 ends at 3.4e38, in the thirteenth step, the first of the fifth epoch."""
    monkeypatch.setattr("skconv.training.loop.PATIENCE", patience)
    layers = [InputLayer, (Growing, {"name": "growing"}), (DenseLayer, {"name": "output"})]
    net = still_net(layers=layers, max_epochs=12)
    with pytest.warns(ConvergenceWarning, match="infinite in epoch 5; .* those of epoch 4"):
        net.fit(X[:, :3], y)
    assert len(net.train_history_) == 4
    assert net.layers_["growing"].size == pytest.approx(1e36, rel=1e-4)


@pytest.mark.parametrize("patience", [0.0, math.inf], ids=["one by one", "several in a call"])
def test_steps_are_counted_on_from_the_last_good_epoch(monkeypatch, patience):
    monkeypatch.setattr("skconv.training.loop.PATIENCE", patience)
    asked = []

    def good(step):
        asked.append(step)
        return 0.1

    net = still_net(max_epochs=9, update_learning_rate=lambda step: 0.1 if step < 12 else 1e38)
    with pytest.warns(ConvergenceWarning, match="in epoch 5; .* those of epoch 4"):
        net.fit(X[:, :3], y)
    assert len(net.train_history_) == 4
    net.set_params(update_learning_rate=good).partial_fit(X[:, :3], y)
    assert {*asked} - {0} == {12, 13, 14}  # a check before training asks for the first
    assert [row["epoch"] for row in net.train_history_] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("scaled", [True, False])
def test_numbers_that_are_not_standardized_may_be(scaled):
    net = still_net(regression=True, output_W=0.0, update_learning_rate=1e38, normalize_y=scaled)
    hint = "or scale X$" if scaled else "or scale X, or set normalize_y=True$"
    with pytest.warns(ConvergenceWarning, match=rf"Lower update_learning_rate, {hint}"):
        net.fit(X[:, :3], X[:, 3])

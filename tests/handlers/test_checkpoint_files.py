import copy

import jax
import numpy as np
import pytest

from skconv.handlers.checkpoint import load_checkpoint, save_checkpoint
from skconv.layers import DenseLayer, InputLayer
from skconv.updates.rules import adam, sgd

from ..nets import X, make_net, y


@pytest.fixture(scope="module")
def net():
    return make_net(update=adam).fit(X, y)


def arrays(model):
    return jax.tree.map(np.asarray, (model.params, model.state, model.opt))


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_everything_comes_back(net, suffix, tmp_path):
    path = tmp_path / f"training.{suffix}"
    save_checkpoint(net._model, net.train_history_, path)
    other = make_net(update=adam, max_epochs=1).fit(X, y)._model
    assert load_checkpoint(other, path) == net.train_history_
    jax.tree.map(np.testing.assert_array_equal, arrays(other), arrays(net._model))
    assert (other.epoch, other.step) == (2, net._model.step)


def test_nan_in_the_history_comes_back(net, tmp_path):
    history = [{"valid_loss": float("nan"), "train_loss_best": True}]
    save_checkpoint(net._model, history, tmp_path / "a.npz")
    (row,) = load_checkpoint(net._model, tmp_path / "a.npz")
    assert np.isnan(row["valid_loss"])
    assert row["train_loss_best"] is True


def test_all_that_does_not_fit_is_told_and_changes_nothing(net, tmp_path):
    path = tmp_path / "a.npz"
    save_checkpoint(net._model, net.train_history_, path)
    wide = make_net(update=adam, hidden_num_units=6, random_state=1, max_epochs=1).fit(X, y)
    before = arrays(wide._model)
    with pytest.raises(ValueError, match=r"^10 problems") as caught:
        load_checkpoint(wide._model, path)
    text = str(caught.value)
    assert f"params['hidden']['W'] in {path} is float32 (5, 4), needs float32 (5, 6)" in text
    assert "other random numbers; give the net the random_state that it had" in text
    jax.tree.map(np.testing.assert_array_equal, arrays(wide._model), before)


def test_another_update_and_other_layers_are_told(net, tmp_path):
    path = tmp_path / "a.npz"
    save_checkpoint(net._model, net.train_history_, path)
    plain = make_net(update=sgd, max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match=r"it lacks nothing, and has update\[0\]\.count, "):
        load_checkpoint(plain._model, path)
    layers = [("input", InputLayer), ("output", DenseLayer)]
    flat = make_net(layers=layers, update=sgd, max_epochs=1).fit(X, y)
    save_checkpoint(flat._model, [], path)
    with pytest.raises(ValueError, match=r"it lacks params\['hidden'\]\['W'\], "):
        load_checkpoint(copy.copy(plain._model), path)

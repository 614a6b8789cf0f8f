import copy

import jax
import numpy as np
import pytest

from skconv.handlers import Checkpoint, EarlyStopping
from skconv.handlers.checkpoint import load_checkpoint, save_checkpoint
from skconv.layers import DenseLayer, InputLayer
from skconv.updates.rules import adam, sgd

from ..nets import X, make_net, y


class StoppedError(Exception):
    pass


def after(epochs):
    def fail(net, train_history):
        if len(train_history) == epochs:
            raise StoppedError

    return fail


def numbers(net):
    return [{k: v for k, v in row.items() if k != "dur"} for row in net.train_history_]


def test_a_training_that_was_cut_off_ends_as_one_that_was_not(tmp_path, capsys):
    path = tmp_path / "training.safetensors"
    whole = make_net(update=adam, max_epochs=5).fit(X, y)

    def cut():
        return make_net(update=adam, max_epochs=5, on_epoch_finished=Checkpoint(path))

    cut_off = cut()
    cut_off.on_epoch_finished = [cut_off.on_epoch_finished, after(3)]
    with pytest.raises(StoppedError):
        cut_off.fit(X, y)
    assert capsys.readouterr().out == ""
    again = cut().fit(X, y)
    assert capsys.readouterr().out == f"Resuming after epoch 3 from {path}.\n"
    assert numbers(again) == numbers(whole)
    for one, two in zip(again.get_all_params(), whole.get_all_params(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert numbers(cut().fit(X, y)) == numbers(whole)


def test_every_n_epochs_and_without_resuming(tmp_path):
    path = tmp_path / "training.npz"
    times = []

    def note(net, train_history):
        times.append(path.exists())

    checkpoint = Checkpoint(path, every_n_epochs=2, resume=False)
    make_net(max_epochs=3, on_epoch_finished=[checkpoint, note]).fit(X, y)
    assert times == [False, True, True]
    net = make_net(max_epochs=1, on_epoch_finished=checkpoint).fit(X, y)
    assert len(net.train_history_) == 1


def test_a_training_that_goes_on_by_itself_takes_no_file(tmp_path):
    checkpoint = Checkpoint(tmp_path / "a.npz")
    net = make_net(max_epochs=2, warm_start=True, on_epoch_finished=checkpoint).fit(X, y).fit(X, y)
    assert [row["epoch"] for row in net.train_history_] == [1, 2, 3, 4]


def test_a_file_that_does_not_fit_leaves_the_net_unfitted(tmp_path):
    path = tmp_path / "a.npz"
    make_net(max_epochs=1, on_epoch_finished=Checkpoint(path)).fit(X, y)
    other = make_net(random_state=1, on_epoch_finished=[Checkpoint(path), EarlyStopping()])
    with pytest.raises(ValueError, match="was written with another seed"):
        other.fit(X, y)
    assert not hasattr(other, "train_history_")


def test_the_path_is_checked_before_training(tmp_path):
    net = make_net(on_epoch_finished=Checkpoint(tmp_path / "missing" / "net.npz"))
    with pytest.raises(FileNotFoundError, match=r"^the folder of net.npz must exist, got '.*miss"):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")


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
    assert f"params['hidden']['W'] in {path} must be float32 (5, 6), got float32 (5, 4)" in text
    assert "another seed; set random_state to the same integer as in that training" in text
    jax.tree.map(np.testing.assert_array_equal, arrays(wide._model), before)


def test_another_update_and_other_layers_are_told(net, tmp_path):
    path = tmp_path / "a.npz"
    save_checkpoint(net._model, net.train_history_, path)
    plain = make_net(update=sgd, max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match=r"missing: none; unexpected: update\[0\]\.count, "):
        load_checkpoint(plain._model, path)
    layers = [("input", InputLayer), ("output", DenseLayer)]
    flat = make_net(layers=layers, update=sgd, max_epochs=1).fit(X, y)
    save_checkpoint(flat._model, [], path)
    with pytest.raises(ValueError, match=r"; missing: params\['hidden'\]\['W'\], "):
        load_checkpoint(copy.copy(plain._model), path)

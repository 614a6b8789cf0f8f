import numpy as np
import pytest

from skconv.handlers import Checkpoint, EarlyStopping
from skconv.updates.rules import adam

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
    assert capsys.readouterr().out == f"Going on from epoch 3 in {path}.\n"
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
    with pytest.raises(ValueError, match="comes from a training with other random numbers"):
        other.fit(X, y)
    assert not hasattr(other, "train_history_")

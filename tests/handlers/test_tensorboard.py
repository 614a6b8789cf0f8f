import math
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from tensorboardX.proto.event_pb2 import Event

from skconv.handlers import Checkpoint, ReduceLROnPlateau, SaveWeights, TensorBoard

from ..nets import X, make_net, y


def events_of(path):
    """All events in a file."""
    data = path.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        yield Event.FromString(data[12 : 12 + length])
        data = data[16 + length :]


def values_of(folder):
    """By tag and step, all that the files of a folder hold."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        for event in events_of(path):
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = value
    return found


def test_rows_and_rates_are_written(tmp_path):
    board = TensorBoard(tmp_path / "runs")
    plateau = ReduceLROnPlateau(factor=0.5, patience=1, threshold=1.0, verbose=0)
    net = make_net(train_split=None, on_epoch_finished=[plateau, board]).fit(X, y)
    found = values_of(board.path)
    text = found.pop("parameters/text_summary")[0].tensor.string_val[0].decode()
    assert "    update_learning_rate = 0.1" in text
    assert set(found) == {"loss/train", "dur", "update/learning_rate", "update/momentum"}
    for epoch, row in enumerate(net.train_history_, start=1):
        assert found["loss/train"][epoch].simple_value == np.float32(row["train_loss"])
    rates = [value.simple_value for value in found["update/learning_rate"].values()]
    np.testing.assert_allclose(rates, [0.1, 0.05])
    assert board.opened is None


def test_histograms_of_the_weights_come_every_n_epochs(tmp_path):
    board = TensorBoard(tmp_path, histograms=2)
    net = make_net(max_epochs=4, on_epoch_finished=board).fit(X, y)
    found = values_of(board.path)["output/W"]
    assert list(found) == [2, 4]
    assert math.isclose(found[4].histo.sum, np.float64(net.layers_["output"].W).sum(), rel_tol=1e-4)
    assert found[4].histo.num == 12


def test_a_training_that_goes_on_stays_in_its_folder_and_a_fit_has_a_new_one(tmp_path):
    board = TensorBoard(tmp_path)
    net = make_net(on_epoch_finished=board)
    for _ in range(3):
        net.partial_fit(X, y)
    assert list(values_of(board.path)["loss/train"]) == [1, 2, 3]
    first = board.path
    net.fit(X, y)
    clone(net).fit(X, y)
    assert board.path != first
    assert len(list(tmp_path.iterdir())) == 3


def shown(folder):
    """Steps that TensorBoard shows: it drops those that a later file starts again."""
    steps = []
    for path in sorted(Path(folder).iterdir(), key=lambda path: path.name.rpartition(".")[2]):
        for event in events_of(path):
            if event.HasField("session_log"):
                steps = [step for step in steps if step < event.step]
            steps += [event.step for value in event.summary.value if value.tag == "loss/train"]
    return steps


@pytest.mark.parametrize("first", [True, False])
def test_a_resumed_training_stays_in_its_folder(tmp_path, first):
    """Killed after it has logged an epoch that no checkpoint holds."""

    def fail(net, train_history):
        if len(train_history) == 3:
            raise RuntimeError("stop")

    def net(folder, *more):
        board, save = TensorBoard(folder), Checkpoint(tmp_path / "a.npz", 2, verbose=0)
        handlers = [board, save] if first else [save, board]
        return make_net(max_epochs=4, on_epoch_finished=[*handlers, *more])

    with pytest.raises(RuntimeError, match="stop"):
        net(tmp_path / "runs", fail).fit(X, y)
    (tmp_path / "runs").rename(tmp_path / "moved")
    resumed = net(tmp_path / "moved").fit(X, y)
    (folder,) = (tmp_path / "moved").iterdir()
    assert [row["epoch"] for row in resumed.train_history_] == [1, 2, 3, 4]
    assert shown(folder) == [1, 2, 3, 4]


def test_a_logger_that_is_added_to_a_resumed_training_starts_a_run(tmp_path):
    save = Checkpoint(tmp_path / "a.npz", verbose=0)
    make_net(max_epochs=1, on_epoch_finished=save).fit(X, y)
    board = TensorBoard(tmp_path / "runs")
    make_net(max_epochs=2, on_epoch_finished=[board, save]).fit(X, y)
    assert shown(board.path) == [2]


def test_a_net_that_is_writing_can_be_pickled(tmp_path):
    save = SaveWeights(tmp_path / "net.pickle", pickle=True)
    make_net(on_epoch_finished=[TensorBoard(tmp_path / "runs"), save]).fit(X, y)
    copy = pickle.loads((tmp_path / "net.pickle").read_bytes())
    assert copy.on_epoch_finished[0].opened is None


def test_the_file_is_closed_after_a_failure(tmp_path):
    def fail(net, train_history):
        raise RuntimeError("stop")

    board = TensorBoard(tmp_path)
    with pytest.raises(RuntimeError, match="stop"):
        make_net(on_epoch_finished=[board, fail]).fit(X, y)
    assert board.opened is None
    assert list(values_of(board.path)["loss/train"]) == [1]

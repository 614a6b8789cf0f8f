import math
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from tensorboardX.proto.event_pb2 import Event

from skconv.handlers import ReduceLROnPlateau, SaveWeights, TensorBoard

from ..nets import X, make_net, y


def values_of(folder):
    """By tag and step, all that the files of a folder hold."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            event = Event.FromString(data[12 : 12 + length])
            data = data[16 + length :]
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

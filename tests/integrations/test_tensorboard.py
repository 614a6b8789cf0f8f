import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from skconv.handlers import TensorBoard

from ..nets import X, make_net, y


def test_tensorboard_reads_the_history_and_the_weights(tmp_path):
    board = TensorBoard(tmp_path, histograms=2)
    net = make_net(on_epoch_finished=board).partial_fit(X, y).partial_fit(X, y)
    log = EventAccumulator(board.path).Reload()
    found = [(event.step, event.value) for event in log.Scalars("loss/train")]
    assert found == [(row["epoch"], np.float32(row["train_loss"])) for row in net.train_history_]
    assert [event.value for event in log.Scalars("update/learning_rate")] == [np.float32(0.1)] * 2
    names = {parameter.name.replace(".", "/") for parameter in net.get_all_params()}
    assert set(log.Tags()["histograms"]) == names
    assert [event.step for event in log.Histograms("output/W")] == [2]
    text = log.Tensors("parameters/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "update_learning_rate = 0.1" in text

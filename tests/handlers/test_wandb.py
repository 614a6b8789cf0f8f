import json
import struct

import pytest

from skconv.handlers import Checkpoint, WandbLogger

from ..nets import X, make_net, y

wandb = pytest.importorskip("wandb")


BLOCK = 2**15


def records_of(data):
    """Records of LevelDB's log format: a checksum, a length, a type, and the data."""
    place, kept = 7, b""
    while place < len(data):
        if BLOCK - place % BLOCK < 7:
            place += BLOCK - place % BLOCK
        _, length, kind = struct.unpack("<IHB", data[place : place + 7])
        kept += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):
            yield kept
            kept = b""


def rows_of(path):
    """Rows and parameters that a run left in its file."""
    from wandb.proto.wandb_internal_pb2 import Record

    rows, config = [], {}
    for data in records_of(path.read_bytes()):
        record = Record.FromString(data)
        items = {".".join(item.nested_key) or item.key: item for item in record.history.item}
        if items:
            rows.append({name: json.loads(item.value_json) for name, item in items.items()})
        config |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
    return rows, config


def test_a_training_is_a_run_in_a_local_folder(tmp_path):
    logger = WandbLogger(
        "digits", dir=str(tmp_path), mode="offline", settings=wandb.Settings(silent=True)
    )
    net = make_net(on_epoch_finished=logger).fit(X, y)
    (path,) = tmp_path.glob(f"wandb/offline-run-*{logger.run_id}/*.wandb")
    rows, config = rows_of(path)
    assert config["update_learning_rate"] == "0.1"
    losses = [(row["_step"], row["valid_loss"]) for row in rows]
    assert losses == [(row["epoch"], row["valid_loss"]) for row in net.train_history_]
    assert rows[-1]["update_learning_rate"] == 0.1
    assert logger.opened is None


def test_a_resumed_training_has_the_same_run(tmp_path):
    def fit(epochs):
        logger = WandbLogger(
            dir=str(tmp_path), mode="offline", settings=wandb.Settings(silent=True)
        )
        save = Checkpoint(tmp_path / "a.npz", verbose=0)
        make_net(max_epochs=epochs, on_epoch_finished=[logger, save]).fit(X, y)
        return logger.run_id

    assert fit(1) == fit(2)

import csv

import numpy as np
import pytest

from skconv.handlers import WeightLog

from ..nets import X, make_net, y


class Recorder:
    def __init__(self):
        self.weights = []

    def __call__(self, net, history):
        self.weights.append(net.get_all_params_values())


def test_the_weight_log_agrees_with_numpy(tmp_path):
    recorder, log = Recorder(), WeightLog(save_to=tmp_path / "log.csv", write_every=2)
    make_net(max_epochs=2, train_split=None, on_batch_finished=[recorder, log]).fit(X, y)
    assert len(log.history) == 6
    before = recorder.weights[0]
    for entry, now in zip(log.history, recorder.weights, strict=True):
        for layer in ("hidden", "output"):
            for i in range(2):
                old, new = np.float64(before[layer][i]), np.float64(now[layer][i])
                name = f"{layer}_{i}"
                assert entry[f"{name} wdiff"] == pytest.approx(np.abs(new - old).mean(), rel=1e-4)
                assert entry[f"{name} wabsmean"] == pytest.approx(np.abs(new).mean(), rel=1e-5)
                assert entry[f"{name} wmean"] == pytest.approx(new.mean(), rel=1e-4, abs=1e-7)
        before = now
    with open(tmp_path / "log.csv", newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert rows == log.history


def test_a_new_weight_log_replaces_the_file_of_the_fit_before(tmp_path):
    log = WeightLog(save_to=tmp_path / "log.csv", write_every=1)
    net = make_net(max_epochs=1, train_split=None, on_batch_finished=log)
    net.fit(X, y).fit(X, y)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 1 + 3

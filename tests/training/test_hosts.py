import json
import os
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from skconv.training.hosts import Hosts
from tests.training import host_trials
from tests.training.host_trials import EPOCHS, X, Y, net

MINUTE = 60


def free_port():
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def run(trial, folder):
    """Run a trial in two processes; return what each found, and with which status it ended."""
    port = str(free_port())
    command = [sys.executable, host_trials.__file__, trial, port]
    options = {"env": {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}}
    options |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    pair = [subprocess.Popen([*command, str(i), str(folder)], **options) for i in range(2)]
    try:
        statuses = [one.wait(10 * MINUTE) for one in pair]
    finally:
        for one in pair:
            one.kill()
    return [json.loads((folder / f"{i}.json").read_text()) for i in range(2)], statuses


@pytest.fixture(scope="module")
def alone():
    return net().fit(X, Y)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hosts")


@pytest.fixture(scope="module")
def pair(folder):
    return run("train", folder)


def test_two_processes_learn_what_one_does(pair, alone):
    expected = [[row["train_loss"], row["first"]] for row in alone.train_history_]
    for found in pair[0]:
        np.testing.assert_allclose(found["weights"], host_trials.weights(alone), atol=1e-5)
        np.testing.assert_allclose(found["history"], expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found["predictions"], alone.predict(X[:3]), atol=1e-5)
    first, second = pair[0]
    assert first["durations"] == second["durations"]


def test_each_row_is_read_by_one_of_them(pair):
    first, second = (Counter(found["taken"]) for found in pair[0])
    assert first.total() == second.total()
    assert Counter((first + second).values()) == {EPOCHS: 64, 1: 16}


def test_only_the_first_prints_and_writes(pair, folder):
    first, second = pair[0]
    assert first["printed"].count("\n      ") == EPOCHS
    assert second["printed"] == ""
    assert len((folder / "log.csv").read_text().splitlines()) == EPOCHS + 1
    assert len(list(folder.glob("w-*.npz"))) == EPOCHS


@pytest.mark.parametrize("name", ["stopped", "interrupted", "failed"])
def test_all_end_when_one_does(pair, name):
    first, second = (found[name] for found in pair[0])
    assert first["epochs"] == second["epochs"] == 2
    assert first["warnings"] == second["warnings"]
    told = "interrupted after 2 epochs" in "".join(first["warnings"])
    assert told == (name == "interrupted")
    failed = "RuntimeError: the training of all processes ended, as process 1 got OSError: the disk"
    assert first["error"].startswith(failed if name == "failed" else "")
    assert second["error"] == ("OSError: the disk is full" if name == "failed" else "")


def test_all_must_train_the_same(pair):
    for found in pair[0]:
        different, refused = found["different"], found["refused"]
        assert different["epochs"] == refused["epochs"] == 0
        assert "processes that train together must be given the same" in different["error"]
        assert "differ in update_learning_rate" in different["error"]
        assert "random_state must be an integer where several" in refused["error"]
        assert "shard_params must be False where several" in refused["error"]


def test_handlers_of_one_process_do_not_keep_others_waiting(pair):
    assert [found["handlers of one"]["epochs"] for found in pair[0]] == [EPOCHS] * 2


def test_a_killed_process_ends_the_others_and_all_resume(pair, folder, alone):
    (first, _), (status, killed) = pair
    assert status != 0
    assert killed == -9
    assert first["killed"]["seconds"] < MINUTE
    assert "training needs all processes that it began with" in first["killed"]["error"]
    resumed, (killed, status) = run("resume", folder)
    assert status != 0
    assert killed == -9
    for found in resumed:
        assert found["resumed"]["epochs"] == EPOCHS
        np.testing.assert_allclose(found["weights"], host_trials.weights(alone), atol=1e-5)


def test_items_are_made_one_by_one(monkeypatch):
    several = Hosts(None)
    several.several = True
    monkeypatch.setattr("skconv.training.hosts.exchange", lambda value: [value, value])
    made = []
    items = several.each(made.append(i) or i for i in range(4))
    assert next(items) == 0
    assert made == [0]
    assert list(items) == [1, 2, 3]


def test_a_single_process_agrees_with_itself():
    hosts = Hosts(None)
    hosts.check_same({"what": "ever"})
    assert hosts.any([[], [1]]) == [False, True]
    assert hosts.slowest(0.5) == 0.5
    assert list(hosts.each(iter("ab"))) == ["a", "b"]
    with pytest.raises(StopIteration), hosts.together():
        raise StopIteration

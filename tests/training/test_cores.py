import os

import pytest

from skconv.training import cores
from skconv.training.cores import available_cores, describe_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity")
def test_cores_are_those_that_the_process_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert available_cores() == len(before)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "4 CPU threads"),
        ({"NPROC": "1"}, "1 CPU thread"),
        ({"NPROC": "1", "PJRT_NPROC": "3"}, "3 CPU threads"),
        ({"NPROC": "many"}, "4 CPU threads"),
    ],
)
def test_environment_variables_prevail(variables, expected, monkeypatch):
    for name in cores.THREADS:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cores, "available_cores", lambda: 4)
    assert describe_cores() == expected


def test_on_accelerators_the_platform_is_told(monkeypatch):
    monkeypatch.setattr(cores, "platform", lambda: "gpu")
    assert describe_cores() == "a gpu"

import os
import subprocess
import sys

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


@pytest.mark.cpu_only(reason="accelerators are told by their platform")
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


MULTIPLY = """
import hashlib, os, sys

os.sched_setaffinity(0, set(map(int, sys.argv[1].split(","))))
import jax
import numpy as np

X, D = np.random.default_rng(0).normal(size=(2, 4096, 64)).astype(np.float32)
product = jax.jit(lambda X, D: X.T @ D)(X, D)  # as in the gradient of a dense layer
print(hashlib.sha256(np.asarray(product).tobytes()).hexdigest())
"""


def test_the_number_of_threads_decides_the_bits_whatever_the_number_of_cores():
    if not hasattr(os, "sched_getaffinity") or available_cores() < 2:
        pytest.skip("needs two cores, and a system that can bind processes to cores")
    one, two, *_ = sorted(os.sched_getaffinity(0))
    environment = os.environ | {"PJRT_NPROC": "2"}
    found = [
        subprocess.check_output([sys.executable, "-c", MULTIPLY, cores], env=environment, text=True)
        for cores in (f"{one}", f"{one},{two}")
    ]
    assert found[0] == found[1]

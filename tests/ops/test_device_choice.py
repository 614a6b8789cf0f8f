import jax
import numpy as np
import pytest
from jax.sharding import Mesh

from skconv.ops.device_choice import (
    are_shared,
    device_count,
    is_devices,
    mesh_for,
    without_devices,
)

DEVICE = jax.local_devices()[0]


@pytest.mark.parametrize("value", [None, "all", 1, np.int64(1), [DEVICE], (DEVICE,)])
def test_one_device_is_the_default_device(value):
    with jax.default_device(DEVICE):
        assert is_devices(value)
        assert mesh_for(value) is None
        assert device_count(value) == 1


@pytest.mark.parametrize(
    "value",
    [
        *(0, -1, 10_000, 1.0, True, "cpu", "", [], [1], [DEVICE, DEVICE], {DEVICE}, DEVICE),
        Mesh(np.array([[DEVICE]]), ("a", "b")),
    ],
    ids=repr,
)
def test_values_that_choose_no_devices(value):
    assert not is_devices(value)
    assert device_count(value) == 1


def test_pickles_hold_the_number_of_given_devices():
    mesh = Mesh(np.array([DEVICE]), ("x",))
    assert is_devices(mesh)
    given = [None, "all", 3, "al", [DEVICE], (DEVICE,), mesh, [1, 2]]
    assert [without_devices(value) for value in given] == [None, "all", 3, "al", 1, 1, 1, [1, 2]]


def test_processes_take_part_with_as_many_devices_each(monkeypatch):
    from skconv.ops.device_choice import _suit_processes

    monkeypatch.setattr(jax, "process_count", lambda: 2)
    assert all(map(_suit_processes, [[0], [0, 0], [0, 1], [0, 0, 1, 1]]))
    assert not any(map(_suit_processes, [[1], [1, 0], [0, 1, 0, 1], [0, 1, 1], [0, 0, 1]]))


def test_devices_of_this_process_are_its_own():
    for value in (None, "all", 1, [DEVICE], "nothing", 0):
        assert not are_shared(value)

import jax
import numpy as np
from jax.sharding import Mesh

from skconv.ops import processes
from skconv.ops.processes import (
    exchange,
    is_first,
    own_mesh,
    own_range,
    own_share,
    spans_processes,
    training_together,
)

OWN = Mesh(np.array(jax.local_devices()[:1]), ("rows",))


class Elsewhere:
    """A device of another process."""

    process_index = 1
    platform = "cpu"


class Shared:
    """What is read of a mesh of two processes."""

    devices = np.array([*OWN.devices, Elsewhere()])
    axis_names = ("rows",)
    size = 2


def test_a_mesh_of_one_process():
    for mesh in (None, OWN):
        assert not spans_processes(mesh)
        assert own_mesh(mesh) is mesh
        assert own_share(mesh) == (0, 1)


def test_a_mesh_of_several_processes(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    assert spans_processes(Shared())
    assert own_mesh(Shared()) is None
    assert own_share(Shared()) == (0, 2)


def test_only_those_that_train_together_have_a_first(monkeypatch):
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    assert is_first()
    with training_together(OWN):
        assert is_first()
    with training_together(Shared()):
        assert not is_first()
    assert is_first()


def test_one_of_them_looks_at_each_row(monkeypatch):
    assert own_range(7) == range(7)
    monkeypatch.setattr(jax, "process_count", lambda: 3)
    seen = []
    for number in range(3):
        monkeypatch.setattr(jax, "process_index", lambda number=number: number)
        with training_together(Shared()):
            seen += own_range(7)
    assert seen == list(range(7))


def test_messages_of_any_length_are_exchanged():
    for value in ["", {"a": [1.5, None]}, "ü" * 200, "long" * 1000]:
        assert exchange(value) == [value]


def test_a_message_is_as_long_as_told(monkeypatch):
    sizes = []
    monkeypatch.setattr(processes, "process_allgather", lambda x: sizes.append(len(x)) or x[None])
    exchange("x" * (processes.MESSAGE_BYTES - 6))
    exchange("x" * (processes.MESSAGE_BYTES - 5))
    assert sizes == [512, 512, 512]

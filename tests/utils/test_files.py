import os

import pytest

from skconv.utils.files import atomic_write


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("old", [None, "old"])
def test_the_file_appears_when_the_block_ends(old, tmp_path):
    path = tmp_path / "weights.npz"
    if old:
        path.write_text(old)
    before = contents(tmp_path)
    with atomic_write(str(path)) as temporary:
        temporary.write_text("new")
        assert (temporary.parent, temporary.suffix) == (tmp_path, ".npz")
        assert contents(tmp_path) == before | {temporary.name: "new"}
    assert contents(tmp_path) == {"weights.npz": "new"}


@pytest.mark.parametrize("interruption", [OSError("disk full"), KeyboardInterrupt("Ctrl-C")])
def test_an_exception_keeps_the_old_file(interruption, tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("old")
    with pytest.raises(type(interruption), match=str(interruption)):  # noqa: PT012, SIM117
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise interruption
    assert contents(tmp_path) == {"history.csv": "old"}


def test_nothing_remains_if_the_file_cannot_be_replaced(tmp_path, monkeypatch):
    def fail(source, target):
        raise PermissionError("no entry")

    monkeypatch.setattr(os, "replace", fail)
    with (
        pytest.raises(PermissionError, match="no entry"),
        atomic_write(tmp_path / "a") as temporary,
    ):
        temporary.write_text("new")
    assert contents(tmp_path) == {}

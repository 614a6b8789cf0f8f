import errno
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

from skconv.utils import files
from skconv.utils.files import atomic_write, check_writable, naming

LEFTOVER = ".weights.skconv-{host}-0123456789abcdef.npz"


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def write(path, text):
    with atomic_write(path) as temporary:
        temporary.write_text(text)


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
    with pytest.raises(PermissionError, match="no entry"):
        write(tmp_path / "a", "new")
    assert contents(tmp_path) == {}


def test_threads_that_write_one_file_do_not_collide(tmp_path):
    path, errors = tmp_path / "weights.npz", []
    texts = {letter * 10_000 for letter in "abcdefgh"}

    def work(text):
        try:
            for _ in range(10):
                write(path, text)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert contents(tmp_path).keys() == {"weights.npz"}
    assert path.read_text() in texts


def test_file_and_folder_are_synced_before_and_after_the_file_is_renamed(tmp_path, monkeypatch):
    calls, fsync, replace = [], os.fsync, os.replace

    def note_sync(descriptor):
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def note_replace(source, target):
        calls.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_replace)
    write(tmp_path / "weights.npz", "new")
    assert calls == ["file", "rename", "folder"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_the_file_that_it_points_to_is_replaced(exists, tmp_path):
    (tmp_path / "store").mkdir()
    target = tmp_path / "store" / "blob"
    if exists:
        target.write_text("old")
    link = tmp_path / "weights.npz"
    link.symlink_to(target)
    with atomic_write(link) as temporary:
        assert (temporary.parent, temporary.suffix) == (target.parent, ".npz")
        temporary.write_text("new")
    assert link.is_symlink()
    assert contents(tmp_path / "store") == {"blob": "new"}


def test_a_circle_of_links_is_refused(tmp_path):
    link = tmp_path / "weights.npz"
    link.symlink_to(link)
    with pytest.raises(OSError, match=re.escape(str(link))) as caught:
        write(link, "new")
    assert caught.value.errno == errno.ELOOP
    assert link.is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_permissions_are_kept(mode, tmp_path):
    path = tmp_path / "weights.npz"
    path.write_text("old")
    path.chmod(mode)
    write(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").write_text("")
    write(tmp_path / "weights.npz", "new")
    assert (tmp_path / "weights.npz").stat().st_mode == (tmp_path / "usual").stat().st_mode


KILLED = """
import os, runpy, signal, sys
with runpy.run_path(sys.argv[1])["atomic_write"](sys.argv[2]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_deleted_by_the_next_write(tmp_path):
    path = tmp_path / "weights-0001.npz"
    ended = subprocess.run([sys.executable, "-c", KILLED, files.__file__, str(path)])
    assert ended.returncode == -signal.SIGKILL
    (left,) = contents(tmp_path)
    assert files.TEMPORARY.fullmatch(left)
    with atomic_write(tmp_path / "weights-0002.npz") as other:  # in use, and therefore kept
        other.write_text("second")
        write(tmp_path / "weights-0003.npz", "third")
        assert contents(tmp_path) == {other.name: "second", "weights-0003.npz": "third"}
    assert contents(tmp_path).keys() == {"weights-0002.npz", "weights-0003.npz"}


@pytest.mark.parametrize(("age", "kept"), [(0, True), (2 * files.DAY, False)])
def test_files_of_other_machines_are_kept_for_a_day(age, kept, tmp_path):
    left = tmp_path / LEFTOVER.format(host="0" * 8)
    left.write_text("half")
    os.utime(left, (time.time() - age,) * 2)
    write(tmp_path / "weights.npz", "new")
    assert left.exists() == kept


@pytest.mark.parametrize("name", [".weights.npz", ".weights-17.npz", "weights.skconv.npz"])
def test_other_files_are_kept(name, tmp_path):
    (tmp_path / name).write_text("mine")
    write(tmp_path / "new.npz", "new")
    assert (tmp_path / name).read_text() == "mine"


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path):
    path = tmp_path / ("ä" * 125 + ".npz")
    write(path, "new")
    assert contents(tmp_path) == {path.name: "new"}


@pytest.mark.parametrize("write", [check_writable, lambda path: write(path, "new")])
@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("no/folder/net.npz", FileNotFoundError, "the folder of net.npz must exist, got "),
        ("folder", IsADirectoryError, "Is a directory: "),
        ("pipe", OSError, "not a regular file, which could be replaced: "),
        ("a" * 300, OSError, "File name too long: "),
    ],
)
def test_paths_that_cannot_be_written_to_are_refused(write, name, error, message, tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / name
    shown = path.parent if error is FileNotFoundError else path
    with pytest.raises(error, match=f"{message}{re.escape(repr(str(shown)))}$"):
        write(path)
    assert contents_names(tmp_path) == {"folder", "pipe"}


def contents_names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("locked", ["folder", "file"])
def test_rights_are_checked(locked, tmp_path, monkeypatch):
    path = tmp_path / "weights.npz"
    path.write_text("old")
    refused = {"folder": tmp_path, "file": path}[locked]
    monkeypatch.setattr(os, "access", lambda path, mode: path != refused)  # root may do anything
    with pytest.raises(PermissionError, match=f"^.Errno 13. .*: {re.escape(repr(str(path)))}$"):
        check_writable(path)


def test_an_error_of_the_disk_names_the_file_and_not_the_temporary_one(tmp_path):
    path = tmp_path / "net.npz"
    with pytest.raises(OSError, match=re.escape(f"] No space left on device: '{path}'")) as caught:  # noqa: SIM117
        with atomic_write(path):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    with pytest.raises(IsADirectoryError, match=re.escape(f"Is a directory: '{path}'")):  # noqa: SIM117
        with atomic_write(path):
            path.mkdir()


def test_an_error_that_names_another_file_is_left_alone():
    with pytest.raises(FileNotFoundError, match=r"'other\.npz'"), naming("net.npz"):
        open("other.npz")  # noqa: SIM115

"""Atomic replacement of files."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from platform import node

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

HOST = blake2b(node().encode(), digest_size=4).hexdigest()
"""Name of this machine within those of temporary files."""

TEMPORARY = re.compile(r"\..*\.skconv-(?P<host>[0-9a-f]{8})-[0-9a-f]{16}(\..*)?", re.DOTALL)

DAY = 24 * 60 * 60


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file completely or not at all, even if the process is killed or the power fails.

    Threads and processes may write the same file: each has its own temporary file, and the last
    one wins. Temporary files that killed processes left in the folder are deleted.

    Parameters
    ----------
    path : str or path
        The file to create or replace. If it exists, the new file has its permissions; if it is a
        symbolic link, the file that it points to is replaced.

    Yields
    ------
    Path
        A temporary path in the same folder and with the same suffix, an empty file to be written
        inside the block. When the block ends, the temporary file replaces `path`; if an exception
        is raised, it is deleted and `path` is left unchanged.

    Raises
    ------
    OSError
        With the path, if the file cannot be written, such as on a full disk.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / 'notes.txt'
    >>> with atomic_write(path) as temporary:
    ...     _ = temporary.write_text('finished')
    >>> path.read_text()
    'finished'
    """
    check_writable(path)
    target = Path(os.path.realpath(path))
    _delete_leftovers(target.parent)
    # names have at most 255 bytes, and the target's may be that long
    token = f"{HOST}-{secrets.token_hex(8)}"
    temporary = target.with_name(f".{target.stem[:20]}.skconv-{token}{Path(path).suffix}")
    descriptor = -1
    try:
        with naming(path, temporary):
            descriptor = _create_locked(temporary)
            yield temporary
            os.fsync(descriptor)
            with suppress(FileNotFoundError):
                os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
            if fcntl is None:  # Windows does not rename files that are open
                os.close(descriptor)
                descriptor = -1
            os.replace(temporary, target)
            _sync_folder(target.parent)
    finally:
        try:
            if descriptor >= 0:
                os.close(descriptor)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def naming(path: str | os.PathLike[str], temporary: Path | None = None) -> Iterator[None]:
    """Name a file in an `OSError` that names none, such as that of a full disk.

    Parameters
    ----------
    path : str or path
    temporary : Path, optional
        A file whose name is replaced, too.

    Examples
    --------
    >>> with naming('net.npz'):
    ...     raise OSError(28, 'No space left on device')
    Traceback (most recent call last):
    OSError: [Errno 28] No space left on device: 'net.npz'
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, os.strerror(error.errno), os.fspath(path)) from error


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise an error if `atomic_write` cannot create or replace a file.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    IsADirectoryError
        If the path is a folder.
    PermissionError
        If the folder or the file may not be written to.
    OSError
        If the path is a device or the like, or its name is too long.

    Examples
    --------
    >>> check_writable('/no/such/folder/net.npz')
    Traceback (most recent call last):
    FileNotFoundError: the folder of net.npz must exist, got '/no/such/folder'
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    folder = target.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"the folder of {path.name} must exist, got {str(folder)!r}")
    try:
        mode = target.stat().st_mode  # raises OSError for a name that is too long
    except FileNotFoundError:
        mode = None
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if mode is not None and not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file, which could be replaced", os.fspath(path))
    may_replace = mode is None or os.access(target, os.W_OK)
    if not (may_replace and os.access(folder, os.W_OK | os.X_OK)):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))


def _create_locked(temporary: Path) -> int:
    """Create an empty file, and return a descriptor; it is locked while that is open."""
    while True:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        if fcntl is None:
            return descriptor
        with suppress(OSError):  # a file system without locks, on which nothing is deleted
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if temporary.exists():  # not deleted by another process before it was locked
            return descriptor
        os.close(descriptor)


def _delete_leftovers(folder: Path) -> None:
    """Delete the temporary files whose processes have ended, which shows in their locks.

    Other machines may not see the locks, so their files are left for a day.
    """
    if fcntl is None:
        return
    with suppress(OSError), os.scandir(folder) as entries:
        found = [(entry.path, TEMPORARY.fullmatch(entry.name)) for entry in entries]
        for path, match in found:
            if match is not None:
                with suppress(OSError):
                    _delete_unlocked(path, match["host"] == HOST)


def _delete_unlocked(path: str, own: bool) -> None:
    assert fcntl is not None
    if not own and time.time() - os.stat(path).st_mtime < DAY:
        return
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Let the file's new name survive a power failure, on systems that can open folders."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        finally:
            os.close(descriptor)

"""Atomic replacement of files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file completely or not at all.

    Parameters
    ----------
    path : str or path
        The file to create or replace.

    Yields
    ------
    Path
        A temporary path in the same folder and with the same suffix, to be written inside the
        block. When the block ends, the temporary file replaces `path`; if an exception is raised,
        it is deleted and `path` is left unchanged.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / 'notes.txt'
    >>> with atomic_write(path) as temporary:
    ...     _ = temporary.write_text('finished')
    >>> path.read_text()
    'finished'
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)

"""Compiled programs on disk, so that the next process starts warm."""

from __future__ import annotations

import os
from pathlib import Path

import jax
from jax.experimental.compilation_cache import compilation_cache

__all__ = ["set_compilation_cache"]


def set_compilation_cache(directory: str | os.PathLike[str] | None) -> None:
    """Keep compiled programs in a folder, for this process and those that come after.

    Off by default, unless JAX's own variable ``JAX_COMPILATION_CACHE_DIR`` names a folder. The
    folder holds JAX's format; it may be shared by processes and removed at any time.

    Parameters
    ----------
    directory : str, path or None
        Folder to use, made where it is missing; None switches the cache off.

    Examples
    --------
    >>> import tempfile
    >>> set_compilation_cache(tempfile.mkdtemp())
    >>> set_compilation_cache(None)
    """
    if directory is not None:
        directory = str(Path(directory).expanduser().resolve())
        Path(directory).mkdir(parents=True, exist_ok=True)
    jax.config.update("jax_compilation_cache_dir", directory)
    # JAX keeps what took a second or more to compile; small nets take less, and add up.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0 if directory else 1.0)
    compilation_cache.reset_cache()

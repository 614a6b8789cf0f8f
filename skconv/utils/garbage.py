"""Garbage that may wait."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def postpone_collections(*, all_stay: bool = False) -> Iterator[None]:
    """Collect no garbage in the block, which makes many objects.

    Python would look through them several times, which takes 0.36 of the 2.0 seconds of `import
    skconv`, and 0.4 of the 2.3 of a first fit of the tutorial's network after it (AMD EPYC, Python
    3.11, jax 0.10.2).

    Parameters
    ----------
    all_stay : bool
        Whether the objects are kept for good, as those of an import are. Then Python is told that
        all objects are old, so it looks through them only when it collects everything.

    Examples
    --------
    >>> import gc
    >>> with postpone_collections():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            if all_stay and not gc.get_freeze_count():  # what users have frozen stays so
                gc.freeze()
                gc.unfreeze()  # into the oldest generation
            gc.enable()

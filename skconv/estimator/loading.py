"""Load nets from files without pickle; what is damaged is refused, and no code is run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..config.names import Names
from ..errors import Problems
from ..network.archive import open_archive
from ..network.weight_files import SUFFIXES
from .configuring import decode_params, net_classes
from .net_file import CONFIG, CONFIG_ARRAYS, MEMBERS, TARGETS
from .restoring import read_arrays, restore

LEARNED = MEMBERS[2:]
"""The members of a net that was fitted or initialized."""

MOST_TEXT = 2000
"""Characters of a message."""


def load(path: str | os.PathLike[str], trusted: Iterable[Any] | None = None) -> Any:
    """Return the net of a file that `save` has written.

    It predicts as the saved one did. A further `fit` with ``warm_start=True`` and `partial_fit`
    continue with the state of the update rule and of the handlers.

    No code of the file is run, and nothing is imported unless it is trusted. Fitting the net may
    still read or write files if it has handlers or weights that do; look at its parameters first.

    Parameters
    ----------
    path : str or path
    trusted : list of str, type or function, default=None
        Your own classes and functions that the file may name, as in
        ``['mypackage.layers.MyLayer']``. An error lists those that it needs.

    Returns
    -------
    NeuralNet
        Of the class of the saved net.

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        With the path, for a file that is damaged, of another format or of a newer version, or
        whose parts do not fit together.

    Warns
    -----
    UserWarning
        If the state of the update rule does not fit because the file was written with another
        version of optax; training then continues with a new one.
    """
    names = Names(trusted, TARGETS)
    with _hinting(path), open_archive(path, MEMBERS) as archive, _naming_net(path):
        problems = Problems()
        config = archive.read_json(CONFIG)
        if not isinstance(config, Mapping):
            raise ValueError(f"{CONFIG!r} must hold a dict")
        cls = net_classes()["NeuralNet"]
        arrays = read_arrays(archive, CONFIG_ARRAYS)
        net = decode_params(cls, config, names, problems, arrays)
        problems.raise_any()
        if any(name in archive for name in LEARNED):
            restore(net, archive, names)
    return net


HINTS = {
    **dict.fromkeys(
        (*SUFFIXES, ".pt", ".pth"), "; weights are loaded by net.load_params_from(path)"
    ),
    ".skops": "; skops.io.load(path) loads files of skops",
    **dict.fromkeys(
        (".joblib", ".pickle", ".pkl"), "; joblib.load(path) loads pickles, and runs their code"
    ),
}
"""What to write for files of other formats."""


@contextmanager
def _hinting(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say in a `ValueError` what loads files with the ending of a path."""
    try:
        yield
    except ValueError as error:
        hint = HINTS.get(os.path.splitext(path)[1])
        if hint is None:
            raise
        raise ValueError(f"{error}{hint}") from error


@contextmanager
def _naming_net(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise whatever a damaged file causes in the block as a `ValueError` with the path.

    Values of wrong types cause errors of many types, wherever they are used first.
    """
    path = os.fspath(path)
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) or str(path) in str(error):
            raise
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        if len(text) > MOST_TEXT:
            text = text[:MOST_TEXT] + " ..."
        raise ValueError(f"{path} must hold a net: {text}") from error

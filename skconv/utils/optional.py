"""Imports of optional dependencies."""

from __future__ import annotations

import importlib
from types import ModuleType

EXTRAS = {
    "PIL": "images",
    "matplotlib": "plot",
    "pandas": "log",
    "tensorboardX": "log",
    "mlflow": "mlflow",
    "wandb": "wandb",
}
"""The extra of skconv that installs each package."""

NAMES = {"PIL": "Pillow"}
"""Names of packages that differ from those of their modules."""


def import_optional(name: str) -> ModuleType:
    """Import a module of an optional dependency.

    Parameters
    ----------
    name : str
        Full name of the module, as in ``import name``.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        If the package is not installed; the message names the extra to install.

    Examples
    --------
    >>> import_optional('matplotlib.ticker').__name__
    'matplotlib.ticker'
    """
    package = name.partition(".")[0]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        known, extra = NAMES.get(package, package), EXTRAS[package]
        raise ImportError(
            f"this needs {known}, which is not installed: pip install 'skconv[{extra}]'"
        ) from error

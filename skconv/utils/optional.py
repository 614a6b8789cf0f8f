"""Imports of optional dependencies."""

from __future__ import annotations

import importlib
from types import ModuleType

EXTRAS = {
    "PIL": "images",
    "huggingface_hub": "hub",
    "matplotlib": "plot",
    "pandas": "log",
    "tensorboardX": "log",
    "mlflow": "mlflow",
    "optuna": "optuna",
    "wandb": "wandb",
    "google.protobuf": "caffe",
    "onnx": "onnx",
    "jax2onnx": "onnx",
    "flax": "flax",
    "equinox": "equinox",
}
"""The extra of skconv that installs the package of each module."""

NAMES = {
    "PIL": "Pillow",
    "google.protobuf": "protobuf",
    "huggingface_hub": "huggingface-hub",
}
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
    module = next((m for m in EXTRAS if f"{name}.".startswith(f"{m}.")), name.partition(".")[0])
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in (module, module.partition(".")[0]):
            raise
        known, extra = NAMES.get(module, module), EXTRAS[module]
        raise ImportError(
            f"this needs {known}, which is not installed: pip install 'skconv[{extra}]'"
        ) from error

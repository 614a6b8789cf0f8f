"""Files of weights that torch wrote, read by torch without running code of them."""

from __future__ import annotations

import os
import pickle
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from .array_file import naming_file

SUFFIXES = (".pth", ".pt", ".bin", ".ckpt", ".tar")
"""Suffixes of files that `torch.save` writes."""


class TorchFile(Mapping[Any, Any]):
    """What a file of torch holds: a state dict, or a checkpoint with one.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    ImportError
        If torch is not installed.
    OSError
        If the file cannot be opened or read.
    ValueError
        If it is damaged, compressed or holds anything but tensors, numbers, strings and containers.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with open(path, "rb"):  # tells of a missing file before a missing package
            pass
        torch = _import_torch(path)
        with naming_file(path, Path(path).suffix):
            _check_archive(path)
            try:
                with warnings.catch_warnings(action="ignore"):  # about versions of pickle
                    found = torch.load(path, map_location="cpu", weights_only=True)
            except pickle.UnpicklingError as error:
                raise ValueError(_describe_refusal(path, error)) from error
            if not isinstance(found, Mapping):
                raise ValueError(
                    f"it must hold a state dict, as module.state_dict() returns it, got a "
                    f"{type(found).__name__}"
                )
        self._found = found

    def __getitem__(self, key: Any) -> Any:
        return self._found[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._found = {}


def _import_torch(path: str | os.PathLike[str]) -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        name = Path(path).name
        raise ImportError(
            f"{name} is read by torch, which is not installed: pip install torch; or convert it "
            "where torch is: safetensors.torch.save_file(torch.load("
            f"{name!r}, weights_only=True), {Path(name).stem + '.safetensors'!r})"
        ) from error
    return torch


def _check_archive(path: str | os.PathLike[str]) -> None:
    """Raise `ValueError` for archives of programs, and for those that grow when unpacked."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    name = Path(path).name
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise ValueError(
            "it must hold weights alone, got a TorchScript program; write torch.save("
            f"torch.jit.load({name!r}).state_dict(), 'weights.pth')"
        )
    size, unpacked = Path(path).stat().st_size, sum(entry.file_size for entry in entries)
    if unpacked > size or any(entry.compress_type for entry in entries):
        raise ValueError(f"it must not be compressed, got {size} bytes for {unpacked} bytes")


def _describe_refusal(path: str | os.PathLike[str], error: Exception) -> str:
    name = Path(path).name
    if "weights_only" not in str(error) and "Weights only" not in str(error):
        return str(error)
    return (
        "it holds other objects than tensors, which may run any code when they are loaded; if you "
        "trust it, write its weights where it was made: torch.save(torch.load("
        f"{name!r}, weights_only=False).state_dict(), 'weights.pth')"
    )

"""Published weights from Hugging Face's hub, or from a folder in its layout."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..network.weight_files import open_weights
from ..preprocessing import PrepareImages
from ..utils.checks import is_integer
from ..utils.optional import import_optional
from .architectures import architecture
from .pretrained import Pretrained
from .torch.modules import find_state_dict
from .torch.targets import targets_of
from .torch.weights import from_torch
from .vit import resampled_positions

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Names of files of weights, the preferred one first."""

SHAPES = ("num_classes", "in_chans", "img_size")
"""Arguments of timm that other entries of a config repeat."""

USUAL = {"global_pool": ("avg", "token", "")}
"""Arguments of timm with the values that networks have by default."""

MAX_CONFIG = 2**24
"""Bytes of a config, of which names of labels take most."""


def load(
    name: str | os.PathLike[str],
    *,
    image_size: int | tuple[int, int] | None = None,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
) -> Pretrained:
    """Return published weights with their network and the preparation of images.

    They are downloaded to the cache of ``huggingface_hub`` once (``pip install 'skconv[hub]'``).

    Parameters
    ----------
    name : str or path
        A repository of Hugging Face's hub whose network is one of `skconv.models`, such as
        ``'timm/resnet18.a1_in1k'``; or a folder with the same files, ``config.json`` and
        ``model.safetensors``.
    image_size : int or (int, int), optional
        Side, or height and width, of images of another size than the weights were trained with. The
        positions of a vision transformer are interpolated, as timm does; networks that end in
        dense layers for one size, such as AlexNet and VGG, cannot take others.
    revision : str, optional
        Branch, tag or commit of the repository; by default the newest.
    cache_dir : path, optional
        Where files are kept; by default in the cache of ``huggingface_hub``.
    local_files_only : bool
        Whether to take files from the cache only.

    Returns
    -------
    Pretrained
        ``NeuralNet(**p.network, pretrained=p)`` predicts what the network does in torch, for images
        from ``p.preprocessing``, and trains from there.

    Raises
    ------
    ImportError
        If ``huggingface_hub`` is needed and not installed.
    OSError
        If a file cannot be found or downloaded.
    ValueError
        For an unknown architecture, with those that are known; if the weights are not those of the
        architecture; or if files are damaged.

    Examples
    --------
    >>> from skconv import NeuralNet, models
    >>> resnet = models.load('timm/resnet18.a1_in1k')  # doctest: +SKIP
    >>> net = NeuralNet(**resnet.network, pretrained=resnet)  # doctest: +SKIP
    >>> net.initialize().predict(resnet.preprocessing.transform(X))  # doctest: +SKIP
    """
    folder = Path(name)
    if folder.is_dir():
        files = _snapshot(folder, revision)
    else:
        files = _download(str(name), revision, cache_dir, local_files_only)
    config = _read_config(files["config.json"])
    published = dict(config.get("pretrained_cfg") or config)
    if image_size is not None:
        size: Any = [image_size] * 2 if is_integer(image_size) else image_size
        if (
            not isinstance(size, list | tuple)
            or len(size) != 2
            or not all(is_integer(n, 1) for n in size)
        ):
            raise ValueError(
                "image_size must be a positive integer, or two for height and width, got "
                f"{image_size!r}"
            )
        channels = _sequence(published, "input_size", (3, 224, 224), 3)[0]
        published["input_size"] = [channels, *(int(n) for n in size)]
    try:
        network, classes = _network(config, published)
        preprocessing = _preprocessing(published)
    except ValueError as error:
        raise ValueError(f"{files['config.json']}: {error}") from error
    path = next(files[name] for name in WEIGHTS if name in files)
    targets, heads = targets_of(network)
    with open_weights(path) as file:
        try:
            arrays = from_torch(find_state_dict(file), targets, heads=heads).arrays
            count, size = sum(math.prod(one.shape) for one in arrays.values()), path.stat().st_size
            if count > size:
                raise ValueError(
                    f"it must hold what it declares, got {count} numbers in {size} bytes"
                )
            weights = {
                ".".join(place): np.array(array, np.float32) for place, array in arrays.items()
            }
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    weights |= resampled_positions(weights, network)
    return Pretrained(network, weights, preprocessing, str(name), classes)


def _snapshot(folder: Path, revision: str | None) -> dict[str, Path]:
    """Return the files of a folder, which may be a repository in the layout of the hub's cache."""
    if (folder / "snapshots").is_dir():
        reference = folder / "refs" / (revision or "main")
        commit = reference.read_text().strip() if reference.is_file() else revision or "main"
        folder = folder / "snapshots" / commit
    files = {name: folder / name for name in ("config.json", *WEIGHTS)}
    found = {name: path for name, path in files.items() if path.is_file()}
    if "config.json" not in found or len(found) < 2:
        raise FileNotFoundError(
            f"{folder} must have config.json and {' or '.join(WEIGHTS)}, as repositories of timm "
            f"have, got {', '.join(found) or 'neither'}"
        )
    return found


def _download(
    name: str, revision: str | None, cache_dir: Any, local_files_only: bool
) -> dict[str, Path]:
    """Return the files of a repository, from the cache or the network."""
    repository = name.removeprefix("hf-hub:").removeprefix("hf_hub:")
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise ValueError(
            f"name must be a repository of Hugging Face's hub, as in 'timm/resnet18.a1_in1k', or a "
            f"folder that exists, got {name!r}"
        )
    hub = import_optional("huggingface_hub")
    missing = import_optional("huggingface_hub.errors").EntryNotFoundError

    def fetch(file: str) -> Path:
        return Path(
            hub.hf_hub_download(
                repository,
                file,
                revision=revision,
                cache_dir=cache_dir,
                local_files_only=local_files_only,
            )
        )

    files = {"config.json": fetch("config.json")}
    problem: Exception | None = None
    for file in WEIGHTS:
        try:
            return files | {file: fetch(file)}
        except missing as error:
            problem = problem or error
    raise FileNotFoundError(
        f"{repository} must have {' or '.join(WEIGHTS)}: {problem}"
    ) from problem


def _read_config(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_CONFIG:
        raise ValueError(f"{path} must have at most {MAX_CONFIG} bytes")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must hold JSON: {error}") from error
    if not isinstance(config, dict):
        raise ValueError(f"{path} must hold a JSON object, got a {type(config).__name__}")
    return config


def _network(
    config: Mapping[str, Any], published: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...] | None]:
    """Return the network of a config, and the names of its classes."""
    name = config.get("architecture", published.get("architecture"))
    if not isinstance(name, str):
        other = config.get("architectures") or config.get("model_type")
        hint = f"; it is one of transformers, {other!r}" if other else ""
        raise ValueError(
            f"config must have an architecture, as those of timm have, got {name!r}{hint}"
        )
    arguments = config.get("model_args") or {}
    others = {key: value for key, value in arguments.items() if value not in USUAL.get(key, ())}
    others = {key: value for key, value in others.items() if key not in SHAPES}
    if others:
        raise ValueError(f"model_args must not change the network, got {others!r}")
    shape = _sequence(published, "input_size", (3, 224, 224), 3)
    count = config.get("num_classes", published.get("num_classes", 1000))
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < 2**24:
        raise ValueError(f"num_classes must be a non-negative integer, got {count!r}")
    if not all(isinstance(n, int) and 0 < n < 2**16 for n in shape):
        raise ValueError(f"input_size must be three positive integers, got {list(shape)!r}")
    network = architecture(
        name.partition(".")[0], input_shape=tuple(shape), num_classes=count or None
    )
    labels = config.get("label_names") or published.get("label_names")
    if labels is not None and (not isinstance(labels, list) or len(labels) != count):
        raise ValueError(f"label_names must be a list of {count} names")
    return network, None if labels is None else tuple(map(str, labels))


def _preprocessing(published: Mapping[str, Any]) -> PrepareImages:
    """Return the preparation of images that the weights were trained with."""
    size = tuple(_sequence(published, "input_size", (3, 224, 224), 3)[1:])
    part = published.get("crop_pct") or 0.875
    if isinstance(part, bool) or not isinstance(part, int | float) or not 0 < part <= 1:
        raise ValueError(f"crop_pct must be a fraction, got {part!r}")
    modes = {"center": "crop", "squash": "stretch"}
    mode = published.get("crop_mode") or "center"
    if mode not in modes:
        raise ValueError(f"crop_mode must be one of {', '.join(map(repr, modes))}, got {mode!r}")
    prepare = PrepareImages(
        size=size[0] if size[0] == size[1] else size,
        resize_to=tuple(math.floor(n / part) for n in size),
        resize=modes[mode],
        resample=published.get("interpolation") or "bilinear",
    )
    for name in ("mean", "std"):
        default = getattr(prepare, name)
        prepare.set_params(**{name: tuple(_sequence(published, name, default, None))})
    return prepare


def _sequence(
    config: Mapping[str, Any], name: str, default: Any, length: int | None
) -> list[Any] | tuple[Any, ...]:
    value = config.get(name) or default
    if not isinstance(value, list | tuple) or length not in (None, len(value)):
        raise ValueError(f"{name} must be a list of numbers, got {value!r}")
    return value

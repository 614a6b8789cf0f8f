"""What a layer of Caffe does to the images that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...preprocessing import CaffePreprocessing
from .layout import CaffeLayer
from .numbers import plain

GRAY, COLOR = 1, 3

OLD = {"Data": "data", "ImageData": "image_data", "WindowData": "window_data"}
"""Types of layers whose own parameters have what is a message of its own today."""


class ImageTransform(NamedTuple):
    """What happens to images in the phase of prediction.

    Parameters
    ----------
    channels : int
    crop_size : int
        0 for whole images.
    mean_value : tuple of float
    mean_file : str
        Path of a file with the mean of each pixel, or an empty string.
    scale : float
    """

    channels: int
    crop_size: int
    mean_value: tuple[float, ...]
    mean_file: str
    scale: float


def image_transform(layer: CaffeLayer) -> ImageTransform:
    """Return what a layer that reads images does to them.

    Parameters
    ----------
    layer : CaffeLayer
    """
    given = layer.message.transform_param
    old = layer.param(OLD[layer.type]) if layer.type in OLD else None

    def value(name: str) -> Any:
        is_old = old is not None and old.HasField(name) and not given.HasField(name)
        return getattr(old if is_old else given, name)

    means = tuple(map(plain, given.mean_value))
    is_color = layer.type != "ImageData" or layer.param("image_data").is_color
    is_gray = given.force_gray or not is_color or len(means) == GRAY
    channels = GRAY if is_gray else COLOR
    return ImageTransform(
        channels, value("crop_size"), means, value("mean_file"), plain(value("scale"))
    )


def image_size(layer: CaffeLayer) -> tuple[int, int, int] | None:
    """Return channels, height and width of the images that a layer makes, if it tells.

    Parameters
    ----------
    layer : CaffeLayer
    """
    transform, channels, height, width = image_transform(layer), 0, 0, 0
    if layer.type == "MemoryData":
        param = layer.param("memory_data")
        channels, height, width = param.channels, param.height, param.width
    else:
        given = layer.param("image_data")
        channels, height, width = transform.channels, given.new_height, given.new_width
    if transform.crop_size:
        height = width = transform.crop_size
    return (channels, height, width) if min(channels, height, width) > 0 else None


def preprocessing_of(
    layer: CaffeLayer, input_shape: Sequence[int] | None = None
) -> CaffePreprocessing | None:
    """Return a transformer that does to images what a layer does; None if it changes nothing.

    Parameters
    ----------
    layer : CaffeLayer
    input_shape : sequence of int, optional
        Channels, height and width, if they are not those of the layer.
    """
    transform = image_transform(layer)
    size = transform.crop_size or None
    if size and input_shape is not None:
        size = input_shape[-1] if input_shape[-2:] == (input_shape[-1],) * 2 else None
    means = transform.mean_value
    if not (size or means) and transform.scale == 1:
        return None
    mean: Any = (means[0] if len(means) == 1 else means) if means else 0.0
    return CaffePreprocessing(mean, scale=transform.scale, crop_size=size)

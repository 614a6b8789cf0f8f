"""Image files decoded to arrays of one form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..utils.optional import import_optional
from .file_names import hint_for

FORMATS = {
    "AVIF": (".avif", ".avifs"),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "GIF": (".gif",),
    "ICO": (".ico",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
    "MPO": (".mpo",),
    "PCX": (".pcx",),
    "PNG": (".png", ".apng"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "TGA": (".tga",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
"""Formats that are read, with the endings of their files.

Pillow knows others, such as EPS, for which it starts another program.
"""

RESIZES = ("crop", "pad", "stretch")
"""How images of another aspect ratio are brought to a size."""

FILTERS = ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")
"""Filters of Pillow, of which all but the first average over the pixels that become one."""

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Modes of Pillow by number of channels."""

ORIENTATION = 0x0112
"""The entry of EXIF that says how a camera was held."""

TURNED = (5, 6, 7, 8)
"""Orientations that exchange width and height."""

DRAFT = 2
"""How much larger than its size a JPEG file is decoded at least."""


class UndecodableImageError(ValueError):
    """An image file that is missing, damaged, too large, or of an unknown format."""


@dataclass(frozen=True)
class ImageForm:
    """The form of images: their size, their channels, and how they get there.

    Parameters
    ----------
    size : (int, int) or None
        Height and width; None to keep those of each file.
    channels : {1, 3, 4}
    resize : one of `RESIZES`
    resample : one of `FILTERS`
    background : (int, int, int)
        Color behind what is transparent, and around padded images.
    draft : bool
        Whether JPEG files are decoded in the smallest resolution that is `DRAFT` times the size.
    """

    size: tuple[int, int] | None
    channels: int
    resize: str
    resample: str
    background: tuple[int, int, int]
    draft: bool

    def decode(self, path: str) -> np.ndarray:
        """Return the image in a file.

        Returns
        -------
        uint8 array of shape (channels, height, width)

        Raises
        ------
        UndecodableImageError
        """
        with opened(path) as file:
            if self.draft and self.size is not None and file.format in ("JPEG", "MPO"):
                height, width = self.size[::-1] if _orientation(file) in TURNED else self.size
                file.draft(None, (DRAFT * width, DRAFT * height))
            file.load()
            orientation = _orientation(file)  # which Pillow has removed if it turned the image
            image = self._resized(self._with_channels(_turned(_eight_bits(file), orientation)))
            array = np.asarray(image)
        return array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)

    def blank(self, size: tuple[int, int]) -> np.ndarray:
        """Return an image of nothing but background, or of transparency with four channels."""
        image = import_optional("PIL.Image").new(MODES[self.channels], size[::-1], self._color())
        array = np.asarray(image)
        return array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)

    def _color(self) -> Any:
        return {1: _luma(self.background), 3: self.background, 4: (*self.background, 0)}[
            self.channels
        ]

    def _with_channels(self, image: Any) -> Any:
        mode = MODES[self.channels]
        if image.has_transparency_data:
            image = image.convert("RGBA")
            if self.channels != 4:
                module = import_optional("PIL.Image")
                ground = module.new("RGBA", image.size, (*self.background, 255))
                image = module.alpha_composite(ground, image)
        if image.mode not in ("L", "RGB", "RGBA"):
            image = image.convert("L" if image.mode == "1" else "RGB")  # L does not know all modes
        return image if image.mode == mode else image.convert(mode)

    def _resized(self, image: Any) -> Any:
        if self.size is None:
            return image
        size = self.size[::-1]
        method = getattr(import_optional("PIL.Image").Resampling, self.resample.upper())
        if self.resize == "crop":
            return import_optional("PIL.ImageOps").fit(image, size, method)
        if self.resize == "stretch":
            return image.resize(size, method)
        scale = min(to / own for to, own in zip(size, image.size, strict=True))
        inner = tuple(max(1, round(own * scale)) for own in image.size)
        inner = tuple(map(min, inner, size))
        padded = import_optional("PIL.Image").new(image.mode, size, self._color())
        place = tuple(round((to - own) / 2) for to, own in zip(size, inner, strict=True))
        padded.paste(image.resize(inner, method), place)
        return padded


@contextmanager
def opened(path: str) -> Iterator[Any]:
    """Open an image file, of which only the start is read, and name it in errors of the block.

    Yields
    ------
    PIL.Image.Image

    Raises
    ------
    UndecodableImageError
    """
    module = import_optional("PIL.Image")
    module.init()
    limit = module.MAX_IMAGE_PIXELS
    try:
        with module.open(path, formats=[name for name in FORMATS if name in module.OPEN]) as file:
            width, height = file.size
            if limit is not None and width * height > limit:
                raise module.DecompressionBombError
            yield file
    except (MemoryError, UndecodableImageError):
        raise
    except (module.DecompressionBombError, module.DecompressionBombWarning) as error:
        raise UndecodableImageError(
            f"{path!r} has more than {limit:,} pixels, the limit PIL.Image.MAX_IMAGE_PIXELS"
        ) from error
    except Exception as error:  # libraries raise whatever damaged bytes lead them to
        raise UndecodableImageError(f"{path!r} {_reason(error, path)}") from error


def image_size(path: str) -> tuple[int, int]:
    """Return height and width of the image in a file, upright.

    Raises
    ------
    UndecodableImageError
    """
    with opened(path) as file:
        turned = file.format != "TIFF" and _orientation(file) in TURNED  # Pillow turns these
        return file.size if turned else file.size[::-1]


def check_header(path: str) -> None:
    """Raise `UndecodableImageError` for a file that is missing, too large, or not an image."""
    with opened(path):
        pass


def _reason(error: Exception, path: str) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"does not exist{hint_for(path)}"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    if isinstance(error, import_optional("PIL").UnidentifiedImageError):
        return f"is not an image in one of the formats {', '.join(FORMATS)}"
    return f"cannot be decoded: {str(error) or type(error).__name__}"


def _orientation(file: Any) -> int:
    """Return how a camera was held; 1, upright, if the entry is missing or damaged."""
    try:
        return file.getexif().get(ORIENTATION, 1)
    except Exception:
        return 1


def _turned(image: Any, orientation: int) -> Any:
    """Return the image upright."""
    by = import_optional("PIL.Image").Transpose
    turns = {
        2: by.FLIP_LEFT_RIGHT,
        3: by.ROTATE_180,
        4: by.FLIP_TOP_BOTTOM,
        5: by.TRANSPOSE,
        6: by.ROTATE_270,
        7: by.TRANSVERSE,
        8: by.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _eight_bits(file: Any) -> Any:
    """Return the image with 8 bits per channel, the upper ones of 16.

    Of color images with 16 bits, Pillow reads the upper ones only.
    """
    sixteen = file.mode.startswith("I;16") or (file.mode == "I" and file.format == "PPM")
    if sixteen:
        upper = (np.asarray(file).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return import_optional("PIL.Image").fromarray(upper)
    if file.mode in ("I", "F"):
        kind = "integers" if file.mode == "I" else "floats"
        raise UndecodableImageError(
            f"{file.filename!r} holds {kind} of 32 bits, whose range is not known; convert it to 8 "
            "or 16 bits"
        )
    return file


def _luma(color: tuple[int, int, int]) -> int:
    """Return the gray of a color, as Pillow rounds it."""
    return (sum(a * b for a, b in zip(color, (19595, 38470, 7471), strict=True)) + 0x8000) >> 16

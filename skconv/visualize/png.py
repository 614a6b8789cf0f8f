"""Small images as PNG, to embed in HTML pages."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"

COLOR_TYPES = {2: 0, 3: 2}
"""PNG's number for gray and RGB pixels, by the axes of the array."""


def data_uri(pixels: np.ndarray) -> str:
    """Return an image as the URI of a PNG file.

    Parameters
    ----------
    pixels : uint8 array of shape (height, width) or (height, width, 3)

    Returns
    -------
    str

    Examples
    --------
    >>> data_uri(np.zeros((2, 3), np.uint8))[:26]
    'data:image/png;base64,iVBO'
    """
    height, width = pixels.shape[:2]
    lines = np.ascontiguousarray(pixels).reshape(height, -1)
    unfiltered = np.pad(lines, ((0, 0), (1, 0)))  # each line starts with its filter, 0 for none
    header = struct.pack(">IIBBBBB", width, height, 8, COLOR_TYPES[pixels.ndim], 0, 0, 0)
    data = zlib.compress(unfiltered.tobytes(), 9)
    file = SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    return f"data:image/png;base64,{base64.b64encode(file).decode()}"


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

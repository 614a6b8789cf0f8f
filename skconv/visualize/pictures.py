"""Images, masks and maps of numbers as pictures in HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from ..data.shape_groups import group_rows
from .png import data_uri
from .report_samples import ReportSamples

MAX_SIDE = 192
"""Size in pixels from which pictures are shown with some of their pixels."""

PALETTE = np.array(
    [
        *([49, 104, 142], [253, 174, 52], [180, 50, 60], [90, 170, 90], [150, 110, 190]),
        *([240, 228, 66], [140, 86, 75], [227, 119, 194], [23, 190, 207], [188, 189, 34]),
        *([120, 144, 200], [255, 127, 80], [102, 60, 20], [0, 128, 128], [220, 190, 255]),
        *([70, 70, 160], [170, 220, 120], [250, 190, 190], [128, 0, 64], [128, 128, 0]),
    ],
    np.uint8,
)
"""Colors of classes; of more classes, some have the same."""

IGNORED = np.array([127, 127, 127], np.uint8)
"""Color of targets that count nothing."""


def pictures(samples: ReportSamples, rows: Sequence[int]) -> list[str] | None:
    """Return a picture of each of some samples; None if the net takes no images of one size.

    Parameters
    ----------
    samples : ReportSamples
    rows : sequence of int

    Returns
    -------
    list of str or None
        ``<img>`` elements, of the first input that has images.
    """
    inputs = samples.net.network_.inputs
    names = [name for name, shape in inputs.items() if len(shape) == 4]
    if not names or group_rows(samples.X):
        return None
    arrays = samples.net._fitted().rows(samples.X).take(np.array(rows))
    images = arrays[names[0]] if names[0] in arrays else next(iter(arrays.values()))
    low, high = _limits(images)
    return [number_picture(image, low, high, "input") for image in images]


def number_picture(image: np.ndarray, low: float, high: float, alt: str) -> str:
    """Return numbers of shape (channels, height, width) or (height, width) as a picture.

    Parameters
    ----------
    image : array
        Three channels are colors; the mean of any other number is gray.
    low, high : float
        What is drawn black and white.
    alt : str
        What the picture shows.
    """
    if image.ndim == 3:
        image = image.transpose(1, 2, 0) if len(image) == 3 else image.mean(axis=0)
    scaled = np.clip((np.asarray(image, np.float64) - low) / ((high - low) or 1), 0, 1)
    return _picture(np.round(255 * np.nan_to_num(scaled)).astype(np.uint8), alt)


def class_picture(labels: np.ndarray, classes: np.ndarray, counts: np.ndarray, alt: str) -> str:
    """Return a class for each pixel as a picture, gray where targets count nothing.

    Parameters
    ----------
    labels : array of shape (height, width)
    classes : array of shape (k,)
        Sorted labels, which have the colors of `PALETTE`.
    counts : bool array of shape (height, width)
    alt : str
        What the picture shows.
    """
    index = np.searchsorted(classes, labels) % len(PALETTE)
    return _picture(np.where(counts[..., None], PALETTE[index], IGNORED), alt)


def legend(classes: np.ndarray) -> str:
    """Return the colors of classes with their names."""
    parts = (
        f'<span class="skconv-swatch" style="background: rgb({r}, {g}, {b})"></span>'
        f"{html.escape(str(label))}"
        for label, (r, g, b) in zip(classes, PALETTE.tolist(), strict=False)
    )
    return f"<p>{''.join(parts)}</p>"


def _limits(images: np.ndarray) -> tuple[float, float]:
    low, high = float(images.min()), float(images.max())
    if images.dtype == np.uint8:
        return 0.0, 255.0
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def _picture(pixels: np.ndarray, alt: str) -> str:
    step = -(-max(pixels.shape[:2]) // MAX_SIDE)
    return f'<img src="{data_uri(pixels[::step, ::step])}" alt="{html.escape(alt)}">'

"""Images brought into the form that published weights were trained with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags

from ..errors import Problems
from ..utils.checks import above_zero, number, one_of, or_none, positive
from ..utils.image_shapes import channels_hint, has_channels_last
from ..utils.late_arrays import is_late
from ..utils.single_rows import SingleRows
from ..utils.versions import Versioned
from .resampling import FILTERS, resample
from .row_view import RowView

__all__ = ["PrepareImages"]

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's colors, as published networks have them."""


class PrepareImages(OneToOneFeatureMixin, TransformerMixin, Versioned, BaseEstimator):
    """Resize images, cut out their center, and standardize their colors.

    As torchvision and timm do at prediction, so that networks with published weights see what they
    were trained with. Results are those of Pillow's filters.

    Parameters
    ----------
    size : int or (int, int), default=224
        Height and width of the center that is cut out.
    resize_to : int or (int, int), optional
        Height and width that images are brought to before; by default 8/7 of `size`, as 256 is of
        224.
    resize : {'crop', 'stretch'}, default='crop'
        Whether images of another aspect ratio keep it, so that their shorter side comes to
        `resize_to`, or are brought to it out of proportion.
    resample : {'bilinear', 'bicubic', 'box', 'lanczos'}, default='bilinear'
        Filter for other sizes.
    mean, std : float or sequence of float
        Mean and standard deviation of each channel of images from 0 to 1; by default those of
        ImageNet's red, green and blue.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels.

    Examples
    --------
    >>> X = np.random.default_rng(0).integers(0, 256, (2, 3, 300, 400), dtype=np.uint8)
    >>> prepared = PrepareImages(size=64).fit_transform(X)
    >>> prepared.shape, prepared.dtype
    ((2, 3, 64, 64), dtype('float32'))
    """

    def __init__(
        self,
        size: int | Sequence[int] = 224,
        *,
        resize_to: int | Sequence[int] | None = None,
        resize: str = "crop",
        resample: str = "bilinear",
        mean: float | Sequence[float] = MEAN,
        std: float | Sequence[float] = STD,
    ) -> None:
        self.size = size
        self.resize_to = resize_to
        self.resize = resize
        self.resample = resample
        self.mean = mean
        self.std = std

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and the shape of the images.

        Parameters
        ----------
        X : array of shape (n, channels, height, width), or list of arrays
            As for `transform`.
        y : object
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            With all invalid parameters; or if X does not hold images.
        """
        form = _Form(self)
        images = X if is_late(X) else _as_images(X)
        self.n_features_in_ = form.check_shape(np.shape(images[0]))
        return self

    def transform(self, X: Any) -> Any:
        """Prepare images.

        Parameters
        ----------
        X : array of shape (n, channels, height, width), or list of arrays
            Integers from 0 to 255, or floats from 0 to 1. Images of a list may differ in size.
            Of arrays that are read when they are indexed, such as those of `ReadImages` with
            ``lazy=True``, images are prepared when a net needs them.

        Returns
        -------
        float32 array of shape (n, channels, height, width), or RowView

        Raises
        ------
        ValueError
            If X does not hold images of as many channels as `mean` and `std`, or other values.
        """
        form = _Form(self)
        if is_late(X):
            return RowView(_PreparedRows(X, form.check_shape(tuple(X.shape[1:])), form))
        images = _as_images(X)
        channels = form.check_shape(images[0].shape)
        for image in images if isinstance(images, list) else ():
            form.check_shape(image.shape, channels)
        return _PreparedRows(images, channels, form)[:]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        tags.no_validation = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class _Form:
    """The checked parameters of `PrepareImages`."""

    def __init__(self, given: PrepareImages) -> None:
        problems = Problems()
        for name, check in CHECKS.items():
            if valid := check(getattr(given, name)):
                problems.add_parameter(name, valid, getattr(given, name))
        problems.raise_any()
        self.size = _pair(given.size)
        height, width = self.size
        whole = (height * 8 // 7, width * 8 // 7) if given.resize_to is None else given.resize_to
        self.resize_to = _pair(whole)
        self.square = self.resize_to[0] == self.resize_to[1]
        if any(whole < n for whole, n in zip(self.resize_to, self.size, strict=True)):
            problems.add_parameter("resize_to", f"at least size={given.size!r}", given.resize_to)
        mean, std = (np.asarray(one, np.float32) for one in (given.mean, given.std))
        if mean.ndim and std.ndim and mean.shape != std.shape:
            problems.add_parameter("std", f"{len(mean)} numbers, as mean has", given.std)
        problems.raise_any()
        self.mean, self.std = (one.reshape(-1, 1, 1) for one in (mean, std))
        self.channels = max(len(self.mean), len(self.std))
        self.free = not mean.ndim and not std.ndim
        self.stretches = given.resize == "stretch"
        self.method = given.resample

    def check_shape(self, shape: tuple[int, ...], channels: int | None = None) -> int:
        """Return the number of channels of an image, or raise `ValueError` for another shape."""
        wanted = channels or (None if self.free else self.channels)
        if len(shape) != 3 or 0 in shape or (wanted is None and has_channels_last(shape)):
            raise ValueError(
                "X must have shape (n, channels, height, width), got images of shape "
                f"{shape}{_hint(shape)}"
            )
        if wanted is not None and shape[0] != wanted:
            raise ValueError(
                f"X must have {wanted} channels, as mean and std have, got images of shape {shape}"
                f"{_hint(shape)}"
            )
        return shape[0]

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Return an image of the wanted size, standardized."""
        image = _as_pixels(image)
        whole = self._whole(image.shape[1:])
        starts = [round((n - m) / 2) for n, m in zip(whole, self.size, strict=True)]
        rows, columns = (slice(a, a + m) for a, m in zip(starts, self.size, strict=True))
        image = resample(image, whole, self.method, (rows, columns))
        unit = np.float32(255 if image.dtype == np.uint8 else 1)
        return (image.astype(np.float32) / unit - self.mean) / self.std

    def _whole(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return the height and width of the whole image, as torchvision and timm round them."""
        height, width = shape
        if self.stretches:
            return self.resize_to
        if not self.square:
            ratio = min(n / m for n, m in zip(shape, self.resize_to, strict=True))
            return (
                max(round(height / ratio), self.size[0]),
                max(round(width / ratio), self.size[1]),
            )
        side = self.resize_to[0]
        if height <= width:
            return side, side * width // height
        return side * height // width, side


class _PreparedRows(SingleRows):
    """Images that are prepared when they are wanted."""

    def __init__(self, images: Any, channels: int, form: _Form) -> None:
        super().__init__((len(images), channels, *form.size), np.float32, effective_n_jobs(-1))
        self._images, self._form = images, form

    def row(self, i: int) -> np.ndarray:
        """Return an image."""
        return self._form.prepare(np.asarray(self._images[i]))


def _as_images(X: Any) -> Any:
    """Return images as an array, or as a list of arrays if their sizes may differ."""
    if isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype == object):
        images: Any = [np.asarray(image) for image in X]
    else:
        images = np.asarray(X)
    if not len(np.shape(images[:1])) or not len(images):
        raise ValueError(f"X must hold at least one image, got shape {np.shape(images)}")
    if isinstance(images, np.ndarray) and images.ndim == 3:
        hint = "; give a single image as X[None], and gray images as X[:, None]"
        raise ValueError(
            f"X must have shape (n, channels, height, width), got {images.shape}{hint}"
        )
    return images


def _as_pixels(image: np.ndarray) -> np.ndarray:
    """Return an image as uint8 from 0 to 255, or as float32 from about 0 to 1."""
    if image.dtype.kind in "iu":
        if image.dtype != np.uint8 and (image.min() < 0 or image.max() > 255):
            raise ValueError(
                f"X must hold integers from 0 to 255, got {image.min()} to {image.max()}; divide "
                "those of 16 bits by 256, or give floats from 0 to 1"
            )
        return image.astype(np.uint8)
    if image.dtype.kind != "f":
        raise ValueError(f"X must hold integers or floats, got {image.dtype}")
    low, high = image.min(), image.max()
    if not (low >= -1 and high <= 2):  # some filters exceed 0 and 1 at edges
        raise ValueError(
            f"X must hold floats from 0 to 1, got {low:.3g} to {high:.3g}; give pixels from 0 to "
            "255 as uint8, and images before they are standardized"
        )
    return image.astype(np.float32)


def _hint(shape: tuple[int, ...]) -> str:
    if len(shape) == 3 and has_channels_last(shape):
        return f"; {channels_hint(shape)}"
    if len(shape) == 3 and shape[0] == 1:
        return "; repeat gray images, np.repeat(X, 3, axis=1)"
    if len(shape) == 3 and shape[0] == 4:
        return "; leave out their transparency, X[:, :3]"
    return ""


def _pair(value: Any) -> tuple[int, int]:
    first, second = np.broadcast_to(value, 2).tolist()
    return first, second


def _pair_check(value: Any) -> str | None:
    values = value if isinstance(value, list | tuple) and len(value) == 2 else (value,)
    return "a positive integer, or (height, width)" if any(map(positive, values)) else None


def _numbers(check: Any, valid: str) -> Any:
    def found(value: Any) -> str | None:
        several = isinstance(value, list | tuple | np.ndarray) and len(value) > 0
        return valid if any(map(check, value if several else (value,))) else None

    return found


CHECKS = {
    "size": _pair_check,
    "resize_to": or_none(_pair_check),
    "resize": one_of("crop", "stretch"),
    "resample": one_of(*FILTERS),
    "mean": _numbers(number, "a number, or one for each channel"),
    "std": _numbers(above_zero, "a positive number, or one for each channel"),
}
"""What each parameter may be."""

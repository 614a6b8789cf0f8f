"""Images in the form that nets of Caffe were trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags

from ..errors import Problems
from ..utils.checks import Check, is_number, number, one_of, or_none, positive
from ..utils.versions import Versioned

__all__ = ["CaffePreprocessing"]


class CaffePreprocessing(TransformerMixin, Versioned, BaseEstimator):
    """Crop images, reverse their colors, subtract a mean and multiply by a scale, as Caffe does.

    `skconv.models.from_caffe` returns it with the values of ``transform_param``. It learns nothing
    from the images, so it may be used without `fit`.

    Parameters
    ----------
    mean_value : float or sequence of float, default=0.0
        Mean of all channels or of each channel, in the order of the net, for values from 0 to 255.
    scale : float, default=1.0
        Factor on the values after the subtraction.
    crop_size : int, optional
        Height and width of the part in the center that is kept; by default all of the image.
    color_order : {'bgr', 'rgb'}, default='bgr'
        Order of the colors in the net. For ``'bgr'``, images of three channels, which are red,
        green and blue in X, are reversed.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.full((2, 3, 10, 12), 100, np.uint8)
    >>> images = CaffePreprocessing(mean_value=(104, 117, 123), crop_size=8).transform(X)
    >>> images.shape, images[0, :, 0, 0].tolist()
    ((2, 3, 8, 8), [-4.0, -17.0, -23.0])
    """

    def __init__(
        self,
        mean_value: float | Sequence[float] = 0.0,
        *,
        scale: float = 1.0,
        crop_size: int | None = None,
        color_order: str = "bgr",
    ) -> None:
        self.mean_value = mean_value
        self.scale = scale
        self.crop_size = crop_size
        self.color_order = color_order

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Check the parameters.

        Parameters
        ----------
        X : array-like of shape (n, channels, height, width)
        y : object
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            With all invalid parameters, or if X does not hold such images.
        """
        self._checked(X)
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Bring images into the form of the net.

        Parameters
        ----------
        X : array-like of shape (n, channels, height, width)
            Values from 0 to 255, of any numeric type.

        Returns
        -------
        float32 array of shape (n, channels, height, width)

        Raises
        ------
        ValueError
            With all invalid parameters, or if X does not hold such images.
        """
        images, mean = self._checked(X)
        if self.crop_size is not None:
            top, left = ((n - self.crop_size) // 2 for n in images.shape[2:])
            images = images[:, :, top : top + self.crop_size, left : left + self.crop_size]
        if self.color_order == "bgr" and images.shape[1] == 3:
            images = images[:, ::-1]
        out = images.astype(np.float32, order="C")
        out -= mean
        out *= np.float32(self.scale)
        return out

    def _checked(self, X: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return the images, and the mean as an array that can be subtracted."""
        problems = Problems()
        checks: dict[str, Check] = {
            "mean_value": _numbers,
            "scale": number,
            "crop_size": or_none(positive),
            "color_order": one_of("bgr", "rgb"),
        }
        for name, check in checks.items():
            value = getattr(self, name)
            if valid := check(value):
                problems.add(f"{name} must be {valid}, got {value!r}")
        problems.raise_any()
        images, mean = np.asarray(X), np.asarray(self.mean_value, np.float32).reshape(-1, 1, 1)
        if images.ndim != 4 or images.dtype.kind not in "biuf":
            raise ValueError(
                "X must be numbers of shape (n, channels, height, width), got "
                f"{images.dtype} of shape {images.shape}"
            )
        if len(mean) not in (1, images.shape[1]):
            raise ValueError(
                f"mean_value must be one number, or one for each of {images.shape[1]} channels, "
                f"got {self.mean_value!r}"
            )
        if self.crop_size is not None and self.crop_size > min(images.shape[2:]):
            raise ValueError(
                f"crop_size must be at most the height and width of {images.shape}, got "
                f"{self.crop_size!r}"
            )
        return images, mean

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.no_validation = True
        return tags


def _numbers(value: Any) -> str | None:
    values = value if isinstance(value, list | tuple | np.ndarray) else [value]
    fits = len(values) > 0 and all(is_number(v) and np.isfinite(v) for v in values)
    return None if fits else "a number or a sequence of numbers"

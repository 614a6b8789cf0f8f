"""Images transformed one by one with scikit-image, as usual with nolearn."""

from __future__ import annotations

from typing import Any

import numpy as np
from skimage.transform import AffineTransform, warp

from skconv import BatchIterator

from ..recipe import AFFINE


class AffineIterator(BatchIterator):
    """Batches of images that are randomly rotated, scaled, shifted and flipped."""

    random = np.random.default_rng(0)

    def transform(self, Xb: np.ndarray, yb: Any) -> tuple[np.ndarray, Any]:
        """Transform the images of a batch."""
        return np.stack([_transform_image(image, self.random) for image in Xb]).astype(
            np.float32
        ), yb


def _transform_image(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    degrees, pixels, factor = AFFINE["rotation"], AFFINE["translation"], AFFINE["scale"]
    move = AffineTransform(
        rotation=np.deg2rad(random.uniform(-degrees, degrees)),
        scale=np.exp(random.uniform(-1, 1) * np.log(factor)),
        translation=random.uniform(-pixels, pixels, 2),
    )
    center = (np.array(image.shape[:0:-1]) - 1) / 2
    centered = AffineTransform(translation=-center) + move + AffineTransform(translation=center)
    warped = np.stack([warp(channel, centered.inverse, order=1) for channel in image])
    return warped[..., ::-1] if random.random() < 0.5 else warped

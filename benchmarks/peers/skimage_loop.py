"""Images changed one by one with scikit-image, as users of nolearn did."""

from __future__ import annotations

from typing import Any

import numpy as np
from skimage.transform import AffineTransform, warp

from skconv import BatchIterator

from ..recipe import AFFINE


class MovingIterator(BatchIterator):
    """Rotate, scale and shift each image at random, and mirror half of them."""

    random = np.random.default_rng(0)

    def transform(self, Xb: np.ndarray, yb: Any) -> tuple[np.ndarray, Any]:
        """Move all images of a batch."""
        return np.stack([_moved(image, self.random) for image in Xb]).astype(np.float32), yb


def _moved(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    degrees, pixels, factor = AFFINE["rotation"], AFFINE["translation"], AFFINE["scale"]
    move = AffineTransform(
        rotation=np.deg2rad(random.uniform(-degrees, degrees)),
        scale=np.exp(random.uniform(-1, 1) * np.log(factor)),
        translation=random.uniform(-pixels, pixels, 2),
    )
    centre = (np.array(image.shape[:0:-1]) - 1) / 2
    whole = AffineTransform(translation=-centre) + move + AffineTransform(translation=centre)
    moved = np.stack([warp(channel, whole.inverse, order=1) for channel in image])
    return moved[..., ::-1] if random.random() < 0.5 else moved

"""Logarithms of probabilities that do not underflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..nonlinearities import sigmoid, softmax


def log_probabilities(values: np.ndarray, nonlinearity: Any) -> np.ndarray:
    """Return the logarithm of what a nonlinearity makes of logits, or of values if it is None."""
    if nonlinearity is softmax:
        values = values - values.max(axis=1, keepdims=True)
        return values - np.log(np.exp(values).sum(axis=1, keepdims=True))
    if nonlinearity is sigmoid:
        return -np.logaddexp(np.float32(0), -values)
    with np.errstate(divide="ignore"):
        return np.log(values)

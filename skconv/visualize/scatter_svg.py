"""Predicted against true numbers as a small SVG image."""

from __future__ import annotations

import numpy as np

from .svg_axes import Axis, labels, ticks

SIZE, LEFT, BOTTOM, MARGIN = 300, 52, 36, 12
"""Side of the image, and its margins, in pixels."""

MAX_POINTS = 1000
"""Largest number of points; more hide each other and make large files."""


def scatter(true: np.ndarray, predicted: np.ndarray, title: str = "") -> str:
    """Return an SVG image of predicted against true numbers, with the diagonal.

    Its colors come from the same CSS classes as those of loss curves.

    Parameters
    ----------
    true, predicted : float array of shape (n,)
        Finite numbers. At most `MAX_POINTS` are drawn, at random.
    title : str
        Escaped text.

    Returns
    -------
    str
        An ``<svg>`` element.

    Examples
    --------
    >>> scatter(np.array([1.0, 2.0]), np.array([1.5, 1.75])).count('<circle')
    2
    """
    low, high = (float(function([true, predicted])) for function in (np.min, np.max))
    margin = 0.04 * (high - low) or 0.05 * abs(high) or 1.0
    low, high = low - margin, high + margin
    x, y = Axis(low, high, LEFT, SIZE - MARGIN), Axis(low, high, SIZE - BOTTOM, MARGIN)
    parts = []
    shown = ticks(low, high, 5)
    for tick, label in zip(shown, labels(shown), strict=True):
        parts.append(
            f'<line class="skconv-grid" x1="{LEFT}" x2="{SIZE - MARGIN}" y1="{y(tick):.1f}" '
            f'y2="{y(tick):.1f}"/><text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">'
            f'{label}</text><text x="{x(tick):.1f}" y="{SIZE - BOTTOM + 15}" '
            f'text-anchor="middle">{label}</text>'
        )
    middle, half = (LEFT + SIZE - MARGIN) / 2, (MARGIN + SIZE - BOTTOM) / 2
    parts.append(
        f'<text x="{middle}" y="{SIZE - 5}" text-anchor="middle">true</text>'
        f'<text transform="translate(11 {half}) rotate(-90)" text-anchor="middle">predicted</text>'
    )
    for i in _chosen(len(true)):
        parts.append(
            f'<circle class="skconv-point" cx="{x(true[i]):.1f}" cy="{y(predicted[i]):.1f}" '
            'r="2.5"/>'
        )
    parts.append(
        f'<line class="skconv-diagonal" x1="{x(low):.1f}" y1="{y(low):.1f}" x2="{x(high):.1f}" '
        f'y2="{y(high):.1f}"/>'
    )
    return (
        f'<svg viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}" role="img" '
        f'aria-label="predicted against true {title}">{"".join(parts)}</svg>'
    )


def _chosen(n: int) -> np.ndarray:
    if n <= MAX_POINTS:
        return np.arange(n)
    return np.random.default_rng(0).choice(n, MAX_POINTS, replace=False)

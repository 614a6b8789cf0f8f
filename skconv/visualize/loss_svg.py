"""Loss curves of a training as a small SVG image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..training.history import Row

WIDTH, HEIGHT = 460, 190
"""Size in pixels."""

LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 34
"""Margins in pixels, which hold the tick labels."""

MAX_POINTS = 300
"""Points of a curve; more would not be visible at this width."""

CURVES = (("train_loss", "training", "skconv-train"), ("valid_loss", "validation", "skconv-valid"))


class _Axis(NamedTuple):
    """Linear map from the values `low` to `high` to the pixels `start` to `stop`."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.stop - self.start)


def loss_curve(history: Sequence[Row]) -> str:
    """Return an SVG image of training and validation loss over the epochs.

    Its colors come from the CSS classes ``skconv-train`` and ``skconv-valid`` and from the color of
    the surrounding text, so that it fits light and dark pages.

    Parameters
    ----------
    history : sequence of dict
        Rows of the history.

    Returns
    -------
    str
        An ``<svg>`` element, or an empty string if all losses are NaN or infinite.

    Examples
    --------
    >>> loss_curve([{'epoch': 1, 'train_loss': 0.5, 'valid_loss': 0.75}])[:4]
    '<svg'
    """
    epochs = [row["epoch"] for row in history]
    values = {key: [row[key] for row in history] for key, _, _ in CURVES}
    finite = [value for own in values.values() for value in own if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    x = _Axis(epochs[0], epochs[-1], LEFT, WIDTH - RIGHT)
    y = _Axis(low - margin, high + margin, HEIGHT - BOTTOM, TOP)
    parts = _axes(x, y)
    shown = [curve for curve in CURVES if any(map(math.isfinite, values[curve[0]]))]
    for key, _, style in shown:
        parts.append(_line(x, y, epochs, values[key], style))
    pairs = zip(values[shown[-1][0]], epochs, strict=True)
    best = min(pair for pair in pairs if math.isfinite(pair[0]))
    parts.append(
        f'<circle class="{shown[-1][2]}" cx="{x(best[1]):.1f}" cy="{y(best[0]):.1f}" r="3.5">'
        f"<title>lowest {shown[-1][1]} loss: {best[0]:.4g} in epoch {best[1]}</title></circle>"
    )
    parts += _legend(shown)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="loss by epoch">{"".join(parts)}</svg>'
    )


def _axes(x: _Axis, y: _Axis) -> list[str]:
    parts = []
    for tick in _ticks(y.low, y.high, 6):
        parts.append(
            f'<line class="skconv-grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" '
            f'y2="{y(tick):.1f}"/><text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">'
            f"{tick:.4g}</text>"
        )
    for tick in _ticks(x.low, x.high, 8, least=1.0):
        parts.append(
            f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">'
            f"{tick:.0f}</text>"
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">epoch</text>')
    return parts


def _ticks(low: float, high: float, most: int, least: float = 0.0) -> list[float]:
    """Return round numbers in a range, spaced by 1, 2 or 5 times a power of ten."""
    span = high - low or 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    step = max(next(m * power for m in (1, 2, 5, 10) if m * power * most >= span), least)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def _line(x: _Axis, y: _Axis, epochs: Sequence[int], values: Sequence[float], style: str) -> str:
    """Return a line with gaps where values are not finite."""
    chosen = np.unique(np.linspace(0, len(epochs) - 1, MAX_POINTS).round().astype(int)).tolist()
    commands, command = [], "M"
    for i in chosen:
        if math.isfinite(values[i]):
            commands.append(f"{command}{x(epochs[i]):.1f} {y(values[i]):.1f}")
            command = "L"
        else:
            command = "M"
    return f'<path class="{style}" d="{"".join(commands)}"/>'


def _legend(shown: Sequence[tuple[str, str, str]]) -> list[str]:
    parts, right = [], WIDTH - RIGHT - 4
    for i, (_, name, style) in enumerate(shown):
        height = TOP + 8 + 15 * i
        parts.append(
            f'<path class="{style}" d="M{right - 18} {height}L{right} {height}"/>'
            f'<text x="{right - 24}" y="{height + 4}" text-anchor="end">{name}</text>'
        )
    return parts

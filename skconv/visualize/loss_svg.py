"""Loss curves and scores of a training as small SVG images."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..training.history import Row
from .svg_axes import Axis, labels, ticks

WIDTH, HEIGHT = 460, 190
"""Size in pixels."""

LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 34
"""Margins in pixels, which hold the tick labels."""

MAX_POINTS = 300
"""Points of a curve; more would not be visible at this width."""

CURVES = (("train_loss", "training", "skconv-train"), ("valid_loss", "validation", "skconv-valid"))


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
    shown = [curve for curve in CURVES if any(map(math.isfinite, values[curve[0]]))]
    if not shown:
        return ""
    key, label, style = shown[-1]
    pairs = zip(values[key], epochs, strict=True)
    best = min(pair for pair in pairs if math.isfinite(pair[0]))
    title = f"lowest {label} loss: {best[0]:.4g} in epoch {best[1]}"
    return _chart(epochs, values, shown, "loss", [(best, style, title)])


def score_curve(history: Sequence[Row], key: str) -> str:
    """Return an SVG image of one column of the history over the epochs.

    Parameters
    ----------
    history : sequence of dict
        Rows of the history, of which some may lack the column.
    key : str

    Returns
    -------
    str
        An ``<svg>`` element, or an empty string if no value is finite.

    Examples
    --------
    >>> score_curve([{'epoch': 1, 'valid_accuracy': 0.5}], 'valid_accuracy')[:4]
    '<svg'
    """
    epochs = [row["epoch"] for row in history]
    values = {key: [row.get(key, math.nan) for row in history]}
    if not any(map(math.isfinite, values[key])):
        return ""
    style = "skconv-valid" if key.startswith("valid_") else "skconv-train"
    last = [pair for pair in zip(values[key], epochs, strict=True) if math.isfinite(pair[0])][-1]
    title = f"{last[0]:.4g} in epoch {last[1]}"
    return _chart(epochs, values, [(key, "", style)], key, [(last, style, title)])


def _chart(
    epochs: Sequence[int],
    values: Mapping[str, Sequence[float]],
    shown: Sequence[tuple[str, str, str]],
    what: str,
    dots: Sequence[tuple[tuple[float, int], str, str]],
) -> str:
    """Return curves over the epochs, with dots that have titles."""
    finite = [value for own in values.values() for value in own if math.isfinite(value)]
    low, high = min(finite), max(finite)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    x = Axis(epochs[0], epochs[-1], LEFT, WIDTH - RIGHT)
    y = Axis(low - margin, high + margin, HEIGHT - BOTTOM, TOP)
    parts = _axes(x, y)
    parts += [_line(x, y, epochs, values[key], style) for key, _, style in shown]
    for (value, epoch), style, title in dots:
        parts.append(
            f'<circle class="{style}" cx="{x(epoch):.1f}" cy="{y(value):.1f}" r="3.5">'
            f"<title>{title}</title></circle>"
        )
    parts += _legend([curve for curve in shown if curve[1]])
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{html.escape(what)} by epoch">{"".join(parts)}</svg>'
    )


def _axes(x: Axis, y: Axis) -> list[str]:
    parts = []
    shown = ticks(y.low, y.high, 6)
    for tick, label in zip(shown, labels(shown), strict=True):
        parts.append(
            f'<line class="skconv-grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" '
            f'y2="{y(tick):.1f}"/><text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">'
            f"{label}</text>"
        )
    for tick in ticks(x.low, x.high, 8, least=1.0):
        parts.append(
            f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">'
            f"{tick:.0f}</text>"
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">epoch</text>')
    return parts


def _line(x: Axis, y: Axis, epochs: Sequence[int], values: Sequence[float], style: str) -> str:
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

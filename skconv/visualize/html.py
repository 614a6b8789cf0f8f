"""HTML views of a net for notebooks: the table of layers and the losses."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..network.graph import Network
from ..network.summary import LOW_CAPACITY, Line, has_windows, summary_lines
from ..training.history import Row
from .html_table import cell
from .loss_svg import loss_curve

MAX_OPEN = 40
"""Largest number of layers for which the table starts unfolded."""

TEXT, GROUND, BORDER = (
    "var(--jp-content-font-color1, var(--vscode-editor-foreground,"
    " var(--color-foreground-primary, {})))",
    "var(--jp-layout-color0, var(--vscode-editor-background, var(--color-background-primary, {})))",
    "var(--jp-border-color2, var(--vscode-panel-border, var(--color-background-border, {})))",
)
"""CSS colors of JupyterLab, VS Code and Furo, with a placeholder for other pages."""


def _theme(text: str, ground: str, border: str, train: str, valid: str) -> str:
    return (
        f"--skconv-text: {TEXT.format(text)}; --skconv-ground: {GROUND.format(ground)}; "
        f"--skconv-border: {BORDER.format(border)}; --skconv-train: {train}; "
        f"--skconv-valid: {valid};"
    )


STYLE = f"""<style>
.skconv {{
  {_theme("#1b1b1b", "#ffffff", "#cccccc", "#2f7ebc", "#d9691a")}
  color: var(--skconv-text); background: var(--skconv-ground); font-size: 13px;
  padding: 0.4em 0.6em; max-width: max-content; overflow-x: auto;
}}
@media (prefers-color-scheme: dark) {{
  .skconv {{ {_theme("#e4e4e4", "#161616", "#4a4a4a", "#5aa9e6", "#f29b52")} }}
}}
[data-jp-theme-light="true"] .skconv, body[data-theme="light"] .skconv, .vscode-light .skconv {{
  --skconv-train: #2f7ebc; --skconv-valid: #d9691a;
}}
[data-jp-theme-light="false"] .skconv, body[data-theme="dark"] .skconv, .vscode-dark .skconv {{
  --skconv-train: #5aa9e6; --skconv-valid: #f29b52;
}}
.skconv summary {{ cursor: pointer; padding: 0.3em 0; }}
.skconv table {{ border-collapse: collapse; color: inherit; margin: 0.2em 0; }}
.skconv th, .skconv td {{
  background: transparent; border: none; border-bottom: 1px solid var(--skconv-border);
  color: inherit; padding: 0.2em 0.7em; text-align: right; white-space: nowrap;
}}
.skconv th {{ font-weight: 600; }}
.skconv table th.skconv-text, .skconv table td.skconv-text {{ text-align: left; }}
.skconv .skconv-low {{ background: rgba(190, 60, 190, 0.28); }}
.skconv .skconv-wide {{ background: rgba(0, 150, 200, 0.28); }}
.skconv .skconv-both {{ background: rgba(225, 50, 50, 0.34); }}
.skconv .skconv-keys {{ margin: 0.4em 0; }}
.skconv .skconv-key {{ padding: 0.1em 0.5em; margin-right: 0.6em; border-radius: 3px; }}
.skconv svg {{ display: block; max-width: 100%; height: auto; margin: 0.4em 0; }}
.skconv svg text {{ fill: var(--skconv-text); font-size: 11px; font-family: inherit; }}
.skconv svg path {{ fill: none; stroke-width: 1.8; }}
.skconv svg .skconv-grid {{ stroke: var(--skconv-border); stroke-width: 0.8; }}
.skconv svg path.skconv-train {{ stroke: var(--skconv-train); }}
.skconv svg path.skconv-valid {{ stroke: var(--skconv-valid); }}
.skconv svg circle.skconv-train {{ fill: var(--skconv-train); }}
.skconv svg circle.skconv-valid {{ fill: var(--skconv-valid); }}
</style>"""


def net_view(network: Network, history: Sequence[Row]) -> str:
    """Return the table of layers and the loss curve as HTML.

    Parameters
    ----------
    network : Network
    history : sequence of dict
        Rows of the history.

    Returns
    -------
    str
    """
    return f'{STYLE}<div class="skconv">{layer_table(network)}{_losses(history)}</div>'


def layer_table(network: Network) -> str:
    """Return an HTML table of the layers, with nolearn's warning colors.

    Parameters
    ----------
    network : Network

    Returns
    -------
    str
        A ``<details>`` element.
    """
    table, windows = summary_lines(network), has_windows(network)
    headers = ["#", "name", "type", "output shape", "parameters"]
    rows = [_plain(i, line) for i, line in enumerate(table)]
    legend = ""
    if windows:
        headers += ["receptive field", "capacity [%]", "coverage [%]"]
        for row, line in zip(rows, table, strict=True):
            row += _window_cells(line, has_window=hasattr(network.node(line.name).layer, "window"))
        legend = (
            '<div class="skconv-keys"><span class="skconv-key skconv-low">capacity below 1/6</span>'
            '<span class="skconv-key skconv-wide">sees beyond the image</span>'
            '<span class="skconv-key skconv-both">both</span></div>'
        )
    head = "".join(cell(name, "th", text=i in (1, 2)) for i, name in enumerate(headers))
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    total = sum(line.learnable for line in table)
    opened = " open" if len(table) <= MAX_OPEN else ""
    return (
        f"<details{opened}><summary>{len(table)} layers, {total:,} parameters</summary>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{legend}</details>"
    )


def _plain(number: int, line: Line) -> list[str]:
    learnable = f"{line.learnable:,}" if line.learnable else ""
    shape = line.size.replace("x", " × ")
    return [
        cell(str(number)),
        cell(line.name, text=True),
        cell(line.kind, text=True),
        cell(shape),
        cell(learnable),
    ]


def _window_cells(line: Line, *, has_window: bool) -> list[str]:
    """Return the cells for receptive field, capacity and coverage of a layer."""
    if not has_window:
        return [cell("")] * 3
    capacity, coverage = line.capacity(), line.coverage()
    low, wide = min(capacity) < LOW_CAPACITY, max(coverage) > 100
    if low and wide:
        low_style = wide_style = "skconv-both"
    else:
        low_style, wide_style = "skconv-low" * low, "skconv-wide" * wide
    return [
        cell(_joined(line.field)),
        cell(_joined(capacity), style=low_style),
        cell(_joined(coverage), style=wide_style),
    ]


def _joined(sizes: Sequence[float]) -> str:
    """Return rounded sizes along the axes, or a single one if all are equal."""
    rounded = [f"{size:.0f}" for size in sizes]
    return rounded[0] if len(set(rounded)) == 1 else " × ".join(rounded)


def losses(history: Sequence[Row]) -> str:
    """Return the loss curve as HTML, in the colors of the page.

    Parameters
    ----------
    history : sequence of dict
        Rows of the history.

    Returns
    -------
    str
    """
    return f'{STYLE}<div class="skconv">{_losses(history)}</div>'


def _losses(history: Sequence[Row]) -> str:
    curve = loss_curve(history)
    if not curve:
        return ""
    last = history[-1]
    parts = [f"epoch {last['epoch']}", f"training loss {last['train_loss']:.4g}"]
    for key in ("valid_loss", "valid_accuracy"):
        if math.isfinite(last.get(key, math.nan)):
            parts.append(f"{key.replace('valid_', 'validation ')} {last[key]:.4g}")
    return f"<details open><summary>{', '.join(parts)}</summary>{curve}</details>"

"""Sections of a report on the training and the configuration of a net."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from ..network.summary import summary_lines
from ..training.history import KEYS, Row
from ..utils.versions import version_of
from .html import layer_table
from .html_table import number, section, table
from .loss_svg import loss_curve, score_curve
from .wrapped_net import nested_estimators

MAX_CHARTS = 8
"""Largest number of scores that are drawn."""

MAX_CANDIDATES = 15
"""Largest number of candidates of a search that are listed."""


def training_sections(net: Any, inner: Any) -> tuple[str, ...]:
    """Return the summary, the learning curves, the times and the candidates of searches.

    Parameters
    ----------
    net : NeuralNet, Pipeline or search
    inner : NeuralNet
        The net inside it.

    Returns
    -------
    tuple of str
        HTML, empty for what is not known.
    """
    history = inner.train_history_
    searches = [one for one in nested_estimators(net) if hasattr(one, "cv_results_")]
    return (
        _summary(inner, history),
        section("Learning curves", _curves(history)),
        section("Time", _times(history)),
        *(section("Search", _candidates(search.cv_results_)) for search in searches),
    )


def configuration_sections(net: Any, inner: Any) -> tuple[str, ...]:
    """Return the table of layers, the parameters and the versions.

    Parameters
    ----------
    net : NeuralNet, Pipeline or search
    inner : NeuralNet
        The net inside it.

    Returns
    -------
    tuple of str
    """
    packages = {"skconv": "skconv", "jax": "JAX", "sklearn": "scikit-learn"}
    versions = ", ".join(f"{name} {version_of(module)}" for module, name in packages.items())
    return (
        section("Layers", layer_table(inner.network_)),
        section("Parameters", f"<pre>{html.escape(repr(net))}</pre>"),
        f"<p>{datetime.now():%Y-%m-%d %H:%M}, {html.escape(versions)}</p>",
    )


def facts(values: Mapping[str, str]) -> str:
    """Return a row of large numbers with their names below.

    Examples
    --------
    >>> facts({'epochs': '3'})
    '<div class="skconv-facts"><div><b>3</b>epochs</div></div>'
    """
    parts = (
        f"<div><b>{html.escape(value)}</b>{html.escape(name)}</div>"
        for name, value in values.items()
    )
    return f'<div class="skconv-facts">{"".join(parts)}</div>'


def duration(seconds: float) -> str:
    """Return a time as text.

    Examples
    --------
    >>> duration(0.012), duration(75.2), duration(3725)
    ('12 ms', '1 min 15 s', '1 h 2 min')
    """
    if seconds < 0.1:
        return f"{1000 * seconds:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _summary(inner: Any, history: Sequence[Row]) -> str:
    known = {"epochs": f"{len(history):,}"}
    if history:
        known["training"] = duration(sum(row["dur"] for row in history))
        for key, name in (("train_loss", "training loss"), ("valid_loss", "validation loss")):
            if math.isfinite(history[-1][key]):
                known[name] = number(history[-1][key])
        accuracy = history[-1].get("valid_accuracy", math.nan)
        if math.isfinite(accuracy):
            known["validation accuracy"] = f"{accuracy:.1%}"
    known["parameters"] = f"{sum(line.learnable for line in summary_lines(inner.network_)):,}"
    return facts(known)


def _curves(history: Sequence[Row]) -> str:
    charts = {"loss": loss_curve(history)}
    if len(history) > 1:
        columns = dict.fromkeys(key for row in history for key in row)
        keys = [key for key in columns if key not in KEYS or key == "valid_accuracy"]
        for key in keys[:MAX_CHARTS]:
            charts[_heading(key)] = score_curve(history, key)
    figures = [
        f"<figure><figcaption>{html.escape(name)}</figcaption>{chart}</figure>"
        for name, chart in charts.items()
        if chart
    ]
    return f'<div class="skconv-charts">{"".join(figures)}</div>' if figures else ""


def _heading(key: str) -> str:
    """Return a title for a column of the history.

    Examples
    --------
    >>> _heading('valid_accuracy'), _heading('valid_loss_age'), _heading('top5')
    ('validation accuracy', 'validation loss of age', 'top5')
    """
    found = re.fullmatch("valid_(loss|accuracy)(?:_(.+))?", key)
    if not found:
        return key
    what, output = found.groups()
    return f"validation {what} of {output}" if output else f"validation {what}"


def _times(history: Sequence[Row]) -> str:
    if not history:
        return ""
    seconds = np.array([row["dur"] for row in history])
    rows = [
        ["all epochs", duration(seconds.sum())],
        ["first epoch, with compilation if that was needed", duration(seconds[0])],
    ]
    if len(seconds) > 1:
        rows.append(["later epochs, median", duration(float(np.median(seconds[1:])))])
    return table(["", "time"], rows)


def _candidates(results: Mapping[str, Any]) -> str:
    """Return the best candidates of a search, with their mean scores and times."""
    score = next((key for key in results if key.startswith("mean_test_")), None)
    if score is None:
        return ""
    rank = results[score.replace("mean_", "rank_")]
    order = np.argsort(rank, kind="stable")[:MAX_CANDIDATES]
    names = [key for key in results if key.startswith("param_")]
    headers = ["rank", *(key.removeprefix("param_") for key in names), score.replace("_", " ")]
    rows = [
        [rank[i], *(_shown(results[name][i]) for name in names), f"{results[score][i]:.4f}"]
        for i in order
    ]
    more = len(rank) - len(order)
    note = f"<p>The best {len(order)} of {len(rank)} candidates.</p>" if more else ""
    return note + table(headers, rows, text=range(1, len(names) + 1))


def _shown(value: Any) -> str:
    return "" if value is np.ma.masked else str(value)

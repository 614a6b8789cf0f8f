"""Sections of a report on the predictions for test samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..targets.classes import Classes
from ..targets.labels import Labels
from ..targets.numbers import Numbers
from .html_table import cell, number, scrolling, section, table
from .report_mistakes import mistakes
from .report_samples import ReportSamples
from .report_targets import Comparison, compare
from .report_training import duration, facts
from .scatter_svg import scatter

MAX_CLASSES = 30
"""Largest number of classes with a confusion matrix; of more, pairs of classes are listed."""

MAX_COLUMNS = 6
"""Largest number of predicted numbers that are drawn each; of more, all together."""

MAX_PAIRS = 20
"""Number of the most frequent confusions that are listed."""

NOTHING = "<p>No prediction can be compared with its target.</p>"


def prediction_sections(samples: ReportSamples, n: int) -> tuple[str, ...]:
    """Return a section for each output.

    Parameters
    ----------
    samples : ReportSamples
    n : int
        Maximum number of mistakes to show for each output.

    Returns
    -------
    tuple of str
        HTML.
    """
    several = len(samples.names) > 1
    parts = []
    for i, (name, target) in enumerate(zip(samples.names, samples.targets, strict=True)):
        compared = compare(target, samples.true[i], samples.predicted[i])
        metrics, details = _results(target, compared)
        if compared is None and isinstance(target, Numbers) and target.predicts:
            metrics, details = {"score": number(samples.score(i))}, ""
        if i == 0:
            metrics |= {
                "prediction": duration(samples.seconds),
                "samples per second": number(round(len(samples) / max(samples.seconds, 1e-9))),
            }
        worst = "" if compared is None else mistakes(samples, i, compared, n)
        title = f"Test data: {name}" if several else "Test data"
        parts.append(section(title, facts(metrics), details, worst))
    return tuple(parts)


def _results(target: Any, compared: Comparison | None) -> tuple[dict[str, str], str]:
    """Return the metrics of an output, and HTML with the details."""
    if compared is None or not any(counts.any() for counts in compared.counts):
        return {}, NOTHING
    if isinstance(target, Labels):
        return _label_results(compared)
    if isinstance(target, Classes):
        return _class_results(target, *compared.flat())
    return _number_results(compared)


def _class_results(
    target: Classes, true: np.ndarray, predicted: np.ndarray
) -> tuple[dict[str, str], str]:
    labels = np.unique(np.concatenate([target.classes, true, predicted]))
    index = np.searchsorted(labels, np.stack([true, predicted]))
    k = len(labels)
    matrix = np.bincount(index[0] * k + index[1], minlength=k * k).reshape(k, k)
    right, support, chosen = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    union = support + chosen - right
    scores = {
        "precision": (right, chosen),
        "recall": (right, support),
        "F1": (2 * right, support + chosen),
    }
    if target.positions:
        scores["intersection over union"] = (right, union)
    known = support > 0
    ratios = {name: _ratio(*pair) for name, pair in scores.items()}
    metrics = {"accuracy": f"{right.sum() / len(true):.1%}"}
    metrics["balanced accuracy"] = f"{ratios['recall'][known].mean():.1%}"
    if target.positions:
        metrics["mean intersection over union"] = f"{np.nanmean(ratios[list(ratios)[-1]]):.1%}"
    order = np.argsort(np.nan_to_num(ratios["F1"], nan=2.0), kind="stable")[:MAX_CLASSES]
    shown = range(k) if k <= MAX_CLASSES else order
    rows = [
        [labels[i], *(_percent(ratio[i]) for ratio in ratios.values()), f"{support[i]:,}"]
        for i in shown
    ]
    what = "positions" if target.positions else "samples"
    by_class = table(["class", *ratios, what], rows)
    title = "Classes" if k <= MAX_CLASSES else f"The {MAX_CLASSES} classes with the lowest F1"
    confusion = _matrix(labels, matrix) if k <= MAX_CLASSES else _pairs(labels, matrix)
    return metrics, f"{confusion}<h3>{title}</h3>{by_class}"


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _percent(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.1%}"


def _matrix(labels: np.ndarray, matrix: np.ndarray) -> str:
    """Return the confusion matrix, shaded by the share of each true class."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    head = "".join(cell(label, "th") for label in labels)
    rows = []
    for label, counts, own in zip(labels, matrix, shares, strict=True):
        cells = "".join(
            f'<td style="background: rgba(64, 140, 210, {0.65 * share:.2f})">{count or ""}</td>'
            for count, share in zip(counts, own, strict=True)
        )
        rows.append(f"<tr>{cell(label, 'th', text=True)}{cells}</tr>")
    content = (
        f'<table class="skconv-confusion"><thead><tr><th class="skconv-text">true</th>{head}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table>"
    )
    return (
        "<h3>Confusion matrix</h3><p>Rows are true classes, columns predicted ones.</p>"
        f"{scrolling(content)}"
    )


def _pairs(labels: np.ndarray, matrix: np.ndarray) -> str:
    """Return the most frequent confusions."""
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_PAIRS]
    places = [divmod(int(i), len(labels)) for i in order]
    rows = [[labels[i], labels[j], f"{wrong[i, j]:,}"] for i, j in places if wrong[i, j]]
    if not rows:
        return ""
    return f"<h3>Most frequent confusions</h3>{table(['true', 'predicted', 'count'], rows, (0, 1))}"


def _label_results(compared: Comparison) -> tuple[dict[str, str], str]:
    true, predicted, counts = (np.asarray(part) for part in vars(compared).values())
    true, predicted = (true > 0) & counts, (predicted > 0) & counts
    right = true & predicted
    hits, support, chosen = (part.sum(axis=0) for part in (right, true, predicted))
    ratios = {
        "precision": _ratio(hits, chosen),
        "recall": _ratio(hits, support),
        "F1": _ratio(2 * hits, support + chosen),
    }
    rows = [
        [i, *(_percent(ratio[i]) for ratio in ratios.values()), f"{support[i]:,}"]
        for i in range(true.shape[1])
    ]
    if len(rows) > MAX_CLASSES:
        order = np.argsort(np.nan_to_num(ratios["F1"], nan=2.0), kind="stable")[:MAX_CLASSES]
        rows = [rows[i] for i in order]
    agree = (true == predicted)[counts]
    metrics = {
        "all labels right": f"{(true == predicted).all(axis=1).mean():.1%}",
        "labels right": f"{agree.mean():.1%}",
    }
    if not np.isnan(ratios["F1"]).all():
        metrics["macro F1"] = f"{np.nanmean(ratios['F1']):.1%}"
    return metrics, f"<h3>Labels</h3>{table(['label', *ratios, 'samples'], rows)}"


def _number_results(compared: Comparison) -> tuple[dict[str, str], str]:
    true, predicted = compared.flat()
    total = sum(counts.size for counts in compared.counts)
    metrics = _number_metrics(true, predicted)
    note = f"<p>{len(true):,} of {total:,} numbers count.</p>" if len(true) < total else ""
    columns = _columns(compared)
    if columns is None or len(columns) == 1:
        return metrics, f"{note}<h3>Predicted against true</h3>{scatter(true, predicted)}"
    rows = [[i, *_number_metrics(*pair).values()] for i, pair in enumerate(columns)]
    charts = "".join(
        f"<figure><figcaption>number {i}</figcaption>{scatter(*pair, f'number {i}')}</figure>"
        for i, pair in enumerate(columns)
    )
    return metrics, (
        f"{note}<h3>Numbers</h3>{table(['number', *metrics], rows)}"
        f'<h3>Predicted against true</h3><div class="skconv-charts">{charts}</div>'
    )


def _columns(compared: Comparison) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Return the numbers of each column; None if there are many, or none counts in one."""
    counts = compared.counts
    if not isinstance(counts, np.ndarray) or counts.ndim > 2:
        return None
    true, predicted, counts = (
        np.asarray(part).reshape(len(part), -1) for part in vars(compared).values()
    )
    if counts.shape[1] > MAX_COLUMNS or not counts.any(axis=0).all():
        return None
    return [(true[counts[:, i], i], predicted[counts[:, i], i]) for i in range(counts.shape[1])]


def _number_metrics(true: np.ndarray, predicted: np.ndarray) -> dict[str, str]:
    errors = predicted - true
    spread = np.square(true - true.mean()).sum()
    r2 = f"{1 - np.square(errors).sum() / spread:.4g}" if spread > 0 else "not defined"
    return {
        "R²": r2,
        "root mean squared error": number(np.sqrt(np.square(errors).mean())),
        "mean absolute error": number(np.abs(errors).mean()),
    }

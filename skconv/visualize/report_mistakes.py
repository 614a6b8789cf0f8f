"""The worst mistakes in a report, with pictures where the net takes images."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import numpy as np

from ..targets.classes import Classes
from ..targets.labels import Labels
from ..targets.numbers import Numbers
from .html_table import table
from .pictures import class_picture, legend, number_picture, pictures
from .report_samples import ReportSamples
from .report_targets import Comparison
from .sample_text import describe_sample, describe_value


def mistakes(samples: ReportSamples, i: int, compared: Comparison, n: int) -> str:
    """Return the worst mistakes of an output.

    Parameters
    ----------
    samples : ReportSamples
    i : int
        Index of the output.
    compared : Comparison
        Its targets and predictions.
    n : int
        Maximum number of mistakes.

    Returns
    -------
    str
        HTML: pictures with captions, or a table of the samples.
    """
    target = samples.targets[i]
    badness = _badness(target, compared, samples.probabilities[i])
    worst = [int(row) for row in np.argsort(-badness, kind="stable")[:n] if badness[row] > 0]
    title = "Largest errors" if isinstance(target, Numbers) else "Worst mistakes"
    if not worst:
        return f"<h3>{title}</h3><p>None.</p>"
    captions = [_caption(target, compared, samples.probabilities[i], row) for row in worst]
    images = pictures(samples, worst)
    if images is None:
        columns = list(captions[0])
        rows = [
            [row, describe_sample(samples.given, row), *caption.values()]
            for row, caption in zip(worst, captions, strict=True)
        ]
        listed = table(["row", "sample", *columns], rows, text=range(1, 2 + len(columns)))
        return f"<h3>{title}</h3>{listed}"
    maps = _maps(target, compared)
    figures = []
    for row, image, caption in zip(worst, images, captions, strict=True):
        shown = image if maps is None else f"{image}{maps(row)}"
        text = "<br>".join(f"{name} {html.escape(value)}" for name, value in caption.items())
        figures.append(f"<figure>{shown}<figcaption>{text}<br>row {row}</figcaption></figure>")
    notes = "" if maps is None else "<p>Input, true and predicted.</p>"
    if maps is not None and isinstance(target, Classes):
        notes += legend(_classes(target, compared))
    return f'<h3>{title}</h3>{notes}<div class="skconv-gallery">{"".join(figures)}</div>'


def _badness(target: Any, compared: Comparison, probabilities: Any) -> np.ndarray:
    """Return how bad the prediction of each row is; zero if it is right."""
    rows = zip(compared.true, compared.predicted, compared.counts, strict=True)
    if isinstance(target, Numbers):
        return np.array([_root_mean_square((p - t)[c]) for t, p, c in rows])
    wrong = np.array([np.mean(np.asarray(t != p)[c]) if np.any(c) else 0.0 for t, p, c in rows])
    if probabilities is None or (isinstance(target, Classes) and target.positions):
        return wrong
    if isinstance(target, Labels):
        true = np.asarray(compared.true) > 0
        distance = np.where(np.asarray(compared.counts), np.abs(probabilities - true), 0)
        return np.where(wrong > 0, distance.max(axis=1) + 1e-9, 0)
    values = _columns(probabilities)
    classes = target.classes
    index = np.minimum(np.searchsorted(classes, compared.true), len(classes) - 1)
    own = values[np.arange(len(values)), index]
    return np.where(wrong > 0, np.maximum(values.max(axis=1) - own, 0) + 1e-9, 0)


def _columns(values: np.ndarray) -> np.ndarray:
    """Return the scores of two classes in two columns."""
    return np.stack([-values, values], axis=1) if values.ndim == 1 else values


def _root_mean_square(errors: np.ndarray) -> float:
    return float(np.sqrt(np.square(errors).mean())) if errors.size else 0.0


def _caption(target: Any, compared: Comparison, probabilities: Any, row: int) -> dict[str, str]:
    true, predicted = compared.true[row], compared.predicted[row]
    counts = compared.counts[row]
    if isinstance(target, Labels):
        return {"true": _listed(true), "predicted": _listed(predicted)}
    if isinstance(target, Numbers):
        error = {"error": describe_value(_root_mean_square((predicted - true)[counts]))}
        if np.ndim(true) > 1:
            return error
        return {"true": describe_value(true), "predicted": describe_value(predicted), **error}
    if target.positions:
        wrong = {"wrong": f"{np.mean((true != predicted)[counts]):.1%}"}
        if np.ndim(true) > 1:
            return wrong
        return {"true": describe_value(true), "predicted": describe_value(predicted), **wrong}
    caption = {"true": str(true), "predicted": str(predicted)}
    if probabilities is not None:
        values = _columns(probabilities)[row]
        template = "{:.3g}" if target.scores else "{:.0%}"
        caption["score" if target.scores else "probability"] = template.format(values.max())
    return caption


def _listed(indicators: np.ndarray) -> str:
    return ", ".join(map(str, np.flatnonzero(indicators > 0))) or "none"


def _maps(target: Any, compared: Comparison) -> Callable[[int], str] | None:
    """Return a function that draws targets and predictions of a row; None if they are no maps."""
    if not isinstance(compared.true, np.ndarray):
        return None
    true, predicted, counts = compared.true, compared.predicted, compared.counts
    if isinstance(target, Classes) and true.ndim == 3:
        classes = _classes(target, compared)

        def draw_classes(row: int) -> str:
            pairs = ((true, "true classes"), (predicted, "predicted classes"))
            return "".join(
                class_picture(part[row], classes, counts[row], alt) for part, alt in pairs
            )

        return draw_classes
    if isinstance(target, Numbers) and (true.ndim == 3 or (true.ndim == 4 and true.shape[1] <= 4)):
        finite = true[np.isfinite(true)]
        low, high = float(finite.min()), float(finite.max())

        def draw_numbers(row: int) -> str:
            pairs = ((true, "true numbers"), (predicted, "predicted numbers"))
            return "".join(number_picture(part[row], low, high, alt) for part, alt in pairs)

        return draw_numbers
    return None


def _classes(target: Classes, compared: Comparison) -> np.ndarray:
    return np.unique(np.concatenate([target.classes, *compared.flat()]))

"""Report on a fitted net: an HTML page of its training, its predictions and its mistakes."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from sklearn.utils.validation import check_is_fitted

from ..utils.checks import positive
from ..utils.files import atomic_write
from .html import STYLE
from .report_predictions import prediction_sections
from .report_samples import ReportSamples
from .report_style import REPORT_STYLE
from .report_training import configuration_sections, training_sections
from .wrapped_net import unwrap


class Report:
    """Report on a fitted net, which notebooks display, and which is saved as one HTML file.

    Parameters
    ----------
    title : str
    make_body : callable
        Returns the body as HTML, without styles; called when the report is first displayed or
        saved.

    See Also
    --------
    make_report : Make a report.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> net = NeuralNet(max_epochs=1).fit(*load_iris(return_X_y=True))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     net.report_.save(f'{folder}/report.html')
    ...     pathlib.Path(f'{folder}/report.html').read_text()[:15]
    '<!DOCTYPE html>'
    """

    def __init__(self, title: str, make_body: Callable[[], str]) -> None:
        self.title = title
        self._make_body = make_body

    @cached_property
    def _body(self) -> str:
        return self._make_body()

    def __getstate__(self) -> dict[str, Any]:
        return {"title": self.title, "_body": self._body}

    def __repr__(self) -> str:
        return f"<{self.title}>"

    def _repr_html_(self) -> str:
        return f'{STYLE}{REPORT_STYLE}<div class="skconv skconv-report">{self._body}</div>'

    def to_html(self) -> str:
        """Return the report as a page of its own.

        Returns
        -------
        str
            It requests no other files, and adapts to light and dark screens and to phones.
        """
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{html.escape(self.title)}</title></head>"
            f'<body class="skconv-page">{self._repr_html_()}</body></html>\n'
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report to one HTML file.

        Parameters
        ----------
        path : str or path
            An existing file is replaced.

        Raises
        ------
        OSError
            With the path, if the file cannot be written.
        """
        with atomic_write(Path(path)) as temporary:
            temporary.write_text(self.to_html(), encoding="utf-8")


def make_report(net: Any, X: Any = None, y: Any = None, *, n: int = 24) -> Report:
    """Report on a fitted net: its training and, given test data, its predictions and mistakes.

    The report has the learning curves, the time of the epochs, the candidates of a search, the
    table of layers and the parameters. For each output, test data add the metrics, a confusion
    matrix or a plot of predicted against true numbers, and the worst mistakes, with pictures if the
    net takes images. It needs no packages besides those of skconv.

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like, DataFrame, sparse matrix, or dict of arrays, optional
        Samples that the net was not trained on.
    y : array-like, optional
        Their targets, as in `fit`; by default X if the net is an autoencoder.
    n : int
        Maximum number of mistakes to show, for each output.

    Returns
    -------
    Report
        Notebooks display it; its method `save` writes an HTML file.

    Raises
    ------
    NotFittedError
        If the net is not fitted.
    ValueError
        If X or y do not suit the net, or only one of them is given.

    See Also
    --------
    skconv.NeuralNet.report_ : The same without test data.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNet(max_epochs=5, random_state=0).fit(X[::2], y[::2])
    >>> make_report(net, X[1::2], y[1::2])
    <Report on NeuralNet, 75 test samples>
    """
    if positive(n):
        raise ValueError(f"n must be {positive(n)}, got {n!r}")
    inner = unwrap(net)
    check_is_fitted(inner)
    title, tests = _title(net), tuple[str, ...]()
    if X is not None or y is not None:
        samples = ReportSamples.read(net, inner, X, y)
        title = f"{title}, {len(samples):,} test samples"
        tests = prediction_sections(samples, n)
    body = _body(net, title, tests)
    return Report(title, lambda: body)


def training_report(net: Any) -> Report:
    """Return a report without test data, which is made when it is first displayed or saved."""
    title = _title(net)
    return Report(title, lambda: _body(net, title))


def _title(net: Any) -> str:
    return f"Report on {type(net).__name__}"


def _body(net: Any, title: str, tests: Sequence[str] = ()) -> str:
    inner = unwrap(net)
    heading = f"<h1>{html.escape(title)}</h1>"
    training = training_sections(net, inner)
    return "".join([heading, *training, *tests, *configuration_sections(net, inner)])

"""The HTML view of a net in notebooks, and the report on its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from ..network.model import Model
from ..training.history import Row

if TYPE_CHECKING:
    from ..visualize.report import Report


class HtmlMixin:
    """Notebook view: scikit-learn's diagram, the table of layers and the losses; and a report."""

    _model: Model
    train_history_: list[Row]

    def _html_repr(self) -> str:
        """Return scikit-learn's diagram, followed by layers and losses once the net has them."""
        diagram = estimator_html_repr(self)
        if not hasattr(self, "_model"):
            return diagram
        from ..visualize.html import net_view  # here, so that importing skconv loads no plots

        return diagram + net_view(self._model.network, self.train_history_)

    @property
    def report_(self) -> Report:
        """The report on the training: learning curves, times, layers and parameters.

        Notebooks display it, and ``net.report_.save('report.html')`` writes an HTML file. The
        report of `skconv.visualize.make_report` has the results for test data, too.
        """
        check_is_fitted(self)
        from ..visualize.report import training_report  # here, as above

        return training_report(self)

"""The HTML view of a net in notebooks."""

from __future__ import annotations

from sklearn.utils import estimator_html_repr

from ..network.model import Model
from ..training.history import Row


class HtmlMixin:
    """Notebook view: scikit-learn's diagram, the table of layers and the losses."""

    _model: Model
    train_history_: list[Row]

    def _html_repr(self) -> str:
        """Return scikit-learn's diagram, followed by layers and losses once the net has them."""
        diagram = estimator_html_repr(self)
        if not hasattr(self, "_model"):
            return diagram
        from ..visualize.html import net_view  # here, so that importing skconv loads no plots

        return diagram + net_view(self._model.network, self.train_history_)

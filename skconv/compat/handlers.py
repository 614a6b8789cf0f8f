"""Handlers of nolearn that differ from those of `skconv.handlers`."""

from __future__ import annotations

from ..handlers import Handler
from ..handlers import SaveWeights as Base


class SaveWeights(Base):
    """Writes the weights at the end of epochs, to files of any suffix.

    The same as `skconv.handlers.SaveWeights` for a net of nolearn, whose `save_params_to` writes
    files without a suffix of ours in nolearn's format.

    Parameters
    ----------
    path, every_n_epochs, only_best, pickle, verbose, monitor, mode
        As in `skconv.handlers.SaveWeights`.

    Examples
    --------
    >>> SaveWeights('net-{epoch}.pickle').path
    'net-{epoch}.pickle'
    """

    def check_parameters(self) -> None:
        """Raise `ValueError` for invalid parameters."""
        Handler.check_parameters(self)
        self._formatted(0.0, 1)

"""Learning rate range test."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from ..training.history import Row
from ..utils.checks import between, fraction, is_integer, is_number, text
from ..utils.optional import import_optional
from .base import Handler
from .hyperparams import set_hyperparam

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LearningRateFinder"]

RESTORED = ("carry", "epoch", "step", "statistics")
"""Attributes of the model that a test changes."""


def _steps(value: Any) -> str | None:
    return None if is_integer(value, low=2) else "an integer >= 2"


class LearningRateFinder(Handler):
    """Learning rate range test: the rate rises at each step until the loss diverges.

    `find` runs the test on a copy of a net. Passed as ``on_batch_finished``, the handler turns
    `fit` into a test, which ends after `steps` and leaves the net unchanged.

    The method is from Smith (2017), "Cyclical learning rates for training neural networks".

    Parameters
    ----------
    low, high : float
        First and last learning rate.
    steps : int
        Number of batches to train on.
    smoothing : float
        Weight of the previous running mean of the loss in the next, between 0 and 1.
    patience : float
        The test ends early when the smoothed loss exceeds its minimum by this factor.
    name : str
        Parameter of the net to raise.

    Attributes
    ----------
    rates, losses : list of float
        Learning rate of each step, and the loss before it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> finder = LearningRateFinder(1e-4, 10.0, steps=30)
    >>> net = NeuralNet(update_learning_rate=0.01, random_state=0)
    >>> 1e-4 < finder.find(net, *load_iris(return_X_y=True)).suggestion < 10.0
    True
    """

    allowed_in = ("on_batch_finished",)
    parameter_checks = {
        "steps": _steps,
        "smoothing": fraction,
        "patience": between(1.0, math.inf),
        "name": text,
    }

    def __init__(
        self,
        low: float = 1e-6,
        high: float = 1.0,
        steps: int = 100,
        smoothing: float = 0.9,
        patience: float = 4.0,
        name: str = "update_learning_rate",
    ) -> None:
        self.low = low
        self.high = high
        self.steps = steps
        self.smoothing = smoothing
        self.patience = patience
        self.name = name
        self.check_parameters()
        self.reset()

    def check_parameters(self) -> None:
        """Raise `ValueError` for invalid parameters."""
        super().check_parameters()
        low, high = self.low, self.high
        if not (is_number(low) and is_number(high) and 0 < low < high < math.inf):
            raise ValueError(
                f"{type(self).__name__}: low and high must satisfy 0 < low < high, got {low!r} and "
                f"{high!r}"
            )

    def reset(self) -> None:
        """Forget the previous test."""
        self.rates: list[float] = []
        self.losses: list[float] = []
        self._before: dict[str, Any] | None = None

    def find(self, net: Any, X: Any, y: Any, **fit_params: Any) -> Self:
        """Run the test on a copy of a net; the net itself stays unchanged.

        Parameters
        ----------
        net : NeuralNet
            The copy starts from newly drawn weights, without other handlers.
        X, y
            As in `NeuralNet.fit`.
        **fit_params
            Other arguments of `NeuralNet.fit`.

        Returns
        -------
        self
        """
        handlers = {name: None for name in net.get_params() if name.startswith("on_")}
        trial = clone(net).set_params(**handlers, verbose=0).set_params(on_batch_finished=[self])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            trial.fit(X, y, epochs=self.steps, **fit_params)
        return self

    def get_state(self) -> dict[str, Any]:
        """Return nothing: a test always starts with the lowest rate."""
        return {}

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Remember the state of the model, and set the lowest rate."""
        self.reset()
        model = net._fitted().model
        self._before = {name: getattr(model, name) for name in RESTORED}
        self._rows = len(train_history)
        set_hyperparam(net, self.name, self._rate(0))

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Record the loss of the batch, and raise the rate."""
        self.rates.append(self._rate(len(self.losses)))
        self.losses.append(net.last_batch_["loss"])
        smooth = self.smooth_losses
        diverged = not math.isfinite(smooth[-1]) or smooth[-1] > self.patience * smooth.min()
        if diverged or len(self.losses) == self.steps:
            raise StopIteration
        set_hyperparam(net, self.name, self._rate(len(self.losses)))

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Restore the model and the history."""
        if self._before is not None:
            vars(net._fitted().model).update(self._before)
            del train_history[self._rows :]
            self._before = None

    def _rate(self, step: int) -> float:
        return float(self.low * (self.high / self.low) ** (step / (self.steps - 1)))

    @property
    def smooth_losses(self) -> np.ndarray:
        """Running means of the losses, corrected for the bias of their initialization."""
        weight, total, means = self.smoothing, 0.0, []
        for step, loss in enumerate(self.losses, start=1):
            total = weight * total + (1 - weight) * loss
            means.append(total / (1 - weight**step))
        return np.array(means)

    @property
    def suggestion(self) -> float:
        """The rate at which the smoothed loss falls most steeply over the log of the rate.

        Rates beyond the minimum of the loss are ignored: a loss that diverged may fall again.

        Raises
        ------
        ValueError
            Before a test, or if the loss diverged at once.
        """
        smooth = self.smooth_losses
        rates = np.array(self.rates)[np.isfinite(smooth)]
        smooth = smooth[np.isfinite(smooth)]
        if len(smooth) < 3:
            raise ValueError(
                f"a suggestion needs at least 3 steps with a finite loss, got {len(smooth)}; call "
                "find first, or lower `low`"
            )
        slopes = np.gradient(smooth, np.log(rates))
        return float(rates[slopes[: smooth.argmin() + 1].argmin()])

    def plot(self, ax: Axes | None = None, figsize: tuple[float, float] = (6, 4)) -> Figure:
        """Plot the losses over the rates.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        figsize : (float, float)
            Size of a new figure in inches.

        Returns
        -------
        matplotlib.figure.Figure
        """
        if ax is None:
            _, ax = import_optional("matplotlib.pyplot").subplots(
                figsize=figsize, layout="constrained"
            )
        suggestion = self.suggestion
        ax.plot(self.rates, self.losses, ".", alpha=0.3, label="loss")
        ax.plot(self.rates, self.smooth_losses, label="running mean")
        ax.axvline(suggestion, color="gray", ls="--", label=f"steepest: {suggestion:.2g}")
        first, best = self.smooth_losses[0], np.nanmin(self.smooth_losses)
        margin = max(first - best, 0.1 * abs(best))
        ax.set(xscale="log", xlabel=self.name, ylabel="loss")
        ax.set_ylim(best - 0.3 * margin, first + margin)
        ax.legend()
        return cast("Figure", ax.figure)

"""A range test that finds a learning rate."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from ..training.history import Row
from ..utils.optional import import_optional
from .base import Handler
from .hyperparams import set_hyperparam

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LearningRateFinder"]

KEPT = ("params", "state", "opt", "epoch", "step")


class LearningRateFinder(Handler):
    """Raise the learning rate from step to step, and see where the loss falls and where it breaks.

    `find` does so with a copy of a net. As ``on_batch_finished`` it makes a `fit` a range test:
    that ends after `steps`, and the net is as it was before.

    The test is that of Smith (2017), "Cyclical learning rates for training neural networks".

    Parameters
    ----------
    low, high : float
        First and last rate.
    steps : int
        Batches to train on.
    smoothing : float
        How much of the mean of the losses before goes into the next, between 0 and 1.
    patience : float
        The test ends early where the smoothed loss is as many times its lowest value.
    name : str
        Parameter of the net to raise.

    Attributes
    ----------
    rates, losses : list of float
        By step: its rate, and the loss before it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> finder = LearningRateFinder(1e-4, 10.0, steps=30)
    >>> net = NeuralNet(update_learning_rate=0.01, random_state=0)
    >>> 1e-4 < finder.find(net, *load_iris(return_X_y=True)).suggestion < 10.0
    True
    """

    def __init__(
        self,
        low: float = 1e-6,
        high: float = 1.0,
        steps: int = 100,
        smoothing: float = 0.9,
        patience: float = 4.0,
        name: str = "update_learning_rate",
    ) -> None:
        if not 0 < low < high:
            raise ValueError(f"low={low!r} and high={high!r} are no rates with 0 < low < high")
        if steps < 2:
            raise ValueError(f"steps={steps!r} is not 2 or more")
        self.low = low
        self.high = high
        self.steps = steps
        self.smoothing = smoothing
        self.patience = patience
        self.name = name
        self.reset()

    def reset(self) -> None:
        """Forget the test before."""
        self.rates: list[float] = []
        self.losses: list[float] = []
        self._before: dict[str, Any] | None = None

    def find(self, net: Any, X: Any, y: Any, **fit_params: Any) -> Self:
        """Run the test with a copy of a net, which stays as it is.

        Parameters
        ----------
        net : NeuralNet
            The copy starts from fresh weights and has no other handlers.
        X, y
            As in `NeuralNet.fit`.
        **fit_params
            Further arguments of `NeuralNet.fit`.

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

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Keep what the test will change, and begin with the lowest rate."""
        self.reset()
        self._before = {name: getattr(net._model, name) for name in KEPT}
        self._rows = len(train_history)
        set_hyperparam(net, self.name, self._rate(0))

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Note the loss of the batch, and raise the rate."""
        self.rates.append(self._rate(len(self.losses)))
        self.losses.append(net.last_batch_["loss"])
        smooth = self.smooth_losses
        broken = not math.isfinite(smooth[-1]) or smooth[-1] > self.patience * smooth.min()
        if broken or len(self.losses) == self.steps:
            raise StopIteration
        set_hyperparam(net, self.name, self._rate(len(self.losses)))

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Put the net back where it was."""
        if self._before is not None:
            vars(net._model).update(self._before)
            del train_history[self._rows :]
            self._before = None

    def _rate(self, step: int) -> float:
        return float(self.low * (self.high / self.low) ** (step / (self.steps - 1)))

    @property
    def smooth_losses(self) -> np.ndarray:
        """Running means of the losses, free of the bias towards their start."""
        kept, total, means = self.smoothing, 0.0, []
        for step, loss in enumerate(self.losses, start=1):
            total = kept * total + (1 - kept) * loss
            means.append(total / (1 - kept**step))
        return np.array(means)

    @property
    def suggestion(self) -> float:
        """The rate at which the smoothed loss falls most steeply over the logarithm of the rate.

        What comes after its lowest value does not count: a loss that broke may fall as well.

        Raises
        ------
        ValueError
            Before the test, and where the loss broke at once.
        """
        smooth = self.smooth_losses
        rates = np.array(self.rates)[np.isfinite(smooth)]
        smooth = smooth[np.isfinite(smooth)]
        if len(smooth) < 3:
            raise ValueError(
                f"{len(smooth)} steps with a finite loss tell no learning rate; call find first, "
                "or lower `low`"
            )
        slopes = np.gradient(smooth, np.log(rates))
        return float(rates[slopes[: smooth.argmin() + 1].argmin()])

    def plot(self, ax: Axes | None = None, figsize: tuple[float, float] = (6, 4)) -> Figure:
        """Draw losses over rates.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
        figsize : (float, float)
            Inches, where no axes are given.

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
        return ax.figure

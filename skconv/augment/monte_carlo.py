"""Monte Carlo dropout: predictions averaged over passes with dropout, and how much they vary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from ..utils.checks import positive
from ..utils.fields import structural
from .tunable import Tunable

__all__ = ["MonteCarloDropout"]


class NoisyForward(Protocol):
    """The forward pass of a network, which also runs with noise."""

    def __call__(self, Xb: Any, /) -> Any:
        """Return the output, or a tuple of outputs."""
        ...

    def noisy(self, key: jax.Array) -> NoisyForward:
        """Return the pass with dropout and other noise as in training."""
        ...


def _is_augmentation(value: Any) -> str | None:
    valid = value is None or (callable(value) and not isinstance(value, type))
    return None if valid else "a TestTime, a function (forward, key, Xb) or None"


@dataclass(frozen=True)
class MonteCarloDropout(Tunable):
    """Average predictions over passes with dropout, as ``test_augment`` of a net.

    Dropout and other noise layers act as in training; batch normalization uses its running
    statistics. ``predict_proba(X, return_std=True)`` and, for numbers, ``predict(X,
    return_std=True)`` also return the standard deviation over the passes, which tells how sure the
    net is (Gal & Ghahramani 2016). Each pass draws its noise once for all rows, from the
    `random_state` of the net, so the prediction for a row does not depend on the other rows.

    Parameters
    ----------
    n : int
        Number of passes. A runtime value: changing it compiles nothing.
    augment : TestTime or callable, optional
        Augmentation within each pass, over whose copies the pass averages, with the same noise.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skconv import NeuralNet
    >>> from skconv.augment import MonteCarloDropout
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = NeuralNet(
    ...     regression=True, test_augment=MonteCarloDropout(n=30), max_epochs=2, random_state=0
    ... ).fit(X, y)
    >>> mean, std = net.predict(X[:5], return_std=True)
    >>> mean.shape, std.shape
    ((5,), (5,))
    """

    n: int = field(default=50, metadata={"kind": "runtime", "check": positive})

    augment: Any = structural(None, check=_is_augmentation)

    needs_noise: ClassVar[bool] = True
    """Whether the predictions of a net without noise layers do not vary."""

    def __call__(self, forward: NoisyForward, key: jax.Array, Xb: Any) -> Any:
        """Return the mean over the passes.

        Parameters
        ----------
        forward : callable
            The forward pass, with its method `noisy`.
        key : jax key
        Xb : array of shape (n, ...), or dict of arrays

        Returns
        -------
        array of shape (n, ...), or tuple of them
        """
        return self.moments(forward, key, Xb)[0]

    def moments(self, forward: NoisyForward, key: jax.Array, Xb: Any) -> tuple[Any, Any]:
        """Return the mean and the standard deviation over the passes.

        Parameters
        ----------
        forward, key, Xb
            As in a call.

        Returns
        -------
        mean, std : array of shape (n, ...), or tuple of them
        """

        def run(i: Any) -> Any:
            noisy = forward.noisy(jax.random.fold_in(key, i))
            return noisy(Xb) if self.augment is None else self.augment(noisy, key, Xb)

        def step(i: jax.Array, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            # Welford's sums, as a difference of squares would cancel where passes hardly differ
            mean, squares = carry
            output = run(i)
            count = (i + 1).astype(jnp.float32)
            new = jax.tree.map(lambda m, out: m + (out - m) / count, mean, output)
            return new, jax.tree.map(
                lambda s, out, m, n: s + (out - m) * (out - n), squares, output, mean, new
            )

        zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(run, 0))
        passes = jnp.asarray(self.n).astype(jnp.int32)
        mean, squares = lax.fori_loop(0, passes, step, (zeros, zeros))
        return mean, jax.tree.map(lambda s: jnp.sqrt(s / passes.astype(s.dtype)), squares)

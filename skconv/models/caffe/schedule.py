"""Learning rates as solvers of Caffe change them."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

from ...errors import did_you_mean

POLICIES = ("fixed", "step", "exp", "inv", "multistep", "poly", "sigmoid")


@dataclass(frozen=True)
class CaffeSchedule:
    """The learning rate of each step, by one of the policies of Caffe.

    A schedule for ``update_learning_rate``. With `t` the number of steps before:

    ============= =====================================================
    `policy`      learning rate
    ============= =====================================================
    ``fixed``     ``base_lr``
    ``step``      ``base_lr * gamma ** (t // stepsize)``
    ``multistep`` ``base_lr * gamma ** (number of stepvalues up to t)``
    ``exp``       ``base_lr * gamma ** t``
    ``inv``       ``base_lr * (1 + gamma * t) ** -power``
    ``poly``      ``base_lr * (1 - t / max_iter) ** power``, then 0
    ``sigmoid``   ``base_lr / (1 + exp(-gamma * (t - stepsize)))``
    ============= =====================================================

    Parameters
    ----------
    policy : str
    base_lr, gamma, power : float
    stepsize : int
    stepvalues : tuple of int
        In increasing order.
    max_iter : int

    Raises
    ------
    ValueError
        If `policy` is unknown or lacks a positive `stepsize` or `max_iter`.

    Examples
    --------
    >>> schedule = CaffeSchedule('step', base_lr=0.01, gamma=0.1, stepsize=1000)
    >>> schedule(999), schedule(1000)
    (0.01, 0.001)
    """

    policy: str
    base_lr: float = 0.01
    gamma: float = 1.0
    power: float = 1.0
    stepsize: int = 0
    stepvalues: tuple[int, ...] = ()
    max_iter: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "stepvalues", tuple(self.stepvalues))
        if self.policy not in POLICIES:
            raise ValueError(
                f"policy must be one of {', '.join(map(repr, POLICIES))}, got {self.policy!r}."
                f"{did_you_mean(self.policy, POLICIES)}"
            )
        for policy, needed in (("step", "stepsize"), ("poly", "max_iter")):
            if self.policy == policy and getattr(self, needed) < 1:
                raise ValueError(
                    f"{needed} must be a positive integer for the policy {policy!r}, got "
                    f"{getattr(self, needed)!r}"
                )
        if list(self.stepvalues) != sorted(self.stepvalues):
            raise ValueError(f"stepvalues must increase, got {self.stepvalues!r}")

    def __call__(self, step: int) -> float:
        """Return the learning rate after a number of steps."""
        return self.base_lr * self._factor(int(step))

    def _factor(self, step: int) -> float:
        if self.policy == "step":
            return self.gamma ** (step // self.stepsize)
        if self.policy == "multistep":
            return self.gamma ** bisect.bisect_right(self.stepvalues, step)
        if self.policy == "exp":
            return self.gamma**step
        if self.policy == "inv":
            return float((1 + self.gamma * step) ** -self.power)
        if self.policy == "poly":
            return float(max(1 - step / self.max_iter, 0.0) ** self.power)
        if self.policy == "sigmoid":
            return 1 / (1 + math.exp(min(-self.gamma * (step - self.stepsize), 700.0)))
        return 1.0

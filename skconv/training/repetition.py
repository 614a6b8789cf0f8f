"""Whether a program consists of few kinds of operations, as that of many equal layers does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .operations import operations

if TYPE_CHECKING:  # its package imports Pallas
    from jax.extend.core import Jaxpr, JaxprEqn

DISTINCT_SHARE = 0.3
"""Largest weight of the distinct operations of a program that repeats itself, by their number.

Seconds of a first fit, and milliseconds of a step, with the older emitters and with the options for
programs that repeat themselves, by that ratio, on an AMD EPYC, two cores (jax 0.10.2):

==================================  =====  ==========  ==========
program                             ratio  first fit   step
==================================  =====  ==========  ==========
60 dense layers                     0.04   5.5, 2.1    0.7, 0.6
two LSTM layers                     0.16   2.4, 1.9    10.0, 9.0
ResNet-18, 224x224                  0.34   11.1, 7.7   307, 321
ResNet-18, 32x32, a fourth as wide  0.34   9.4, 7.7    388, 385
GRU after a convolution             0.37   1.6, 1.7    5.8, 4.8
`NeuralNet()` on 500 rows           0.38   1.1, 1.5    0.16, 0.15
VGG-like network                    0.82   9.9, 10.2   316, 321
six convolutions                    0.98   3.4, 4.0    300, 309
tutorial's network                  1.08   1.3, 1.7    22, 23
==================================  =====  ==========  ==========

On one core, the step of the larger ResNet-18 takes 5 to 12 % longer with the latter, which costs
more than compiling saves after a few hundred steps.
"""


IMAGE_WEIGHT = 4
"""Weight of an operation on arrays of four or more axes; others have 1, and those on scalars none.

The newer emitters take 40 ms for a loop over images, of the VGG-like network, and 9 for others.
"""


def repeats_itself(program: Jaxpr) -> bool:
    """Return whether most operations of a program occur in it again, on arrays of equal shapes.

    Examples
    --------
    >>> import jax
    >>> import jax.numpy as jnp
    >>> def program(x):
    ...     for _ in range(10):
    ...         x = jnp.sin(x @ x)
    ...     return x
    >>> repeats_itself(jax.make_jaxpr(program)(jnp.ones((2, 2))).jaxpr)
    True
    """
    every = list(operations(program))
    weight = sum(_weight_of(shapes) for _, shapes in set(map(_kind_of, every)))
    return weight <= DISTINCT_SHARE * len(every)


def _kind_of(operation: JaxprEqn) -> tuple[Any, tuple[tuple[int, ...], ...]]:
    """Return the primitive of an operation, and the shapes of all its arrays."""
    arrays = [*operation.invars, *operation.outvars]
    return operation.primitive, tuple(getattr(one.aval, "shape", ()) for one in arrays)


def _weight_of(shapes: tuple[tuple[int, ...], ...]) -> int:
    axes = max(map(len, shapes), default=0)
    return IMAGE_WEIGHT if axes > 3 else min(axes, 1)

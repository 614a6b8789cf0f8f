"""Whether a program consists of few kinds of operations, as that of many equal layers does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .operations import operations

if TYPE_CHECKING:  # its package imports Pallas
    from jax.extend.core import Jaxpr, JaxprEqn

DISTINCT_SHARE = 0.3
"""Largest weight of the distinct operations of a program that repeats itself, by their number.

Seconds of CPU time for the training program with the older and the newer emitters, by that ratio,
on an AMD EPYC, two cores (jax 0.10.2): 11.9 and 2.6 for 60 dense layers (0.04), 2.3 and 1.2 for ten
(0.15), 2.6 and 2.5 for an LSTM (0.25), 20.0 and 13.7 for a ResNet-18 (0.27), 2.2 and 2.4 for six
convolutions (0.34), 15.8 and 23.5 for a VGG-like network (0.38), 1.6 and 2.5 for the tutorial's
(0.87).
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

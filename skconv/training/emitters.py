"""The choice between XLA's older and newer emitters of fused loops, on the CPU."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .operations import operations
from .repetition import repeats_itself

if TYPE_CHECKING:  # its package imports Pallas
    from jax.extend.core import Jaxpr

LARGE_LOOPS = 2**20
"""Number of values computed in elementwise loops from which their speed outweighs compiling.

Seconds of a first fit of 10 epochs, and milliseconds of an epoch of 3,200 rows, with the older and
the newer emitters, on an AMD EPYC, two cores (jax 0.10.2):

=============  ============  ==========  ===========  ==========
units          rows a batch  values      first fit    epoch
=============  ============  ==========  ===========  ==========
20-100-10      128           0.1 * 2**20 0.79, 0.94   1.8, 1.6
784-64-10      128           0.6 * 2**20 0.91, 1.00   7.8, 7.0
784-200-10     128           1.8 * 2**20 0.97, 1.10   18.6, 17.2
784-500-10     128           4.5 * 2**20 1.28, 1.31   40.1, 35.9
784-500-10     32            4.4 * 2**20 1.7, 1.5     66, 52
=============  ============  ==========  ===========  ==========
"""

ELEMENTWISE = frozenset({"add", "div", "integer_pow", "max", "mul", "select_n", "sqrt", "sub"})
"""Operations that updates and nonlinearities consist of."""


def suits_newer_emitters(program: Jaxpr) -> bool:
    """Return whether a program is compiled, or runs, faster with the newer emitters."""
    return repeats_itself(program) or has_large_loops(program)


def has_large_loops(program: Jaxpr) -> bool:
    """Return whether a program computes many values elementwise, such as updates of wide layers.

    Those of images do not count, as nets of convolutions gain nothing from the newer emitters: an
    epoch of the tutorial's network takes 178 instead of 168 ms, one of a VGG-like network 1.28
    instead of 1.26 s, and both take longer to compile.

    Examples
    --------
    >>> import jax
    >>> import jax.numpy as jnp
    >>> def step(weights):
    ...     return weights - 0.1 * weights
    >>> [has_large_loops(jax.make_jaxpr(step)(jnp.ones((n, n))).jaxpr) for n in (100, 1000)]
    [False, True]
    """
    count = 0
    for operation in operations(program):
        shapes = [getattr(value.aval, "shape", ()) for value in operation.outvars]
        if any(len(shape) > 3 for shape in shapes):
            return False
        if operation.primitive.name in ELEMENTWISE:
            count += sum(map(math.prod, shapes))
    return count >= LARGE_LOOPS

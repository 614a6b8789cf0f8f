"""The operations of a program, also those inside of its loops and branches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def operations(program: Any) -> Iterator[Any]:
    """Yield the operations of a program, each before those inside of it.

    `jax.extend.core.subjaxprs` finds the inner programs as well, but its package imports Pallas,
    which takes 25 ms of `import skconv` (AMD EPYC, jax 0.10.2).

    Parameters
    ----------
    program : Jaxpr

    Examples
    --------
    >>> import jax
    >>> import jax.numpy as jnp
    >>> program = jax.make_jaxpr(lambda x: jax.lax.cond(x > 0, jnp.sin, jnp.cos, x))(1.0).jaxpr
    >>> [operation.primitive.name for operation in operations(program)]
    ['gt', 'convert_element_type', 'cond', 'cos', 'sin']
    """
    for operation in program.eqns:
        yield operation
        for value in operation.params.values():
            for inner in value if isinstance(value, tuple) else (value,):
                if hasattr(inner, "eqns"):
                    yield from operations(inner)

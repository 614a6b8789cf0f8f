"""Functions that are computed in another way where JAX maps or differentiates them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax

Compute = Callable[[jax.Array, jax.Array], jax.Array]


def untransformed(compute: Compute, otherwise: Compute) -> Compute:
    """Return a function that is `compute`, but `otherwise` under `jax.vmap` and for gradients.

    Parameters
    ----------
    compute, otherwise : callable
        Two ways to compute the same from two arrays.

    Returns
    -------
    callable
        Without forward-mode derivatives.

    Examples
    --------
    >>> either = untransformed(lambda x, y: x * y, lambda x, y: -x * y)
    >>> float(either(2.0, 3.0)), float(jax.grad(either)(2.0, 3.0))
    (6.0, -3.0)
    """
    mapped = jax.custom_batching.custom_vmap(compute)

    @mapped.def_vmap
    def map_otherwise(
        size: int, batched: Sequence[bool], *operands: jax.Array
    ) -> tuple[jax.Array, bool]:
        axes = [0 if one else None for one in batched]
        return jax.vmap(otherwise, axes)(*operands), True

    @jax.custom_vjp
    def either(x: jax.Array, y: jax.Array) -> jax.Array:
        return mapped(x, y)

    either.defvjp(
        lambda x, y: jax.vjp(otherwise, x, y), lambda backward, gradient: backward(gradient)
    )
    return either

"""Modules of Flax's nnx."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import jax

from ..utils.optional import import_optional
from .held_module import Arrays, HeldModule, Path, Row, mode_arguments, one_row_at_a_time
from .specs import Context


class NnxModule(HeldModule):
    """A module of Flax's nnx as a function of a batch.

    Its variables of the kind `nnx.Param` are trained; others are state, but for random keys.

    Parameters
    ----------
    given : flax.nnx.Module
    """

    def __init__(self, given: Any) -> None:
        super().__init__(type(given).__name__)
        nnx = import_optional("flax.nnx")
        self.graph, *states = nnx.split(nnx.clone(given), nnx.Param, nnx.RngState, ...)
        self.trained, self.streams, self.state = states

    @property
    def contents(self) -> Any:
        """The graph, the variables and the number of random streams."""
        variables = self._items(self.trained, self.state)
        return [self.graph, variables, len(jax.tree.leaves(self.streams))]

    @cached_property
    def structure(self) -> NnxModule:
        """The module with shapes in place of its variables."""
        return self.with_shapes(trained=self.trained, state=self.state)

    def draw(self, key: jax.Array, row: Row) -> Arrays:
        """Return the variables of the module that was given."""
        return dict(self._items(self.trained, self.state))

    def call(self, arrays: Arrays, x: jax.Array, ctx: Context) -> tuple[Any, Mapping[Path, Any]]:
        """Return the output for a batch, and the new state."""
        nnx = import_optional("flax.nnx")
        paths = [path for path, _ in self._items(self.trained, self.state)]
        _, treedef = jax.tree.flatten((self.trained, self.state))
        trained, state = jax.tree.unflatten(treedef, [arrays[path] for path in paths])

        def run(x: jax.Array) -> tuple[Any, Any]:
            module = nnx.merge(self.graph, trained, _seeded(self.streams, ctx.key), state)
            keywords = mode_arguments(module, train=ctx.train)
            (module.train if ctx.train else module.eval)()
            if ctx.key is not None and not ctx.train:
                module.set_attributes(deterministic=False, raise_if_not_found=False)
                keywords |= {"deterministic": False} if "deterministic" in keywords else {}
            return module(x, **keywords), module

        if ctx.key is not None and not ctx.train:
            return one_row_at_a_time(lambda x: run(x)[0], x), {}
        out, module = run(x)
        _, _, _, new = nnx.split(module, nnx.Param, nnx.RngState, ...)
        return out, dict(self._items(None, new))

    def _items(self, trained: Any, state: Any) -> list[tuple[Path, Any]]:
        """Return arrays with their paths."""
        return [
            ((kind, *(str(part.key) for part in path if hasattr(part, "key"))), leaf)
            for kind, tree in (("params", trained), ("state", state))
            for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
        ]


def _seeded(streams: Any, key: jax.Array | None) -> Any:
    """Return a copy of random streams, with keys that follow from one key if there is one."""
    leaves, treedef = jax.tree.flatten(streams)
    if key is not None:
        leaves = [
            jax.random.fold_in(key, i)
            if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
            else leaf
            for i, leaf in enumerate(leaves)
        ]
    return jax.tree.unflatten(treedef, leaves)

"""Modules of Equinox, which see one sample at a time."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import jax

from ..errors import LayerError
from ..utils.optional import import_optional
from .held_module import Arrays, HeldModule, Path, Row, mode_arguments
from .specs import Context


class EquinoxModule(HeldModule):
    """A module of Equinox as a function of a batch.

    Floating point arrays are its parameters; other arrays, such as permutations, are constants.

    Parameters
    ----------
    given : eqx.Module, or tuple of eqx.Module and eqx.nn.State
    """

    def __init__(self, given: Any) -> None:
        equinox = import_optional("equinox")
        module, self.state = given if isinstance(given, tuple) else _with_state(given)
        super().__init__(type(module).__name__)
        self.trained, self.rest = equinox.partition(module, equinox.is_inexact_array)

    @property
    def contents(self) -> Any:
        """The module, and the arrays of its state by name."""
        equinox = import_optional("equinox")
        module = equinox.combine(self.trained, self.rest)
        return [module, self._markers, jax.tree.leaves(self.state)]

    @cached_property
    def structure(self) -> EquinoxModule:
        """The module with shapes in place of its parameters and state."""
        return self.with_shapes(trained=self.trained, state=self.state)

    def draw(self, key: jax.Array, row: Row) -> Arrays:
        """Return the arrays of the module that was given."""
        return dict(self._items(self.trained, self.state))

    def call(self, arrays: Arrays, x: jax.Array, ctx: Context) -> tuple[Any, Mapping[Path, Any]]:
        """Return the output for a batch, row by row, and the new state."""
        equinox = import_optional("equinox")
        paths = [path for path, _ in self._items(self.trained, self.state)]
        _, treedef = jax.tree.flatten((self.trained, self.state))
        trained, state = jax.tree.unflatten(treedef, [arrays[path] for path in paths])
        module = _in_mode(equinox, equinox.combine(trained, self.rest), ctx)
        taken = inspect.signature(type(module).__call__).parameters
        keywords = mode_arguments(module, train=ctx.train)
        if self._markers and "state" not in taken:
            raise LayerError("module holds state, so that its __call__ must take an argument state")

        def run(row: jax.Array, state: Any, key: Any) -> tuple[Any, Any]:
            given = keywords | ({"key": key} if "key" in taken else {})
            if self._markers:
                return module(row, state, **given)
            return module(row, **given), state

        keys, axis = (
            (jax.random.split(ctx.key, len(x)), 0)
            if ctx.key is not None and ctx.train
            else (ctx.key, None)
        )
        axes: dict[str, Any] = {"in_axes": (0, None, axis), "out_axes": (0, None)}
        out, new = jax.vmap(run, axis_name=_axis_name(module), **axes)(x, state, keys)
        return out, dict(self._items(None, new))

    @cached_property
    def _markers(self) -> list[str]:
        """Keys of the state, in its order."""
        return [] if self.state is None else list(self.state.tree_flatten()[1])

    def _items(self, trained: Any, state: Any) -> Iterator[tuple[Path, Any]]:
        """Yield arrays with their paths."""
        for path, leaf in jax.tree_util.tree_leaves_with_path(trained):
            yield ("params", *map(_part, path)), leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(state):
            marker = self._markers[path[0].key]  # such as 'Net.layers[1].state_index'
            parts = marker.replace("[", ".").replace("]", "").split(".")
            yield ("state", *parts[1:], *map(_part, path[1:])), leaf


def _part(key: Any) -> str:
    """Return the name of an attribute, the index of an item or the key of an entry as text."""
    return str(next(getattr(key, one) for one in ("name", "idx", "key") if hasattr(key, one)))


def _with_state(module: Any) -> tuple[Any, Any]:
    """Return a module without its initial state, and the state, or None."""
    nn = import_optional("equinox").nn
    leaves = jax.tree.leaves(module, is_leaf=lambda one: isinstance(one, nn.StateIndex))
    if not any(isinstance(leaf, nn.StateIndex) for leaf in leaves):
        return module, None
    try:
        return nn.make_with_state(lambda: module)()
    except ValueError as error:
        raise LayerError(
            "module must hold its initial state, or come with it, as in "
            "ModuleLayer(eqx.nn.make_with_state(Net)(key=key))"
        ) from error


def _in_mode(equinox: Any, module: Any, ctx: Context) -> Any:
    """Return a module as given for training, and in inference mode for prediction.

    With a random key at prediction only what keeps state is in inference mode.
    """
    if ctx.train:
        return module
    if ctx.key is None:
        return equinox.nn.inference_mode(module)

    def keeps_state(one: Any) -> bool:
        return isinstance(one, equinox.nn.StatefulLayer) and hasattr(one, "inference")

    return jax.tree.map(
        lambda one: equinox.nn.inference_mode(one) if keeps_state(one) else one,
        module,
        is_leaf=keeps_state,
    )


def _axis_name(module: Any) -> Any:
    """Return the name of the batch axis that parts of a module compute statistics over."""
    found = []

    def visit(one: Any) -> bool:
        if hasattr(one, "axis_name"):
            found.append(one.axis_name)
        return False

    jax.tree.leaves(module, is_leaf=visit)
    names = {tuple(name) if isinstance(name, list) else name for name in found}
    if len(names) > 1:
        listed = ", ".join(sorted(map(repr, names)))
        raise LayerError(f"axis_name must be the same in the whole module, got {listed}")
    return next(iter(names), None)

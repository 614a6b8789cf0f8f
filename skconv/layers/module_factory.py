"""Functions that return a module, which each fit calls anew."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import jax

from ..errors import LayerError
from ..utils.optional import import_optional
from ..utils.random_keys import make_key
from .equinox_module import EquinoxModule
from .held_module import Arrays, HeldModule, Path, Row, Slot
from .linen_module import LinenModule
from .nnx_module import NnxModule
from .specs import Context

BASES = {
    ("equinox", "Module"): EquinoxModule,
    ("flax.linen", "Module"): LinenModule,
    ("flax.nnx", "Module"): NnxModule,
}
"""Packages of the base classes of modules, their names, and what holds such modules."""


def hold(given: Any) -> Any:
    """Return what holds a module or a function that returns one, and other values as they are.

    No library is imported to find out whether a value belongs to it.

    Examples
    --------
    >>> hold(lambda key: None)
    <lambda>(...)
    >>> hold("dense")
    'dense'
    """
    if isinstance(given, HeldModule):
        return given
    holder = _holder(given[0] if isinstance(given, tuple) and len(given) == 2 else given)
    if holder is not None and (holder is EquinoxModule or not isinstance(given, tuple)):
        return holder(given)
    if inspect.isroutine(given) or hasattr(given, "func"):
        return ModuleFactory(given)
    return given


def _holder(given: Any) -> type[HeldModule] | None:
    for base in type(given).__mro__:
        for (package, name), holder in BASES.items():
            if base.__name__ == name and f"{base.__module__}.".startswith(f"{package}."):
                return holder
    return None


class ModuleFactory(HeldModule):
    """A function of a random key that returns a module.

    Parameters
    ----------
    given : callable
        Called with the key as its argument ``key``, with ``nnx.Rngs`` of the key as its argument
        ``rngs``, or else with the key alone.
    """

    def __init__(self, given: Any) -> None:
        super().__init__(getattr(given, "__name__", "partial"))
        self.given = given

    def _plain_state(self, state: Any) -> Any:
        return state

    @property
    def contents(self) -> Any:
        """The function."""
        return self.given

    @cached_property
    def structure(self) -> HeldModule:
        """The structure of the modules that the function returns."""
        with jax.ensure_compile_time_eval():
            return self._made(make_key(0)).structure

    def draw(self, key: jax.Array, row: Row) -> Arrays:
        """Return the initial arrays of the module for a key."""
        made = self._made(key)
        if made.structure != self.structure:
            raise LayerError(
                "module must be a function whose modules differ in floating point arrays only, "
                f"got others for other keys from {self.given!r}"
            )
        return made.draw(key, row)

    def call(self, arrays: Arrays, x: jax.Array, ctx: Context) -> tuple[Any, Mapping[Path, Any]]:
        """Return the output for a batch, and the new state."""
        return self.structure.call(arrays, x, ctx)

    @property
    def noisy(self) -> bool:
        """Whether the module draws random numbers in training."""
        return self.structure.noisy

    def slots(self, row: Row) -> tuple[Slot, ...]:
        """Return the arrays for inputs like a row, in order."""
        return self.structure.slots(row)

    def _made(self, key: jax.Array) -> HeldModule:
        try:
            taken = inspect.signature(self.given).parameters
            if "key" in taken:
                made = self.given(key=key)
            elif "rngs" in taken:
                made = self.given(rngs=import_optional("flax.nnx").Rngs(key))
            else:
                made = self.given(key)
        except Exception as error:
            reason = str(error).strip().partition("\n")[0]
            raise LayerError(f"module failed for a random key: {reason}") from error
        held = hold(made)
        if not isinstance(held, HeldModule) or isinstance(held, ModuleFactory):
            raise LayerError(
                "module must be a function that returns a module of Flax or Equinox, got one that "
                f"returns {made!r}"
            )
        return held

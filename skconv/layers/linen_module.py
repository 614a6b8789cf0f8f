"""Modules of Flax's linen."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jax

from ..utils.optional import import_optional
from .held_module import Arrays, HeldModule, Path, Row, mode_arguments, one_row_at_a_time
from .specs import Context


class LinenModule(HeldModule):
    """A module of Flax's linen as a function of a batch.

    Its collection ``'params'`` is trained; all others are state.

    Parameters
    ----------
    given : flax.linen.Module
    """

    def __init__(self, given: Any) -> None:
        super().__init__(type(given).__name__)
        self.given = given

    def _plain_state(self, state: Any) -> Any:
        return state

    @property
    def contents(self) -> Any:
        """The module, which holds no arrays."""
        return self.given

    def draw(self, key: jax.Array, row: Row) -> Arrays:
        """Draw the arrays, as the method `init` of the module does."""
        flax = import_optional("flax")
        keywords = mode_arguments(self.given, train=False)
        batch = jax.ShapeDtypeStruct((1, *row.shape), row.dtype)
        with _modes(deterministic=True, use_running_average=True, forced=False):
            drawn = self.given.lazy_init(key, batch, **keywords)
        flat = _flat(flax.core.meta.unbox(drawn))
        return dict(sorted(flat.items(), key=lambda item: item[0][0] != "params"))

    def call(self, arrays: Arrays, x: jax.Array, ctx: Context) -> tuple[Any, Mapping[Path, Any]]:
        """Return the output for a batch, and the new state."""
        traverse = import_optional("flax.traverse_util")
        variables = traverse.unflatten_dict(arrays)
        keywords = mode_arguments(self.given, train=ctx.train)
        rngs = {}
        if ctx.key is not None:
            rngs = {name: jax.random.fold_in(ctx.key, i) for i, name in enumerate(STREAMS)}
        noise, trains = ctx.key is not None, ctx.train
        with _modes(deterministic=not noise, use_running_average=not trains, forced=not trains):
            if trains:
                collections = [name for name in variables if name != "params"]
                out, new = self.given.apply(
                    variables, x, rngs=rngs, mutable=collections, **keywords
                )
                return out, _flat(new)

            def predict(x: jax.Array) -> Any:
                return self.given.apply(variables, x, rngs=rngs, **keywords)

            return one_row_at_a_time(predict, x) if noise else predict(x), {}


STREAMS = ("params", "dropout")
"""Random streams; modules that ask for another get a key of the first."""


def _flat(variables: Any) -> Arrays:
    flatten = import_optional("flax.traverse_util").flatten_dict
    flat: Arrays = flatten(import_optional("flax.core").unfreeze(variables))
    return flat


@contextmanager
def _modes(*, forced: bool, **modes: bool) -> Iterator[None]:
    """Tell modules inside of others whether they train, as far as nothing else does.

    Parameters
    ----------
    forced : bool
        Whether they are told so even if something else does.
    **modes : bool
        Values of the arguments and attributes.
    """
    linen = import_optional("flax.linen")

    def intercept(call: Callable[..., Any], args: Any, kwargs: Any, context: Any) -> Any:
        module = context.module
        own = [name for name in modes if hasattr(module, name)]
        if context.method_name != "__call__" or not own:
            return call(*args, **kwargs)
        signature = inspect.signature(type(module).__call__)
        bound = signature.bind(module, *args, **kwargs)
        attributes = {name: getattr(module, name) for name in own}
        for name in own:
            told = attributes[name] is not None or bound.arguments.get(name) is not None
            if name in signature.parameters and (forced or not told):
                bound.arguments[name] = modes[name]
                object.__setattr__(module, name, None)
        try:
            return call(*bound.args[1:], **bound.kwargs)
        finally:
            for name, value in attributes.items():
                object.__setattr__(module, name, value)

    with linen.intercept_methods(intercept):
        yield

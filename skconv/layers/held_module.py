"""Modules of other libraries as functions of named arrays."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from functools import cached_property, partial
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..utils.cache_keys import structural_key
from ..utils.pickling import PickledByValue
from ..utils.random_keys import make_key
from .shapes import Shape, traced_shape
from .specs import Context, InitialHolder, Params

Path = tuple[str, ...]
"""Where an array is in a module; the first part is ``'params'`` for those that are trained."""

Arrays = dict[Path, jax.Array]

TRAINING = ("train", "training", "is_training")
PREDICTING = ("deterministic", "use_running_average", "inference")
"""Arguments of `__call__` by which modules tell training from prediction."""


CACHED = ("structure", "_key")
"""Attributes of held modules that are computed when they are needed."""


class Row(NamedTuple):
    """What a module sees of a row.

    Parameters
    ----------
    shape : tuple of int
    dtype : {'float32', 'int32'}
    """

    shape: tuple[int, ...]
    dtype: str = "float32"

    @classmethod
    def of(cls, x: jax.Array) -> Row:
        """Return the row of a batch."""
        floats = jnp.issubdtype(x.dtype, jnp.floating)
        return cls(x.shape[1:], "float32" if floats else "int32")

    @property
    def batch(self) -> Shape:
        """The shape of a batch."""
        return (None, *self.shape)


class Slot(NamedTuple):
    """An array of a module.

    Parameters
    ----------
    name : str
        Name of the parameter of the layer.
    path : tuple of str
    shape : tuple of int
    dtype : str
        Type that the module gave it.
    """

    name: str
    path: Path
    shape: tuple[int, ...]
    dtype: str

    @property
    def trainable(self) -> bool:
        """Whether the array is a parameter rather than state."""
        return self.path[0] == "params"

    @property
    def regularizable(self) -> bool:
        """Whether penalties act on it: on all parameters but biases."""
        return self.trainable and not self.path[-1].startswith("bias")


class HeldModule(InitialHolder, PickledByValue):
    """A module of another library as a function of named arrays.

    It never changes, so that copies are the module itself. Two are equal if they compute the same
    and start from the same arrays; their `structure` is, if they share a compiled program.

    Parameters
    ----------
    label : str
        Name of the module in messages.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self._slots: dict[Row, tuple[Slot, ...]] = {}
        self._traced: dict[Row, tuple[Shape, bool]] = {}

    @property
    def contents(self) -> Any:
        """What decides whether two are equal."""
        raise NotImplementedError

    @cached_property
    def structure(self) -> HeldModule:
        """The module with shapes in place of its initial arrays."""
        return self

    def draw(self, key: jax.Array, row: Row) -> Arrays:
        """Return the initial arrays for inputs like a row, in order."""
        raise NotImplementedError

    def call(self, arrays: Arrays, x: jax.Array, ctx: Context) -> tuple[Any, Mapping[Path, Any]]:
        """Return the output for a batch, and the new state."""
        raise NotImplementedError

    def without_initial(self) -> HeldModule:
        """Return `structure`."""
        return self.structure

    @cached_property
    def _key(self) -> Hashable:
        return type(self), structural_key(self.contents)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HeldModule) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def with_shapes(self, **trees: Any) -> Self:
        """Return a copy with the shapes of arrays in place of the arrays in some attributes."""
        other: Self = object.__new__(type(self))
        vars(other).update({k: v for k, v in vars(self).items() if k not in CACHED})
        for name, tree in trees.items():
            shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), tree)
            setattr(other, name, shapes)
        return other

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def _pickled_state(self, state: Any) -> Any:
        return super()._pickled_state({k: v for k, v in state.items() if k not in CACHED})

    def _plain_state(self, state: Any) -> Any:
        raise TypeError(
            f"a module {self.label} cannot be saved without pickle; give a function at the top "
            "level of a Python module that returns it, or use pickle"
        )

    def __repr__(self) -> str:
        return f"{self.label}(...)"

    @property
    def noisy(self) -> bool:
        """Whether it draws random numbers in training; assumed until it has been traced."""
        return not self._traced or any(noisy for _, noisy in self._traced.values())

    def slots(self, row: Row) -> tuple[Slot, ...]:
        """Return the arrays for inputs like a row, in order."""
        if row not in self._slots:
            paths: list[Path] = []

            def run() -> list[jax.Array]:
                drawn = self.draw(make_key(0), row)
                paths[:] = drawn
                return list(drawn.values())

            try:
                made = jax.eval_shape(run)
            except Exception as error:
                reason = str(error).strip().partition("\n")[0]
                raise LayerError(
                    f"module failed for input of shape {row.batch}: {reason}"
                ) from error
            self._slots[row] = tuple(
                Slot(name, path, one.shape, one.dtype.name)
                for name, path, one in zip(_names(paths), paths, made, strict=True)
            )
        return self._slots[row]

    def initial(self, key: jax.Array, row: Row) -> tuple[Params, Params]:
        """Return the initial parameters and state by name."""
        drawn = self.draw(key, row)
        params: Params = {}
        state: Params = {}
        for slot in self.slots(row):
            kept = params if slot.trainable else state
            kept[slot.name] = jnp.asarray(drawn[slot.path], jnp.float32)
        return params, state

    def output_shape(self, row: Row) -> Shape:
        """Return the shape of the output; raise `LayerError` if the module fails."""
        if row not in self._traced:
            self.slots(row)
            noisy: list[bool] = []

            def traced(x: jax.Array, ctx: Context) -> jax.Array:
                run = partial(self.run, *self._zeros(row), ctx=ctx)
                program, (made, _) = jax.make_jaxpr(run, return_shape=True)(x.astype(row.dtype))
                noisy.append("random_bits" in str(program) or "rng_bit" in str(program))
                return jnp.zeros(made.shape)

            made, predicted = (
                traced_shape(partial(traced, ctx=ctx), "module", row.batch)
                for ctx in (Context(train=True, key=make_key(0)), Context(train=False))
            )
            if made != predicted:
                raise LayerError(
                    "module must return the same shape in training and at prediction, got "
                    f"{made} and {predicted}"
                )
            self._traced[row] = made, noisy[0]
        return self._traced[row][0]

    def _zeros(self, row: Row) -> tuple[Params, Params]:
        """Return parameters and state of zeros."""
        params, state = (
            {slot.name: jnp.zeros(slot.shape) for slot in self.slots(row) if slot.trainable is kind}
            for kind in (True, False)
        )
        return params, state

    def run(
        self, params: Params, state: Params, x: jax.Array, ctx: Context
    ) -> tuple[jax.Array, Params]:
        """Return the output for a batch, and the new state by name."""
        slots = self.slots(Row.of(x))
        arrays = {slot.path: _as_own((params | state)[slot.name], slot) for slot in slots}
        out, new = self.call(arrays, x, ctx)
        if not isinstance(out, jax.Array):
            raise LayerError(f"it must return an array, got {type(out).__name__}")
        if not ctx.train:
            return out, state
        return out, {
            slot.name: jnp.asarray(new[slot.path], state[slot.name].dtype)
            for slot in slots
            if slot.name in state
        }


def mode_arguments(module: Any, *, train: bool) -> dict[str, Any]:
    """Return the arguments of a module's call that tell it whether this is a training step.

    Arguments that are attributes of the module as well are left to these.

    Examples
    --------
    >>> class Module:
    ...     def __call__(self, x, deterministic):
    ...         return x
    >>> mode_arguments(Module(), train=True)
    {'deterministic': False}
    """
    taken = inspect.signature(type(module).__call__).parameters
    modes = {**dict.fromkeys(TRAINING, train), **dict.fromkeys(PREDICTING, not train)}
    own = {name for name in modes if hasattr(module, name)}
    return {name: value for name, value in modes.items() if name in taken and name not in own}


def one_row_at_a_time(function: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
    """Return the outputs of rows that do not depend on each other, nor does their noise."""
    return jax.vmap(lambda row: function(row[None])[0])(x)


def _as_own(array: jax.Array, slot: Slot) -> jax.Array:
    """Return an array in the type that the module gave it, unless it is one of floats."""
    if jnp.issubdtype(jnp.dtype(slot.dtype), jnp.floating):
        return array
    return array.astype(slot.dtype)


def _names(paths: list[Path]) -> list[str]:
    """Return a name for each array, the path without its first part, each once."""
    names: list[str] = []
    for path in paths:
        name = "_".join(path[1:]) or path[0]
        names.append(name if name not in names else f"{name}_{len(names)}")
    return names

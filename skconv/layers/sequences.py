"""The base class of layers that pass a state from one step of a sequence to the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax import lax

from ..errors import LayerError
from ..init import Constant
from ..utils.checks import is_integer
from ..utils.dtypes import widened
from ..utils.fields import UNSET
from ..utils.owned_values import plain
from .base import Context, Layer, Output, Params, ParamSpec
from .shapes import Shape, need_mask, need_sequences
from .specs import reference_fields

Carry = tuple[jax.Array, ...]
"""State passed from one step to the next; its last part is the output."""

Step = Callable[[jax.Array, Carry, Any], Carry]
"""From what enters a step, the state before it, and a random key or None, to the state after it.

The state is at least float32, whatever the type of the weights and of what enters.
"""


@jax.custom_vjp
def _clip_gradient(x: jax.Array, limit: jax.Array) -> jax.Array:
    """Return `x`, whose gradient is clipped to `limit`; zero means no limit."""
    return x


def _clip_gradient_back(limit: jax.Array, slope: jax.Array) -> tuple[jax.Array, jax.Array]:
    bound = jnp.where(limit > 0, limit, jnp.inf)
    return jnp.clip(slope, -bound, bound), jnp.zeros_like(limit)


_clip_gradient.defvjp(lambda x, limit: (x, limit), _clip_gradient_back)


def all_steps(value: Any) -> str | None:
    """Check for -1, which stands for gradients that reach all steps."""
    return None if is_integer(value) and value == -1 else "-1, which stands for all steps"


class SequenceLayer(Layer):
    """Base class of layers whose state at each step follows from the input and the state before.

    A state starts from a parameter, or from the output of another layer: ``hid_init=layer`` is
    kept as `hid_input`.
    """

    hid_init: Any
    hid_input: Any
    backwards: bool
    learn_init: bool
    grad_clipping: float
    mask_input: Any
    only_return_final: bool

    starts: ClassVar[tuple[str, ...]] = ("hid_init",)
    """Names of the parameters that the parts of the state start from."""

    inner_nonlinearity = True

    @property
    def full_precision(self) -> bool | None:
        """False; the state is kept in float32 all the same."""
        return False

    @classmethod
    def resolve_fields(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields, with a layer that the state starts from as further input."""
        return {
            _input_of(name) if name in cls.starts and isinstance(value, Layer) else name: value
            for name, value in given.items()
        }

    def __post_init__(self) -> None:
        for name in self.starts:
            start = getattr(self, name)
            if isinstance(start, Layer):
                object.__setattr__(self, _input_of(name), start)
                object.__setattr__(self, name, Constant(0.0))
        super().__post_init__()

    def _state_shape(self, *input_shapes: Shape) -> Shape | None:
        """Return the shape of a part of the state for a row, or None if it is not known."""
        raise NotImplementedError

    def _read(
        self, params: Params, state: Params, x: jax.Array, ctx: Context
    ) -> tuple[jax.Array, Callable[[jax.Array], jax.Array], Params]:
        """Return what enters the steps, a function to apply to it in each step, and the state.

        What enters has the axes of time and rows first.
        """
        raise NotImplementedError

    def _step(self, params: Params, state: Params, ctx: Context) -> Step:
        """Return the function that computes one step."""
        raise NotImplementedError

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return ``(n, time, ...)``, without time if only the final output is returned."""
        given = input_shapes[0]
        need_sequences(given)
        fed = self._further(input_shapes[1:])
        if "mask_input" in fed:
            need_mask(fed["mask_input"], given)
        row = self._state_shape(*input_shapes)
        for name in map(_input_of, self.starts):
            if name in fed and row is not None and fed[name][1:] != row:
                hint = ""
                if len(fed[name]) == len(row) + 2:
                    hint = "; a recurrent layer with only_return_final=True has such an output"
                raise LayerError(
                    f"{name} must have shape {('n', *row)}, as the state has, "
                    f"got {fed[name]}{hint}".replace("'", "")
                )
        row = (None,) if row is None else row
        return (None, *row) if self.only_return_final else (*given[:2], *row)

    def positions(self, *input_shapes: Shape) -> int:
        """Return the number of time steps, or 1 if only the final output is returned."""
        return 1 if self.only_return_final else input_shapes[0][1] or 1

    def start_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return the parameters that the state starts from."""
        row = self._state_shape(*input_shapes) or ()
        return {
            name: ParamSpec(
                (1, *row), getattr(self, name), regularizable=False, trainable=self.learn_init
            )
            for name in self.starts
            if getattr(self, _input_of(name)) in (None, UNSET)
        }

    def check(self) -> Any:
        """Yield a message for each invalid field, regardless of the inputs."""
        yield from super().check()
        for name in self.starts:
            further = _input_of(name)
            if getattr(self, further) is not None and plain(getattr(self, name)) != Constant(0.0):
                yield (
                    f"{name} must be left out if {further} is given, got "
                    f"{plain(getattr(self, name))!r} and {further}={getattr(self, further)!r}"
                )

    def _further(self, fed: Any) -> dict[str, Any]:
        """Return what the further inputs are given, by the name of their field."""
        names = [name for name in reference_fields(type(self)) if getattr(self, name) is not None]
        if len(fed) != len(names):
            raise LayerError(
                f"inputs must be one sequence and as many further inputs as {names}, "
                f"got {1 + len(fed)}"
            )
        return dict(zip(names, fed, strict=True))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the outputs of all steps or of the last one."""
        x, fed = inputs[0], self._further(inputs[1:])
        given, read, new_state = self._read(params, state, x, ctx)
        advance = self._step(params, state, ctx)
        mask = fed.get("mask_input")
        keep = None if mask is None else mask.T != 0
        keys = None
        if ctx.key is not None and self.noisy:
            keys = jax.random.split(jax.random.fold_in(ctx.key, 1), len(given))
        # the state is added to at each step, which types of 16 bits would soon round away
        first = tuple(
            widened(
                fed[_input_of(name)]
                if _input_of(name) in fed
                else _for_each_row((params | state)[name], x.shape[0])
            )
            for name in self.starts
        )

        def step(carry: Carry, now: tuple[jax.Array, Any, Any]) -> Any:
            entering, keep, key = now
            new = advance(read(entering), carry, key)
            if keep is not None:
                new = tuple(
                    jnp.where(keep.reshape(-1, *[1] * (one.ndim - 1)), one, before)
                    for one, before in zip(new, carry, strict=True)
                )
            return new, None if self.only_return_final else new[-1].astype(x.dtype)

        last, out = lax.scan(step, first, (given, keep, keys), reverse=self.backwards)
        found = last[-1].astype(x.dtype) if self.only_return_final else jnp.moveaxis(out, 0, 1)
        return found, new_state

    def clip(self, x: jax.Array) -> jax.Array:
        """Return `x`, whose gradient is bounded by `grad_clipping`."""
        return _clip_gradient(x, jnp.asarray(self.grad_clipping, x.dtype))


def features_of(shape: Shape) -> int:
    """Return the number of features of each step, with all further axes flattened."""
    return math.prod(n or 1 for n in shape[2:])


def _input_of(start: str) -> str:
    """Return the name of the further input that a state may start from instead."""
    return start.replace("_init", "_input")


def _for_each_row(start: jax.Array, rows: Any) -> jax.Array:
    return jnp.broadcast_to(start, (rows, *start.shape[1:]))

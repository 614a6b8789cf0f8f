"""Modules of Flax and Equinox as layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..errors import LayerError, describe_layer
from ..utils.checks import one_of, positive
from ..utils.fields import UNSET, structural
from .base import Context, Layer, Output, Params, ParamSpec
from .held_module import HeldModule, Row
from .linen_module import LinenModule
from .module_factory import hold
from .nnx_module import NnxModule
from .shapes import Shape

__all__ = ["ModuleLayer"]


def _module(value: Any) -> str | None:
    if isinstance(value, HeldModule):
        return None
    return "a module of Flax or Equinox, or a function of a random key that returns one"


def _size(value: Any) -> str | None:
    return None if value is None or positive(value) is None else "a positive integer or None"


def _is_no_layer(value: Any) -> bool:
    """Return whether a value is neither a layer, nor the name or the output shape of one."""
    if isinstance(value, tuple):
        return isinstance(hold(value), HeldModule)
    return not isinstance(value, str | Layer | None)


@dataclass(frozen=True)
class _InitialArray:
    """The initial value of one array of a module, as an initializer."""

    module: HeldModule
    row: Row
    name: str

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Return the array."""
        params, state = self.module.initial(key, self.row)
        return (params | state)[self.name].astype(dtype)


@dataclass(frozen=True)
class ModuleLayer(Layer):
    """A module of Flax or Equinox, trained with the rest of the net.

    Parameters
    ----------
    module : module, tuple or callable
        A module of `flax.linen`, `flax.nnx` or `equinox`; a pair of an Equinox module and its
        state; or a function of a random key that returns one of these.
    data_format : {'auto', 'channels_first', 'channels_last'}
        Where the module has the channels of its input and of its output. ``'auto'`` is last for
        images of Flax, that is arrays of four or more axes, and first for all else. Shapes of the
        layer are channels first in any case.
    input_size : int, optional
        Number of different inputs, if they are indices from 0 to ``input_size - 1``. The module
        gets them as int32.

    Raises
    ------
    ValueError
        When the network is built, if the module fails for the shape of the input, changes the batch
        axis, or returns anything but an array.

    Notes
    -----
    The parameters are those of the collection ``'params'`` of linen, the variables ``nnx.Param``,
    and the floating point arrays of an Equinox module. Other collections, other variables and the
    arrays of ``eqx.nn.State`` are state of the layer. Names join the path: ``'Dense_0_kernel'``.
    Penalties act on all parameters whose name does not start with ``bias``.

    Each fit of a linen module draws new weights from the `random_state` of the net, as does each of
    a function. Modules of nnx and Equinox have weights, and each fit starts from these.

    Flax modules are called with a batch, and Equinox modules with one row each, by `jax.vmap`. At
    prediction, dropout is off and batch normalization uses its running statistics. So it is in
    training if the layer is frozen by ``grad_scale=0``.

    Examples
    --------
    >>> from flax import linen
    >>> layer = ModuleLayer(linen.Sequential([linen.Dense(16), linen.relu, linen.Dense(3)]))
    >>> layer.output_shape((None, 4))
    (None, 3)
    >>> list(layer.param_specs((None, 4)))
    ['layers_0_bias', 'layers_0_kernel', 'layers_2_bias', 'layers_2_kernel']
    """

    module: Any = structural(check=_module)
    data_format: str = structural("auto", check=one_of("auto", "channels_first", "channels_last"))
    input_size: int | None = structural(None, check=_size)

    def __post_init__(self) -> None:
        given, incoming = self.module, self.incoming
        if given is UNSET and _is_no_layer(incoming):  # ModuleLayer(module)
            object.__setattr__(self, "incoming", None)
            given = incoming
        try:
            object.__setattr__(self, "module", hold(given))
        except LayerError as error:
            where = "ModuleLayer" if self.name is None else describe_layer(self.name, self)
            raise LayerError(f"{where}: {error}") from error
        super().__post_init__()

    @property
    def noisy(self) -> bool:
        """Whether the module draws random numbers in training."""
        return bool(self.module.noisy)

    @property
    def exact_inputs(self) -> bool:
        """Whether inputs are indices."""
        return self.input_size is not None

    @property
    def index_size(self) -> int | None:
        """Return `input_size`."""
        return self.input_size

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the module's output."""
        return self._moved_shape(self.module.output_shape(self._row(input_shapes[0])), -1, 1)

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return the arrays of the module."""
        row = self._row(input_shapes[0])
        return {
            slot.name: ParamSpec(
                slot.shape,
                _InitialArray(self.module, row, slot.name),
                regularizable=slot.regularizable,
                trainable=slot.trainable,
            )
            for slot in self.module.slots(row)
        }

    def init(self, key: jax.Array, *input_shapes: Shape) -> tuple[Params, Params]:
        """Return the arrays that the module starts from."""
        params, state = self.module.initial(key, self._row(input_shapes[0]))
        for name, array in (params | state).items():
            if not jnp.isfinite(array).all():
                raise LayerError(f"module must start from finite numbers, got others for {name}")
        return params, state

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the output of the module."""
        if not ctx.train or self.grad_scale is None or not (state or self.noisy):
            return self._run(params, state, inputs[0], ctx)
        return lax.cond(
            jnp.asarray(self.grad_scale) == 0,
            lambda: self._run(params, state, inputs[0], Context(train=False)),
            lambda: self._run(params, state, inputs[0], ctx),
        )

    def _run(self, params: Params, state: Params, given: jax.Array, ctx: Context) -> Output:
        x = jnp.moveaxis(given, 1, -1) if self._moves(given.ndim) else given
        if self.input_size is not None:
            x = jnp.clip(jnp.nan_to_num(x), 0, self.input_size - 1).astype(jnp.int32)
        out, new = self.module.run(params, state, x, ctx)
        if jnp.issubdtype(out.dtype, jnp.floating):
            out = out.astype(given.dtype)
        return (jnp.moveaxis(out, -1, 1) if self._moves(out.ndim) else out), new

    def _row(self, shape: Shape) -> Row:
        seen = self._moved_shape(shape, 1, -1)
        return Row(tuple(seen[1:]), "float32" if self.input_size is None else "int32")

    def _moved_shape(self, shape: Shape, source: int, target: int) -> Shape:
        if not self._moves(len(shape)):
            return shape
        sizes = list(shape)
        sizes.insert(len(shape) + target if target < 0 else target, sizes.pop(source))
        return tuple(sizes)

    def _moves(self, rank: int) -> bool:
        """Return whether the module has the channels of an array with so many axes last."""
        if self.data_format == "auto":
            flax = isinstance(self.module.structure, LinenModule | NnxModule)
            return flax and rank > 3
        return self.data_format == "channels_last" and rank > 2

"""Values of the parameters of layer instances, and the outputs that they compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from ..errors import LayerError
from ..init import as_initializer
from ..utils.checks import fits_float32
from ..utils.fields import UNSET
from ..utils.owned_values import OwnedValue, TransposedValue
from ..utils.random_keys import drawn_key
from .connections import (
    ConnectedLayer,
    ShapeError,
    describe_instance,
    is_lasagne_way,
    layers_below,
)
from .lasagne_way import LasagneWay
from .specs import Context, Params, ParamSpec, reference_fields

HINTS = {
    "get_params": "write layer.own_params(), or get_all_params(layer) with the layers below",
    "params": "write layer.own_params(), and grad_scale(layer, 0) to freeze its parameters",
}
"""What to write for attributes of Lasagne's layers."""


class ValuedLayer(LasagneWay, ConnectedLayer):
    """Base class of layers whose parameters can be read and set before they are in a net.

    A net that is built from the layer starts from these values. Once it is built, the parameters of
    the layer are those of the net.
    """

    layout: ClassVar[Any]

    def own_params(self, **tags: bool | None) -> list[Any]:
        """Return the parameters of the layer, in order; those of other layers as such.

        It is not called `get_params`, as scikit-learn takes objects with that for estimators.

        Parameters
        ----------
        **tags
            ``trainable=True`` and ``regularizable=True`` list the parameters that are trained or
            penalized, False the others.

        Returns
        -------
        list of OwnedValue
            Such as ``layer.W`` and ``layer.b``.

        Raises
        ------
        ValueError
            If the shape of the input is not known, or for an unknown tag.
        """
        unknown = sorted(tags.keys() - {"trainable", "regularizable"})
        if unknown:
            raise ValueError(
                f"tags must be 'trainable' and 'regularizable', got {', '.join(map(repr, unknown))}"
            )
        return [
            self.find_parameter(name)[0]
            for name, spec in self.known_specs().items()
            if all(wanted in (None, getattr(spec, tag)) for tag, wanted in tags.items())
        ]

    def get_output_for(self, input: Any, deterministic: bool = False, **kwargs: Any) -> jax.Array:
        """Return the output for an input, with the current values of the parameters.

        Parameters
        ----------
        input : array of shape (n, ...), or list of them
            A list for layers with several inputs.
        deterministic : bool
            Whether the layer computes as at prediction, not as in training. In training, random
            numbers are drawn from a seed that `numpy.random` draws.
        **kwargs
            Without effect, for layers of your own.

        Returns
        -------
        jax array
        """
        inputs = input if isinstance(input, list | tuple) else [input]
        arrays = [as_floats(x) for x in inputs]
        if "_running" in vars(self):
            return self._run_inherited(arrays)
        if self.in_net is not None:
            return self.in_net.get_output_for(arrays, deterministic)
        layer = self.detached()
        if is_lasagne_way(type(self)):
            vars(layer)["_extra_arguments"] = kwargs
        params: Params = {}
        state: Params = {}
        for name, spec in self.known_specs().items():
            (params if spec.trainable else state)[name] = self._array(name)
        ctx = Context(
            train=not deterministic,
            key=None if deterministic else drawn_key(),
            functions=self._functions(deterministic),
        )
        last = self.layout == "channels_last"
        out, _ = layer.apply(params, state, *(_moved(x, 1, -1, last) for x in arrays), ctx=ctx)
        return _moved(out, -1, 1, last)

    def _run_inherited(self, arrays: Sequence[jax.Array]) -> jax.Array:
        """Return the output of the layer that a class written in Lasagne's way derives from."""
        values, ctx = vars(self)["_running"]
        last = self.layout == "channels_last"
        fed = [_moved(x, 1, -1, last) for x in arrays]
        out, _ = self.apply(values, values, *fed, ctx=ctx)
        return _moved(out, -1, 1, last)

    def finish(self, output: jax.Array) -> jax.Array:
        """Return the output of the net for the output of this layer, if it is in a net."""
        return output if self.in_net is None else self.in_net.finish(output)

    def __getattr__(self, name: str) -> Any:
        hint = HINTS.get(name)
        message = f"{type(self).__name__!r} object has no attribute {name!r}"
        raise AttributeError(message + (f"; {hint}" if hint else ""))

    def known_specs(self) -> dict[str, ParamSpec]:
        """Return the specifications of the parameters; raise `ValueError` if not known."""
        if self.in_net is not None:
            return self.in_net.specs
        shapes = [(None, *shape[1:]) for shape in self.input_shapes]
        layer = self.detached()
        try:
            for problem in layer.check():
                raise LayerError(problem)
            return layer.param_specs(*shapes)
        except LayerError as error:
            raise ShapeError(f"{describe_instance(self)}: {error}") from error

    def initial_value(self, name: str) -> Any:
        """Return the initial value of a parameter, or None if no field holds it."""
        if is_lasagne_way(type(self)):
            return self.given_fields().get(name)
        return getattr(self, name, None)

    def find_parameter(self, name: str) -> tuple[Any, bool]:
        """Return the parameter that stands behind a name, and whether its axes are reversed."""
        value, transposed = self.initial_value(name), False
        if isinstance(value, TransposedValue):
            value, transposed = value.parameter, True
        if isinstance(value, OwnedValue):
            return self._named(name, value, transposed)
        if self.in_net is not None:
            return self.in_net.find_parameter(name)
        valid = "given" if value is UNSET else "a field made by initial()"
        if is_lasagne_way(type(self)):
            valid = "a parameter of __init__ with an initializer as default"
        raise ValueError(
            f"{describe_instance(self)}: {name} must be {valid} for its values to be known before "
            f"the net is built; after net.initialize(), "
            f"net.layers_[{self.name or 'hidden'!r}].{name} has them"
        )

    def _named(self, name: str, value: OwnedValue, transposed: bool) -> tuple[Any, bool]:
        """Return the parameter of another layer below, if the initial value is its name."""
        if not isinstance(value.init, str):
            return value, transposed
        layer, *rest = value.init.split(".")
        for other in layers_below([self]):
            if other.name == layer and other is not self:
                turned = rest[-1:] == ["T"]
                names = rest[:-1] if turned else rest
                found, again = other.find_parameter(*(names or [name]))
                return found, again ^ turned ^ transposed
        return value, transposed

    def _array(self, name: str) -> jax.Array:
        parameter, transposed = self.find_parameter(name)
        value = jnp.asarray(parameter.get_value())
        return value.T if transposed else value

    def _functions(self, deterministic: bool) -> Mapping[str, Callable[..., jax.Array]]:
        """Return the functions of the layers that this one refers to."""

        def function(other: Any) -> Callable[..., jax.Array]:
            return lambda *inputs: other.get_output_for(list(inputs), deterministic=deterministic)

        references = reference_fields(type(self)).items()
        others = [getattr(self, name) for name, kind in references if kind == "layer"]
        return {other: function(other) for other in others}

    def parameter_name(self, name: str) -> str:
        """Return the name of a parameter with that of the layer, if it has one."""
        return f"{self.name}.{name}" if self.name else name

    def parameter_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a parameter."""
        return self.known_specs()[name].shape

    def read_parameter(self, name: str) -> np.ndarray:
        """Return a copy of the values of a parameter, drawn now if it had none."""
        source, transposed = self._source(name)
        if source is not self.initial_value(name):
            found = source.get_value()
            return found.T if transposed else found
        spec = self.known_specs()[name]
        try:
            with jax.ensure_compile_time_eval():
                drawn = as_initializer(spec.init)(drawn_key(), spec.shape, jnp.float32)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{describe_instance(self)}: {name}: {error}") from error
        source.keep(np.array(drawn, np.float32))
        return np.array(drawn, np.float32)

    def write_parameter(self, name: str, values: ArrayLike) -> None:
        """Set the values of a parameter."""
        array = np.asarray(values)
        source, transposed = self._source(name)
        if source is not self.initial_value(name):
            source.set_value(array.T if transposed else array)
            return
        shape = self.parameter_shape(name)
        if array.shape != shape:
            raise ValueError(
                f"parameter {self.parameter_name(name)!r} must have shape {shape}, "
                f"got {array.shape}"
            )
        if array.dtype.kind not in "fiu" or not fits_float32(array):
            raise ValueError(f"parameter {self.parameter_name(name)!r} must hold finite numbers")
        source.keep(np.array(array, np.float32))

    def _source(self, name: str) -> tuple[Any, bool]:
        """Return the parameter that has the values: in the net, if the layer is in one."""
        where = self if self.in_net is None else self.in_net
        return where.find_parameter(name)

    def _hold(self, name: str) -> None:
        """Let a parameter find its values, if this layer was given its inputs."""
        if self.incoming is not None or getattr(self, "incomings", None):
            getattr(self, name).hold(self, name)


def as_floats(x: Any) -> jax.Array:
    """Return an array of float32, unless it holds numbers of another float type."""
    array = jnp.asarray(x)
    return array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(jnp.float32)


def _moved(x: jax.Array, source: int, target: int, wanted: bool) -> jax.Array:
    return jnp.moveaxis(x, source, target) if wanted and x.ndim > 2 else x

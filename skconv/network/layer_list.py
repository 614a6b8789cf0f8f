"""Read the `layers` argument in any of its forms into one flat list."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .. import layers as library
from ..errors import LayerError, Problems, describe_layer
from ..layers.base import Layer
from ..layers.specs import reference_fields
from ..utils.fields import cached_per_class

GRAPH = ("incoming", "incomings")


class LayerEntry(NamedTuple):
    """A layer as given in `layers`.

    Parameters
    ----------
    name : str
    cls : type
    given : dict
        Field values without `incoming` and `incomings`; other layers are replaced by their names.
    incomings : tuple of str or None
        Names of the incoming layers; None for the previous layer in the list.
    """

    name: str
    cls: type[Layer]
    given: dict[str, Any]
    incomings: tuple[str, ...] | None


@cached_per_class
def layer_keywords(cls: type[Layer]) -> tuple[str, ...]:
    """Return the keywords that may follow the name of a layer, its own fields first.

    Examples
    --------
    >>> from skconv.layers import DropoutLayer
    >>> layer_keywords(DropoutLayer)
    ('incoming', 'p', 'rescale', 'shared_axes', 'l1', 'l2', 'grad_scale')
    """
    fields = [field for field in dataclasses.fields(cls) if field.init and field.name != "name"]
    common = {field.name for field in dataclasses.fields(Layer) if field.kw_only}
    own_first = sorted(fields, key=lambda field: field.name in common)
    return (*(field.name for field in own_first), *cls.aliases, *cls.bundles)


def resolve_fields(name: str | None, cls: type[Layer], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that keywords of a layer stand for, see `Layer.resolve_fields`.

    Raises
    ------
    ValueError
        If a keyword is invalid; the message names the layer.
    """
    try:
        return cls.resolve_fields(given)
    except LayerError as error:
        where = cls.__name__ if name is None else describe_layer(name, cls)
        raise ValueError(f"{where}: {error}") from error


def read_layers(layers: Any) -> list[LayerEntry]:
    """Read the `layers` argument.

    Parameters
    ----------
    layers : sequence or Layer
        A list with entries ``('name', LayerClass)``, ``(LayerClass, {'name': ..., ...})``,
        ``('name', layer)``, layers or layer classes; or the last layer of a graph of instances.

    Returns
    -------
    list of LayerEntry
        In the order given, each instance after its incoming layers.

    Raises
    ------
    ValueError
        With all invalid entries.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> [spec.name for spec in read_layers([('input', InputLayer), (DenseLayer, {'num_units': 3})])]
    ['input', 'dense1']
    """
    return _read(layers).specs


def input_names(layers: Any) -> list[str]:
    """Return the names of the input layers, in the order of `layers`.

    Parameters
    ----------
    layers : sequence or Layer
        As for `read_layers`.

    Returns
    -------
    list of str
        Empty if `layers` has invalid entries.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> input_names([('image', InputLayer), ('hidden', DenseLayer), ('table', InputLayer)])
    ['image', 'table']
    """
    try:
        entries = read_layers(layers)
    except ValueError:
        return []
    return [entry.name for entry in entries if not incoming_fields(entry.cls)]


def named_instances(layers: Any) -> dict[str, Layer]:
    """Return the instances among layers by the names that they have in a net.

    Parameters
    ----------
    layers : sequence or Layer
        As for `read_layers`.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> list(named_instances(DenseLayer(InputLayer(), 3, name='output')))
    ['input0', 'output']
    """
    return _read(layers).instances


@cached_per_class
def incoming_fields(cls: type[Layer]) -> frozenset[str]:
    """Return the fields by which a layer takes its incoming layers; input layers have none."""
    return frozenset(f.name for f in dataclasses.fields(cls) if f.name in GRAPH and f.init)


def _is_class(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Layer)


def _is_pair(entry: Any) -> bool:
    return (
        isinstance(entry, list | tuple)
        and len(entry) == 2
        and (isinstance(entry[0], str) or (_is_class(entry[0]) and isinstance(entry[1], dict)))
    )


def _import_hint(name: Any, layer: Any) -> str:
    """Return what to write for a layer class that is given as text."""
    text = name if isinstance(layer, dict) else layer
    if not isinstance(text, str):
        return ""
    classes = filter(_is_class, (getattr(library, known) for known in library.__all__))
    short = {cls.__name__.lower().removesuffix("layer"): cls.__name__ for cls in classes}
    given = text.rpartition(".")[2].lower().removesuffix("layer")
    near = difflib.get_close_matches(given, short, n=1, cutoff=0.6)
    if not near:
        return "; write layer classes of skconv.layers, not their names"
    found = short[near[0]]
    entry = f"({found}, {{...}})" if isinstance(layer, dict) else f"({name or 'name'!r}, {found})"
    return f"; write from skconv.layers import {found}, and {entry}"


def _is_layer(value: Any) -> bool:
    """Return whether a value is a layer, rather than a view of a layer of a net."""
    return issubclass(type(value), Layer)


def _read(layers: Any) -> _Reader:
    reader = _Reader()
    entries = layers if isinstance(layers, list | tuple) else [layers]
    if _is_pair(entries):
        entries = [entries]
    if not entries:
        raise ValueError(
            f"layers must contain at least an InputLayer and a DenseLayer, got {layers!r}"
        )
    reader.problems.call_each(reader.add, entries)
    reader.problems.raise_any()
    return reader


class _Reader:
    def __init__(self) -> None:
        self.specs: list[LayerEntry] = []
        self.problems = Problems()
        self.names: dict[int, str] = {}
        self.instances: dict[str, Layer] = {}
        self.listed: set[int] = set()

    def add(self, entry: Any) -> None:
        name, layer = entry if _is_pair(entry) and isinstance(entry[0], str) else (None, entry)
        if _is_layer(layer):
            if id(layer) in self.listed or name not in (None, self.names.get(id(layer), name)):
                raise ValueError(
                    f"layers must contain each layer once, got {self.names[id(layer)]!r} again"
                    f"{'' if name is None else f' as {name!r}'}; create a new layer for each place"
                )
            self.listed.add(id(layer))
            self.add_instance(layer, name)
        elif _is_class(layer):
            self.add_class(layer, {} if name is None else {"name": name})
        elif name is None and _is_pair(layer):
            self.add_class(*layer)
        else:
            raise ValueError(
                "layers must contain ('name', LayerClass), (LayerClass, {'name': ...}) or layers, "
                f"got {entry!r}{_import_hint(name, layer)}"
            )

    def add_class(self, cls: type[Layer], given: dict[str, Any]) -> None:
        if "layer_wrapper" in given:
            raise ValueError(
                f"layer_wrapper of {cls.__name__} must be left out; write layers as instances, as "
                f"in batch_norm({cls.__name__}(incoming, ...)), or add the layer in the list"
            )
        cls = cls.adapted()
        given = resolve_fields(given.get("name"), cls, given)
        incomings = self.take_incomings(cls, given)
        name = given.pop("name", None) or self.default_name(cls)
        self.append(name, cls, given, incomings)

    def add_instance(self, layer: Layer, name: str | None = None) -> str:
        if id(layer) in self.names:
            return self.names[id(layer)]
        cls, given = layer.adapted(), layer.given_fields()
        incomings = self.take_incomings(cls, given)
        name = name or layer.name or self.default_name(cls)
        self.names[id(layer)] = name
        self.instances[name] = layer
        self.append(name, cls, given, incomings)
        return name

    def append(
        self,
        name: Any,
        cls: type[Layer],
        given: dict[str, Any],
        incomings: tuple[str, ...] | None,
    ) -> None:
        if not isinstance(name, str) or not name.isidentifier() or "__" in name:
            self.problems.add(
                "the name of a layer must be an identifier without double underscores, because "
                f"keywords start with it, got {name!r}"
            )
        if name in [spec.name for spec in self.specs]:
            self.problems.add(f"layers must have different names, got {name!r} twice")
        self.specs.append(LayerEntry(name, cls, given, incomings))

    def take_incomings(self, cls: type[Layer], given: dict[str, Any]) -> tuple[str, ...] | None:
        """Remove the incoming layers from the fields and return their names.

        Layers in other fields are replaced by their names.
        """
        names = tuple(self.incoming_names(given)) or None
        for field in reference_fields(cls):
            if _is_layer(given.get(field)):
                given[field] = self.add_instance(given[field])
        return names

    def incoming_names(self, given: dict[str, Any]) -> Iterator[str]:
        single, several = given.pop("incoming", None), given.pop("incomings", None)
        several = [several] if isinstance(several, str) or _is_layer(several) else several
        for incoming in [single] if single is not None else (several or ()):
            yield self.add_instance(incoming) if _is_layer(incoming) else incoming

    def default_name(self, cls: type[Layer]) -> str:
        """Name a layer by its class and position in the list, as nolearn does."""
        return f"{cls.__name__.lower().replace('layer', '')}{len(self.specs)}"

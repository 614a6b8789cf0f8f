"""Read the `layers` argument: every form a user may write, as one flat list."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import Problems
from ..layers.base import Layer, reference_fields

GRAPH = ("incoming", "incomings")


class LayerEntry(NamedTuple):
    """A layer as it was written down.

    Parameters
    ----------
    name : str
    cls : type
    given : dict
        Fields that were given, without `incoming` and `incomings`; other layers by their names.
    incomings : tuple of str or None
        Names of the layers that feed it; None for the one before.
    """

    name: str
    cls: type[Layer]
    given: dict[str, Any]
    incomings: tuple[str, ...] | None

    def keywords(self) -> list[str]:
        """Keywords that may follow the layer's name."""
        fields = [f for f in dataclasses.fields(self.cls) if f.init and f.name != "name"]
        own_first = sorted(fields, key=lambda f: f.kw_only)
        return [*(f.name for f in own_first), *self.cls.aliases]


def read_layers(layers: Any) -> list[LayerEntry]:
    """Read the `layers` argument.

    Parameters
    ----------
    layers : sequence or Layer
        A list whose entries are ``('name', LayerClass)``, ``(LayerClass, {'name': ..., ...})``,
        ``('name', layer)``, a layer or a layer class; or the last layer of a graph of instances.

    Returns
    -------
    list of LayerEntry
        In the order given, each instance after those that feed it.

    Raises
    ------
    ValueError
        With all entries that are none of these.

    Examples
    --------
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> [spec.name for spec in read_layers([('input', InputLayer), (DenseLayer, {'num_units': 3})])]
    ['input', 'dense1']
    """
    reader = _Reader()
    entries = layers if isinstance(layers, list | tuple) else [layers]
    if _is_pair(entries):
        entries = [entries]
    if not entries:
        raise ValueError("layers is empty; give at least an InputLayer and a DenseLayer")
    for entry in entries:
        with reader.problems.collect():
            reader.add(entry)
    reader.problems.raise_any()
    return reader.specs


def _is_class(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Layer)


def _is_pair(entry: Any) -> bool:
    return (
        isinstance(entry, list | tuple)
        and len(entry) == 2
        and (isinstance(entry[0], str) or (_is_class(entry[0]) and isinstance(entry[1], dict)))
    )


class _Reader:
    def __init__(self) -> None:
        self.specs: list[LayerEntry] = []
        self.problems = Problems()
        self.names: dict[int, str] = {}
        self.listed: set[int] = set()

    def add(self, entry: Any) -> None:
        name, what = entry if _is_pair(entry) and isinstance(entry[0], str) else (None, entry)
        if isinstance(what, Layer):
            if id(what) in self.listed or name not in (None, self.names.get(id(what), name)):
                raise ValueError(
                    f"the layer {self.names[id(what)]!r} is in layers twice"
                    f"{'' if name is None else f', also as {name!r}'}; "
                    "write one for each place"
                )
            self.listed.add(id(what))
            self.add_instance(what, name)
        elif _is_class(what):
            self.add_class(what, {} if name is None else {"name": name})
        elif name is None and _is_pair(what):
            self.add_class(*what)
        else:
            raise ValueError(
                f"{entry!r} in layers is no layer; write ('name', LayerClass), "
                "(LayerClass, {'name': ...}), or a layer"
            )

    def add_class(self, cls: type[Layer], given: dict[str, Any]) -> None:
        given = dict(given)
        incomings = self.incomings(cls, given)
        name = given.pop("name", None) or self.made_up(cls)
        self.append(name, cls, given, incomings)

    def add_instance(self, layer: Layer, name: str | None = None) -> str:
        if id(layer) in self.names:
            return self.names[id(layer)]
        fields = [f.name for f in dataclasses.fields(layer) if f.init and f.name != "name"]
        given = {f: getattr(layer, f) for f in fields}
        incomings = self.incomings(type(layer), given)
        name = name or layer.name or self.made_up(type(layer))
        self.names[id(layer)] = name
        self.append(name, type(layer), given, incomings)
        return name

    def append(self, name: Any, cls: Any, given: dict[str, Any], incomings: Any) -> None:
        if not isinstance(name, str) or not name.isidentifier() or "__" in name:
            self.problems.add(
                f"{name!r} cannot name a layer: keywords start with it, so it must be an "
                "identifier without double underscores"
            )
        if name in (spec.name for spec in self.specs):
            self.problems.add(f"two layers are called {name!r}")
        self.specs.append(LayerEntry(name, cls, given, incomings))

    def incomings(self, cls: type[Layer], given: dict[str, Any]) -> tuple[str, ...] | None:
        """Take what feeds a layer out of its fields, as names, and name other layers in them."""
        names = tuple(self.feeding(given)) or None
        for field in reference_fields(cls):
            if isinstance(given.get(field), Layer):
                given[field] = self.add_instance(given[field])
        return names

    def feeding(self, given: dict[str, Any]) -> Iterator[str]:
        single, several = given.pop("incoming", None), given.pop("incomings", None)
        several = [several] if isinstance(several, str | Layer) else several
        for feed in [single] if single is not None else (several or ()):
            yield self.add_instance(feed) if isinstance(feed, Layer) else feed

    def made_up(self, cls: type[Layer]) -> str:
        """Name a layer as nolearn does: its class and its place in the list."""
        return f"{cls.__name__.lower().replace('layer', '')}{len(self.specs)}"

"""The differences between the signatures of Lasagne and skconv, as tables of a page.

`lasagne.toml` lists Lasagne's parameters and defaults, and `lasagne_differences.toml` says what to
write where ours differ. The differences themselves are computed from the code.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp

from skconv import init, layers, nonlinearities
from skconv.utils.fields import UNSET

HERE = Path(__file__).parent
LASAGNE: dict[str, dict[str, dict[str, str]]] = tomllib.loads((HERE / "lasagne.toml").read_text())
NOTES = tomllib.loads((HERE / "lasagne_differences.toml").read_text())["difference"]
NAMES = {
    "init": init,
    "nonlinearities": nonlinearities,
    "T": jnp,
    "Gate": getattr(layers, "Gate", None),
}

REQUIRED, NONE = "required", "none"
COMMON = {field.name for field in dataclasses.fields(layers.Layer)}
"""Parameters of all layers."""


class Parameter(NamedTuple):
    """A parameter of ours: its default, which may be `UNSET`, and whether it is positional."""

    default: Any
    positional: bool


class Difference(NamedTuple):
    """A difference of one parameter, with both defaults as they are written in code."""

    module: str
    name: str
    parameter: str
    theirs: str
    ours: str


def parameters(obj: Any) -> dict[str, Parameter]:
    """Return our parameters by name, in their order; of a layer under the names that Lasagne has.

    Parameters
    ----------
    obj : class or function
    """
    old: dict[str, str] = {}
    if isinstance(obj, type) and issubclass(obj, layers.Layer):
        theirs = LASAGNE["layers"].get(obj.__name__, {})
        old = {new: old for old, new in obj.aliases.items() if old in theirs}
    return {
        old.get(p.name, p.name): Parameter(_default(obj, p), p.kind is not p.KEYWORD_ONLY)
        for p in inspect.signature(obj).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    }


def _default(obj: Any, parameter: inspect.Parameter) -> Any:
    default = UNSET if parameter.default is parameter.empty else parameter.default
    inferred = parameter.name == "nonlinearity" and default is UNSET
    return getattr(obj, "default_nonlinearity", UNSET) if inferred else default


def home_of(module: str) -> Any:
    """Return our module of the same name, or an object without attributes."""
    if importlib.util.find_spec(f"skconv.{module}") is None:
        return object()
    return importlib.import_module(f"skconv.{module}")


def find_differences() -> Iterator[Difference]:
    """Yield each difference: a name or parameter that is missing, and a default that differs."""
    for module, names in LASAGNE.items():
        home = home_of(module)
        for name, theirs in names.items():
            if not hasattr(home, name):
                yield Difference(module, name, "", "", NONE)
                continue
            ours = parameters(getattr(home, name))
            for parameter, default in theirs.items():
                if parameter not in ours:
                    yield Difference(module, name, parameter, default or REQUIRED, NONE)
                elif not _alike(parameter, ours[parameter].default, default):
                    given = _written(ours[parameter].default)
                    yield Difference(module, name, parameter, default or REQUIRED, given)


def find_additions() -> Iterator[Difference]:
    """Yield each parameter that Lasagne lacks, without those of all layers."""
    for module, names in LASAGNE.items():
        home = home_of(module)
        for name, theirs in names.items():
            ours = parameters(getattr(home, name)) if hasattr(home, name) else {}
            for parameter, (default, _) in ours.items():
                common = module == "layers" and parameter in COMMON
                if not common and parameter not in theirs:
                    yield Difference(module, name, parameter, NONE, _written(default))


def positions(module: str, name: str) -> tuple[list[str], list[str]]:
    """Return the positional parameters of Lasagne and of ours, without those that we lack.

    A parameter of ours in the place of one that we lack has its name.
    """
    ours = parameters(getattr(home_of(module), name))
    theirs = list(LASAGNE[module][name])
    places = dict(zip(ours, theirs, strict=False))
    renamed = {new: old for new, old in places.items() if old not in ours and new not in theirs}
    given = [renamed.get(p, p) for p, (_, positional) in ours.items() if positional]
    return [p for p in theirs if p in ours or p in renamed.values()], given


def _alike(parameter: str, ours: Any, written: str) -> bool:
    """Return whether defaults are the same; a number stands for one on each axis."""
    if parameter in ("incoming", "incomings"):
        return True
    if not written:
        return ours is UNSET or ours is None  # without one, a layer is refused when built
    theirs = eval(written, NAMES)
    if isinstance(theirs, tuple) and len(set(theirs)) == 1:
        theirs = theirs[0]
    same: bool = ours == (tuple(theirs) if isinstance(theirs, list) else theirs)
    return same


def _written(default: Any) -> str:
    if default is UNSET:
        return REQUIRED
    return default.__name__ if inspect.isfunction(default) else repr(default)


def note_of(difference: Difference) -> str:
    """Return what to write instead, or why the default differs.

    Raises
    ------
    KeyError
        If `lasagne_differences.toml` does not have exactly one entry for the difference.
    """
    found = [
        note["note"]
        for note in NOTES
        if note["module"] == difference.module
        and difference.name in note["names"]
        and difference.parameter in note["parameters"]
    ]
    if len(found) != 1:
        raise KeyError(f"lasagne_differences.toml must have one entry for {difference}")
    return str(found[0])


def _grouped(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield what rows share, with the names that share it, which are their first cells."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for name, *cells in rows:
        groups.setdefault(tuple(cells), []).append(f"`{name}`")
    for cells, names in groups.items():
        yield ", ".join(names), cells


def _code(text: str) -> str:
    return text if text in ("", REQUIRED, NONE) else f"`{text}`"


def differences_table() -> str:
    """Return the differences as a Markdown table."""
    rows = ((d.name, d.parameter, d.theirs, d.ours, note_of(d)) for d in find_differences())
    return "\n".join(
        [
            "| name | parameter | Lasagne | skconv | |",
            "|---|---|---|---|---|",
            *(
                f"| {names} | {_code(parameter)} | {_code(theirs)} | {_code(ours)} | {note} |"
                for names, (parameter, theirs, ours, note) in _grouped(rows)
            ),
        ]
    )


def additions_table() -> str:
    """Return the parameters that Lasagne lacks as a Markdown table."""
    added: dict[str, list[str]] = {}
    for d in find_additions():
        default = "" if d.ours == REQUIRED else f"={d.ours}"
        added.setdefault(d.name, []).append(f"`{d.parameter}{default}`")
    rows = ((name, ", ".join(parts)) for name, parts in added.items())
    return "\n".join(
        [
            "| name | further parameters |",
            "|---|---|",
            *(f"| {names} | {parameters} |" for names, (parameters,) in _grouped(rows)),
        ]
    )

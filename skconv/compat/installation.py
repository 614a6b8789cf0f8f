"""Stand-ins for the packages of old scripts, among Python's modules while installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .modules import MODULES, ROOTS, explain, submodules

VERSIONS = {"lasagne": "0.2.dev1", "nolearn": "0.6.1", "theano": "0.8.2"}
"""Versions whose names and defaults the stand-ins have."""


class _Finder:
    """Finder and loader of the stand-ins."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        """Return the spec of a stand-in; raises `ImportError` for others below them."""
        if name in MODULES:
            return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        module, _, missing = name.rpartition(".")
        if name.partition(".")[0] in ROOTS:
            raise ImportError(explain(module, missing), name=name)
        return None

    def create_module(self, spec: ModuleSpec) -> None:
        """Return None, for a module of the usual kind."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill a stand-in with its names."""
        name = module.__name__

        def missing(attribute: str) -> Any:
            if attribute in submodules(name):
                return importlib.import_module(f"{name}.{attribute}")
            raise AttributeError(explain(name, attribute), name=attribute, obj=module)

        names = MODULES[name]()
        vars(module).update(names)
        vars(module).update(__all__=sorted(names), __getattr__=missing)
        if name in VERSIONS:
            vars(module)["__version__"] = VERSIONS[name]


_FINDER = _Finder()


def install() -> None:
    """Let ``import lasagne``, ``import nolearn`` and ``import theano`` import stand-ins.

    Scripts for nolearn then run on skconv as they are, with nolearn's and Lasagne's defaults, until
    `uninstall`. Imports before are not affected. Installing twice is installing once.

    Raises
    ------
    ImportError
        If one of the packages is installed in this environment or already imported.

    Examples
    --------
    >>> install()
    >>> from lasagne.layers import Conv2DLayer
    >>> Conv2DLayer(None, 8, 3).flip_filters
    True
    >>> uninstall()
    """
    if _FINDER in sys.meta_path:
        return
    found = [name for name in ROOTS if name in sys.modules or importlib.util.find_spec(name)]
    if found:
        raise ImportError(
            f"skconv.compat stands in for {', '.join(ROOTS)}, but this environment has "
            f"{', '.join(found)}; uninstall what it has, or use an environment without it"
        )
    sys.meta_path.insert(0, _FINDER)


def uninstall() -> None:
    """Undo `install`. Objects that were imported go on working."""
    if _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)
        for name in MODULES:
            sys.modules.pop(name, None)


@contextmanager
def installed() -> Iterator[None]:
    """Install the stand-ins for the duration of a block, as in tests.

    Examples
    --------
    >>> with installed():
    ...     from nolearn.lasagne import NeuralNet
    >>> NeuralNet.__module__
    'skconv.compat.nets'
    """
    before = _FINDER in sys.meta_path
    install()
    try:
        yield
    finally:
        if not before:
            uninstall()

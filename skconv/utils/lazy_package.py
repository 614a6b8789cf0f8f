"""Packages whose public names are imported once they are used."""

from __future__ import annotations

import ast
import pkgutil
import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class LazyPackage(ModuleType):
    """A package that imports a public name when it is first used.

    A process that needs three layers does not define the other sixty: a dataclass takes a
    millisecond, and all of them took 0.15 of the 0.45 seconds that `import skconv` added to the
    imports of its libraries (AMD EPYC, jax 0.10.2).
    """

    _homes: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        if name not in self._homes:
            message = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self)
        value = getattr(import_module(self._homes[name], self.__name__), name)
        vars(self)[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # Python binds each imported submodule here, even models.resnet, which is also a function
        if isinstance(value, ModuleType) and self._homes.get(name) == f".{name}":
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._homes})


def load_lazily(package: str) -> list[str]:
    """Let a package import its public names once they are used, and return them.

    The names are those that ``__init__.pyi`` imports, where type checkers and editors find them.

    Parameters
    ----------
    package : str
        Name of the package that is being imported.

    Returns
    -------
    list of str
        For ``__all__``.

    Examples
    --------
    >>> from skconv import layers
    >>> 'DenseLayer' in dir(layers), layers.DenseLayer.__module__
    (True, 'skconv.layers.dense')
    """
    stub = ast.parse(pkgutil.get_data(package, "__init__.pyi") or b"")
    module: Any = sys.modules[package]
    module._homes = {
        alias.name: "." * statement.level + (statement.module or "")
        for statement in stub.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    module.__class__ = LazyPackage
    return sorted(module._homes)

"""Keep the pages of the API whole: every public name of skconv is on one, with a docstring."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

import skconv


def modules() -> Iterator[Any]:
    """Import all modules of the package."""
    yield skconv
    for found in pkgutil.walk_packages(skconv.__path__, "skconv."):
        yield importlib.import_module(found.name)


def is_foreign(app: Sphinx, what: str, name: str, obj: Any, *options: Any) -> bool | None:
    """Leave out what classes inherit from other packages, and functions that are their defaults."""
    home = getattr(obj, "__module__", None) or "skconv"
    return True if home.partition(".")[0] != "skconv" else None


def find_missing(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of names in an ``__all__`` that no page describes."""
    described, everywhere = set(env.domains.python_domain.objects), list(modules())
    for module in everywhere:
        for name in getattr(module, "__all__", ()):
            obj = getattr(module, name)
            places = {f"{m.__name__}.{name}" for m in everywhere if vars(m).get(name) is obj}
            if not places & described:
                logging.getLogger(__name__).warning("no page describes %s of %s", name, module)


def setup(app: Sphinx) -> dict[str, bool]:
    """Have Sphinx call the above."""
    app.connect("autodoc-skip-member", is_foreign)
    app.connect("env-check-consistency", find_missing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx extension that checks that the API pages describe every public name of skconv."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

import skconv

logger = logging.getLogger(__name__)


def modules() -> Iterator[Any]:
    """Yield all modules of the package."""
    yield skconv
    for found in pkgutil.walk_packages(skconv.__path__, "skconv."):
        yield importlib.import_module(found.name)


def is_foreign(app: Sphinx, what: str, name: str, obj: Any, *options: Any) -> bool | None:
    """Return True to skip members from other packages, such as inherited methods."""
    home = getattr(obj, "__module__", None) or "skconv"
    return True if home.partition(".")[0] != "skconv" else None


def find_missing(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn about names in an ``__all__`` that are missing from the pages."""
    described, imported = set(env.domains.python_domain.objects), list(modules())
    for module in imported:
        for name in getattr(module, "__all__", ()):
            obj = getattr(module, name)
            places = {f"{m.__name__}.{name}" for m in imported if getattr(m, name, None) is obj}
            if not places & described:
                logger.warning("the API pages do not describe %s.%s", module.__name__, name)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the functions above to Sphinx's events."""
    app.connect("autodoc-skip-member", is_foreign)
    app.connect("env-check-consistency", find_missing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx extension that gives each public class a page of its own.

The tables of `api/*.rst` name the classes and functions of a module. Functions are described below
the tables, classes on the pages that are written here at each build.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).parent
API = HERE / "api"
PAGES = API / "classes"
LISTED = re.compile(r"^      (\w+)$", re.MULTILINE)
PAGE = """\
:orphan:

{name}
{line}

:doc:`{module} </api/{page}>`

.. currentmodule:: {module}

.. autoclass:: {name}
   :members:
{options}
"""
OPTIONS = {
    "skconv.NeuralNet": ":inherited-members: BaseEstimator",
    "skconv.NeuralNetClassifier": ":no-members:",
    "skconv.NeuralNetRegressor": ":no-members:",
    "skconv.layers.Layer": "",
    "skconv.layers.MergeLayer": "",
}
"""Options of single classes."""

MODULE_OPTIONS = {"skconv.layers": ":exclude-members: apply, output_shape, param_specs, layout"}
"""Options of the classes of a module: layers share the methods of `Layer`."""


@functools.cache
def classes() -> dict[str, list[str]]:
    """Return the names of the classes that the tables of each module name, by its page."""
    found = {}
    for path in sorted(API.glob("*.rst")):
        module = importlib.import_module(module_of(path.stem))
        names = LISTED.findall(path.read_text())
        found[path.stem] = [name for name in names if inspect.isclass(getattr(module, name))]
    return found


def module_of(page: str) -> str:
    """Return the name of the module that a page of the API describes."""
    return "skconv" if page == "skconv" else f"skconv.{page}"


def write_pages(app: Sphinx) -> None:
    """Write a page for each class, and remove those of classes that are gone."""
    PAGES.mkdir(exist_ok=True)
    pages = {}
    for page, names in classes().items():
        module = module_of(page)
        for name in names:
            full = f"{module}.{name}"
            options = OPTIONS.get(full, MODULE_OPTIONS.get(module, ""))
            pages[PAGES / f"{full}.rst"] = PAGE.format(
                name=name,
                line="=" * len(name),
                module=module,
                page=page,
                options=f"   {options}" if options else "",
            )
    for path in set(PAGES.glob("*.rst")) - set(pages):
        path.unlink()
    for path, text in pages.items():
        if not path.exists() or path.read_text() != text:  # unchanged pages are not read again
            path.write_text(text)


def has_own_page(app: Sphinx, what: str, name: str, obj: Any, *options: Any) -> bool | None:
    """Return True to skip a class on the page of its module."""
    page = app.env.docname.removeprefix("api/")
    listed = what == "module" and inspect.isclass(obj) and "/" not in page
    return True if listed and name in classes().get(page, ()) else None


def signature_of(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, given: str | None, returned: Any
) -> tuple[str, Any] | None:
    """Return the parameters of a class whose constructor takes any and passes them on."""
    if what != "class" or given != "(*args, **kwargs)":
        return None
    signature = inspect.signature(obj)
    parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=signature.empty)), None


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for them, and leave them out of those of modules."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-skip-member", has_own_page)
    app.connect("autodoc-process-signature", signature_of)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

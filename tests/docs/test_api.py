"""The lists on the pages of the API name everything that a module exports."""

import importlib
import re
from pathlib import Path

import pytest

API = Path(__file__).parents[2] / "docs" / "api"
LISTED = re.compile(r"^      (\w+)$", re.MULTILINE)
PAGES = [path for path in sorted(API.glob("*.rst")) if LISTED.search(path.read_text())]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_list_is_complete(path):
    name = "skconv" if path.stem == "skconv" else f"skconv.{path.stem}"
    exported = importlib.import_module(name).__all__
    assert sorted(LISTED.findall(path.read_text())) == sorted(exported)

"""The design page names modules, classes and functions that exist."""

import pkgutil
import re
from pathlib import Path

import pytest

import skconv

PAGE = Path(__file__).parents[2] / "docs" / "design.md"
ROOT = Path(skconv.__file__).parent
ROOMS = {path.stem for path in ROOT.iterdir() if path.stem[0] != "_"}
NAMES = {
    name
    for name in re.findall(r"`(?:skconv\.)?(\w+(?:\.\w+)+)`", PAGE.read_text())
    if name.partition(".")[0] in ROOMS
}


def test_the_page_names_much_of_the_code():
    assert len(NAMES) > 15


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_name_exists(name):
    pkgutil.resolve_name(f"skconv.{name}")

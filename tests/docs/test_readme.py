"""The README is short, and its picture and links exist; `test_pages.py` runs its block."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text()
LINKS = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXT)


def test_it_fits_a_screen_or_two():
    assert len(TEXT.splitlines()) < 100


def test_one_block_ends_in_the_picture():
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert block.endswith('.savefig("digits.png")\n')
    assert "docs/_static/digits.png" in LINKS


@pytest.mark.parametrize("link", LINKS)
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()
    assert not link.endswith((".png", ".svg")) or (ROOT / link).stat().st_size < 100_000

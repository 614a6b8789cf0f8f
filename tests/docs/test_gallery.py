"""Examples have a title and a small picture for the gallery."""

from pathlib import Path

import pytest
from scripts import EXAMPLES, cells_of, title_of

PICTURES = Path(__file__).parents[2] / "docs" / "_static" / "gallery"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_a_small_picture(name):
    assert 1000 < (PICTURES / f"{name}.png").stat().st_size < 100_000


def test_no_picture_is_left_of_an_example_that_is_gone():
    assert {path.stem for path in PICTURES.iterdir()} == set(EXAMPLES)


def test_cells_are_a_text_and_code(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("# %% [markdown]\n# # A title\n#\n# A text.\n\n# %%\nx = 1\n\n# %%\nx\n")
    assert cells_of(script) == ["# A title\n\nA text.", "x = 1\n", "x\n"]
    assert title_of(script) == "A title"

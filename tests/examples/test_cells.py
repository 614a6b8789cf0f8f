import ast
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_opens_as_a_notebook(path):
    """In jupytext's percent format: a title, cells of code, and a last cell that runs it."""
    first, *cells = path.read_text().split("\n# %%\n")
    assert first.startswith("# %% [markdown]\n# # ")
    assert all(line.startswith("#") or not line for line in first.splitlines())
    assert len(cells) >= 3
    for cell in cells:
        ast.parse(cell)
    assert cells[-1].startswith('if __name__ == "__main__":')


def test_each_example_has_a_test():
    tested = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    assert {f"test_{path.stem}" for path in EXAMPLES} <= tested

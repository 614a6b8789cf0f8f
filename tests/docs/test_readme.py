"""The README's block runs when pasted, and its picture and links exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text()
LINKS = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXT)


def test_it_fits_a_screen_or_two():
    assert len(TEXT.splitlines()) < 100


def test_the_block_runs_when_pasted(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    exec(compile(block, "README.md", "exec"), {})
    (promised,) = re.findall(r"# accuracy ([\d.]+)", block)
    printed = capsys.readouterr().out.split()
    assert printed == ["accuracy", printed[-1]]
    assert float(printed[-1]) == pytest.approx(float(promised), abs=0.011)
    assert (tmp_path / "digits.png").stat().st_size > 1000


@pytest.mark.parametrize("link", LINKS)
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()
    assert not link.endswith((".png", ".svg")) or (ROOT / link).stat().st_size < 100_000

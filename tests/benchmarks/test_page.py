"""The page for readers: ratios and scores, and no targets."""

import pytest

from benchmarks.case import Case, Contender
from benchmarks.machine import Machine
from benchmarks.page import write_page
from benchmarks.runner import Row


def make_result(seconds, error=None):
    contenders = [
        Contender("skconv", lambda setting: None, ours=True),
        Contender("torch", lambda setting: None, bar=0.47),
    ]
    case = Case("net", "A net: a step", tuple(contenders), unit="s per step", bar=1.75)
    ours = Row(contenders[0], values=[1.0, 2.0, 3.0], scores={"accuracy": [0.9]})
    return case, [ours, Row(contenders[1], values=[seconds], error=error)]


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "pages" / "benchmarks.md"
    path.parent.mkdir()
    path.write_text("# Old\n\n## Kernels\n\nBy hand.\n")
    write_page(path, Machine("cpu", [("date", "2026-01-02")]), [make_result(8.0)])
    return path


def test_a_row_has_the_median_and_the_ratio(page):
    rows = [line.split("|")[1:-1] for line in page.read_text().splitlines() if "|" in line]
    rows = [[cell.strip() for cell in row] for row in rows]
    assert rows[0] == ["library", "s per step", "ratio", "range", "values", "accuracy"]
    assert rows[2] == ["skconv", "2.00", "", "1.00\u20133.00", "3", "0.900"]
    assert rows[3] == ["torch", "8.00", "0.25", "8.00\u20138.00", "1", ""]


def test_targets_are_left_to_the_terminal(page):
    text = page.read_text()
    assert not {"0.47", "1.75", "bar", "met"} & set(text.replace("|", " ").split())


def test_the_machine_and_the_part_by_hand_follow(page):
    text = page.read_text()
    assert "# Old" not in text
    assert text.index("| date | 2026-01-02 |") < text.index("## Kernels\n\nBy hand.\n")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chart_shows_the_ratio(page, theme):
    chart = page.with_suffix("") / f"ratios_{theme}.svg"
    assert f"benchmarks/{chart.name}" in page.read_text()
    assert all(f">{text}<" in chart.read_text() for text in ("A net: a step", "torch", "0.25"))


def test_a_library_that_failed_is_named(tmp_path):
    path = tmp_path / "benchmarks.md"
    write_page(path, Machine("cpu", []), [make_result(8.0), make_result(8.0, "Out of memory")])
    assert "torch failed: Out of memory" in path.read_text()

import pytest

from skconv.visualize.html_table import Markup, cell, number, section, table


def test_cells_are_escaped_unless_they_are_markup():
    assert cell("<b>", "th") == "<th>&lt;b&gt;</th>"
    assert cell(Markup("<b>x</b>"), style="a") == '<td class="a"><b>x</b></td>'


def test_tables_align_text_left_and_numbers_right():
    shown = table(["name", "count"], [["a & b", 3]])
    assert shown.count('class="skconv-text"') == 2
    assert '<td class="skconv-text">a &amp; b</td><td>3</td>' in shown


def test_empty_sections_are_left_out():
    assert section("A & B", "<p></p>") == "<section><h2>A &amp; B</h2><p></p></section>"
    assert section("A", "", "") == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-1234, "-1,234"), (1e-9, "1e-09"), (float("inf"), "inf"), (float("nan"), "nan")],
)
def test_numbers(value, text):
    assert number(value) == text

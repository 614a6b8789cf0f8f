"""The page of nolearn's behaviors has a row for each test in `tests/nolearn`."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from behaviors import TESTS, behavior_tables, read_behaviors

ROWS = list(read_behaviors())
FILES = sorted(path.stem for path in TESTS.glob("test_*.py"))


def test_there_are_many_rows():
    assert len(ROWS) > 150
    assert Counter(row.outcome for row in ROWS).keys() == {"same", "refused", "differs"}


def test_rows_are_told_apart():
    counts = Counter((row.section, row.behavior) for row in ROWS)
    assert max(counts.values()) == 1


def test_only_rows_of_the_same_result_have_no_text():
    assert all(bool(row.text) == (row.outcome != "same") for row in ROWS)


@pytest.mark.parametrize("name", FILES)
def test_all_that_runs_is_on_the_page(name):
    module = import_module(f"tests.nolearn.{name}")
    assert Path(module.__file__).parent == TESTS
    run = {test for test in vars(module) if test.startswith("test_")}
    assert run <= {row.test for row in ROWS}
    assert not [member for member in vars(module) if member.startswith("Test")]


def test_the_tables_have_all_rows():
    tables = behavior_tables()
    assert tables.count("| the same |") == sum(row.outcome == "same" for row in ROWS)
    assert all(row.behavior in tables and row.text in tables for row in ROWS)

from pathlib import Path

import pytest

from benchmarks.before import with_earlier
from benchmarks.case import Case, Contender
from benchmarks.runner import Row
from benchmarks.summary import summary
from benchmarks.table import table
from benchmarks.verdict import Verdict, verdicts


def contender(name, bar=None, ours=False):
    return Contender(name, lambda setting: None, bar, ours=ours)


def rows_of(case, *values, errors=()):
    return [
        Row(one, error="Died." if one.name in errors else None, values=[value])
        for one, value in zip(case.contenders, values, strict=True)
    ]


def make_case(bar=None):
    contenders = (
        contender("skconv", ours=True),
        contender("torch", 0.5),
        contender("plain"),
        contender("skconv, again", ours=True),
    )
    return Case("net", "A net", contenders, bar=bar)


@pytest.mark.parametrize(("torch", "met"), [(8.0, "yes"), (4.0, "yes"), (3.9, "no")])
def test_a_ratio_meets_its_bar_up_to_the_bar(torch, met):
    case = make_case()
    found = verdicts(case, rows_of(case, 2.0, torch, 4.0, 1.0))
    assert found[1:] == [Verdict(2 / torch, 0.5), Verdict(0.5), Verdict()]
    assert found[1].cells[2] == met


def test_the_bar_of_a_case_is_for_the_first_of_our_contenders():
    case = make_case(bar=1.5)
    found = verdicts(case, rows_of(case, 2.0, 4.0, 4.0, 2.0))
    assert (found[0], found[3]) == (Verdict(2.0, 1.5), Verdict())
    assert found[0].cells == ["2.000", "1.50", "no"]


def test_a_table_keeps_our_median_out_of_the_ratios():
    case = make_case(bar=1.5)
    ours = table(case, rows_of(case, 2.0, 4.0, 4.0, 2.0)).splitlines()[2]
    assert ours.split() == ["skconv", "2.00", "2.00", "to", "2.00", "1", "1.50", "no"]


def test_a_summary_has_a_line_per_bar():
    case = make_case(bar=1.5)
    lines = summary([(case, rows_of(case, 2.0, 5.0, 4.0, 1.0))]).splitlines()[2:]
    assert [line.split() for line in lines] == [
        ["net", "s", "2.000", "1.50", "no"],
        ["net", "/", "torch", "0.400", "0.50", "yes"],
    ]


@pytest.mark.parametrize("failed", ["skconv", "torch"])
def test_a_bar_of_a_contender_that_failed_is_not_measured(failed):
    case = make_case()
    lines = summary([(case, rows_of(case, 2.0, 5.0, 4.0, 1.0, errors=[failed]))]).splitlines()
    assert lines[2].endswith("not measured")


def test_an_earlier_skconv_is_compared_with_the_same_peer():
    case = with_earlier(make_case(bar=1.5), Path())
    rows = rows_of(case, 2.0, 6.0, 5.0, 4.0, 1.0)
    assert verdicts(case, rows)[1] == Verdict(2 / 6, None, 1.0)
    lines = summary([(case, rows)]).splitlines()[2:]
    assert [line.split()[-4:] for line in lines] == [
        ["6.000", "2.000", "1.50", "no"],
        ["1.200", "0.400", "0.50", "yes"],
    ]


def test_a_summary_has_the_accuracies_beside_the_ratio():
    case = make_case()
    rows = rows_of(case, 2.0, 5.0, 4.0, 1.0)
    for row, accuracy in zip(rows, (0.9, 0.8, 0.7, 0.6), strict=True):
        row.scores = {"loss": [1.0], "best accuracy": [accuracy, 0.0, 1.0]}
    assert summary([(case, rows)]).split()[-2:] == ["0.900", "0.800"]

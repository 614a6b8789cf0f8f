import pytest

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
    ours = table(case, rows_of(case, 2.0, 4.0, 4.0, 2.0), "plain").splitlines()[1]
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

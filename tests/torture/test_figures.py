from dataclasses import dataclass

import pytest

from .figures import Figures, figure


@dataclass
class Example(Figures):
    files: int = figure("files")
    loaded: int = figure("loaded", at_least=2)
    lost: int = figure("lost", at_most=0)
    peak_mb: float = figure("MB at the peak", at_most=200)


def test_figures_are_one_line_with_what_is_promised():
    assert str(Example(files=10_000, loaded=3, peak_mb=12.34)) == (
        "10,000 files; 3 loaded (promised: at least 2); 0 lost (promised: 0); "
        "12.3 MB at the peak (promised: at most 200)"
    )


@pytest.mark.parametrize(
    ("given", "broken"),
    [
        ({}, []),
        ({"peak_mb": 200.0}, []),
        ({"files": -1}, []),
        ({"loaded": 1}, ["1 loaded (promised: at least 2)"]),
        ({"lost": 1, "peak_mb": 200.5}, ["1 lost", "200.5 MB at the peak"]),
    ],
)
def test_broken_promises_are_those_beyond_a_bound(given, broken):
    found = Example(**{"loaded": 2} | given).broken()
    assert len(found) == len(broken)
    assert all(words.startswith(start) for words, start in zip(found, broken, strict=True))


def test_few_examples_are_kept():
    figures = Example()
    for number in range(100):
        figures.note(str(number))
    assert figures.examples == [str(number) for number in range(10)]

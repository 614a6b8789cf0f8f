import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(EXAMPLES / "tagging.py")


def test_some_epochs_find_most_tags(example, capsys):
    accuracy = example["main"](epochs=3, rows=600, tested=100, shown=2)
    assert 0.7 < accuracy < 1
    printed = capsys.readouterr().out
    assert f"Accuracy on the words of 100 test sentences: {accuracy:.3f}" in printed
    assert len(printed.partition("sentences: ")[2].split("\n\n")) == 4


def test_tags_are_padded(example):
    words, tags = example["make"](5)
    assert [len(own) for own in words] == [len(own) for own in tags]
    y = example["pad_tags"](tags, 20)
    assert y.shape == (5, 20)
    assert (y != example["PADDING"]).sum(axis=1).tolist() == [len(own) for own in tags]


def test_mistakes_are_shown_with_the_true_tag(example):
    words = [example["VOCABULARY"].index(word) for word in ("you", "fish")]
    shown = example["show"](words, ["PRON", "VERB"], np.array(["PRON", "NOUN"]))
    assert shown == "you   fish\nPRON  NOUN, not VERB"

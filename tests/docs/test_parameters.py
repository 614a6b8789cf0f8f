"""The parameters of a net are described in groups, and found by the words of other packages."""

import inspect
import re
import tomllib
from pathlib import Path

import pytest

from skconv import NeuralNet

DOCS = Path(__file__).parents[2] / "docs"
WORDS = tomllib.loads((DOCS / "search_words.toml").read_text())
SECTION = inspect.getdoc(NeuralNet).partition("Parameters\n")[2].partition("\nAttributes\n")[0]
HEADS = re.findall(r"^([\w*].*?)(?: : .*)?$", SECTION, re.MULTILINE)
GROUPS = [head.strip("*") for head in HEADS if head.endswith("**")]


def test_parameters_are_in_groups():
    assert GROUPS[:4] == ["Network", "Training", "Data", "Reporting"]
    assert GROUPS[4].startswith("Reproducibility")
    assert HEADS[0] == "**Network**"


def test_each_parameter_is_described_once():
    described = [name.lstrip("*") for head in HEADS if head[-1] != "*" for name in head.split(", ")]
    assert sorted(described) == sorted(inspect.signature(NeuralNet).parameters)


def test_words_belong_to_parameters():
    assert set(WORDS) <= set(inspect.signature(NeuralNet).parameters)


@pytest.mark.parametrize("word", ["lr", "optimizer", "epochs", "dropout", "batch_size", "seed"])
def test_a_word_leads_to_one_parameter(word):
    assert sum(word in words for words in WORDS.values()) == 1

"""The glossary is in order, and what it names as a parameter exists."""

import re
from pathlib import Path

import pytest

from skconv import NeuralNet
from skconv.model_selection import BatchedGridSearchCV

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text()
TERMS = re.findall(r"^(\w.*)\n: ", PAGE, re.MULTILINE)
KEYWORDS = re.findall(r"`(\w+)=", PAGE)
PREFIXES = ("hidden_", "conv1_", "update_", "objective_")


def test_terms_are_in_order():
    assert len(TERMS) > 30
    assert sorted(TERMS) == TERMS


@pytest.mark.parametrize("name", sorted(set(KEYWORDS)))
def test_keywords_are_parameters(name):
    own = NeuralNet().get_params() | BatchedGridSearchCV(None, {}).get_params(deep=False)
    assert name in own or name.startswith(PREFIXES)

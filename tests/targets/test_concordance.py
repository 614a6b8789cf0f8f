import itertools

import numpy as np
import pytest

from skconv.targets import concordance
from skconv.targets.concordance import concordance_index

RNG = np.random.default_rng(0)
N = 40
TIMES = RNG.integers(0, 10, N).astype(float)
EVENTS = RNG.integers(0, 2, N).astype(bool)
RISKS = RNG.integers(0, 8, N).astype(float)
WEIGHTS = RNG.uniform(0.5, 2, N)


def by_pairs(times, events, risks, weights):
    """Return the index by its definition, pair by pair."""
    right = total = 0.0
    for i, j in itertools.permutations(range(len(times)), 2):
        earlier = times[i] < times[j] or (times[i] == times[j] and not events[j])
        if events[i] and earlier:
            weight = weights[i] * weights[j]
            total += weight
            right += weight * (1.0 if risks[i] > risks[j] else 0.5 if risks[i] == risks[j] else 0.0)
    return right / total


@pytest.mark.parametrize("block", [1, 100, 2**22])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_it_is_the_fraction_of_pairs_in_order(weights, block, monkeypatch):
    monkeypatch.setattr(concordance, "BLOCK", block)
    found = concordance_index(TIMES, EVENTS, RISKS, weights)
    expected = by_pairs(TIMES, EVENTS, RISKS, np.ones(N) if weights is None else weights)
    assert found == pytest.approx(expected, rel=1e-12)


def test_reversed_risks_reverse_the_order():
    found = concordance_index(TIMES, EVENTS, -RISKS)
    assert found == pytest.approx(1 - concordance_index(TIMES, EVENTS, RISKS), rel=1e-12)
    assert concordance_index(TIMES, EVENTS, np.zeros(N)) == 0.5


def test_without_comparable_pairs_there_is_none():
    assert np.isnan(concordance_index(TIMES, np.zeros(N, bool), RISKS))

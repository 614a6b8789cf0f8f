"""Lasagne's source of random numbers."""

import numpy as np
import pytest

from skconv.compat.rng import current_state, get_rng, set_rng


def test_the_source_is_numpys_unless_set():
    assert get_rng() is np.random
    assert current_state() is None
    source = np.random.RandomState(0)
    set_rng(source)
    assert get_rng() is current_state() is source
    set_rng(np.random)
    assert current_state() is None


def test_other_sources_are_refused():
    with pytest.raises(TypeError, match=r"new_rng must be .*RandomState.* got 3"):
        set_rng(3)

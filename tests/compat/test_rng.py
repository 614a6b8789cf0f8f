"""Lasagne's source of random numbers."""

import numpy as np
import pytest

from skconv.compat.rng import current_state, get_rng, set_rng
from skconv.layers import DenseLayer, InputLayer


def test_the_source_is_numpys_unless_set():
    assert get_rng() is np.random
    assert current_state() is None
    source = np.random.RandomState(0)
    set_rng(source)
    assert get_rng() is current_state() is source
    set_rng(np.random)
    assert current_state() is None


def test_values_of_layers_are_drawn_from_it():
    drawn = []
    for _ in range(2):
        set_rng(np.random.RandomState(3))
        drawn.append(DenseLayer(InputLayer((None, 4)), 3).W.get_value())
    set_rng(np.random)
    np.testing.assert_array_equal(*drawn)


def test_other_sources_are_refused():
    with pytest.raises(TypeError, match=r"new_rng must be .*RandomState.* got 3"):
        set_rng(3)

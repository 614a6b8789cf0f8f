import jax
import numpy as np
import pytest
from scipy.stats import kstest

from skconv.utils.random_keys import SEEDS, drawn_key, fold_in, fold_in_range, make_key


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 2])
def test_a_seed_gives_the_key_that_jax_makes(seed):
    assert make_key(seed) == jax.random.key(seed)


def test_keys_differ_by_what_they_were_made_from():
    keys = [fold_in(make_key(seed), number) for seed in range(4) for number in range(4)]
    assert len({tuple(jax.random.key_data(key).tolist()) for key in keys}) == 16
    assert fold_in(make_key(2), 3) == keys[11]


def test_what_is_drawn_from_neighboring_keys_is_uniform():
    keys = [fold_in(make_key(0), number) for number in range(200)]
    drawn = np.ravel([jax.random.uniform(key, (20,)) for key in keys])
    assert kstest(drawn, "uniform").pvalue > 0.01


def test_keys_of_other_kinds_keep_their_kind():
    key = fold_in(jax.random.key(0, impl="rbg"), 1)
    assert jax.random.key_impl(key) == "rbg"
    assert jax.random.key_data(key).shape == (4,)


def test_a_range_of_keys_is_that_of_its_numbers():
    key = make_key(5)
    assert fold_in_range(key, 3) == [fold_in(key, number) for number in range(3)]
    assert fold_in_range(key, 0) == []


def test_keys_outside_of_nets_are_drawn_from_a_source(monkeypatch):
    keys = []
    for seed in (0, 0, 1):
        monkeypatch.setitem(SEEDS, "source", np.random.RandomState(seed))
        keys.append(drawn_key())
    assert keys[0] == keys[1] != keys[2]
    assert keys[0] == jax.random.key(np.random.RandomState(0).randint(2**31 - 1))

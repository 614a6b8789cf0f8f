import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone

from skconv import NeuralNet
from skconv.data.iterators import (
    BatchIterator,
    TrainSplit,
    as_split,
    as_test_iterator,
    as_train_iterator,
    automatic_batch_size,
    has_transform,
    split_function,
)
from skconv.preprocessing import SliceDict


class Doubling(BatchIterator):
    def transform(self, Xb, yb):
        return 2 * Xb, None if yb is None else yb + 100


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 1000))
def test_the_order_follows_from_seed_and_epoch_alone(seed, epoch):
    iterator = BatchIterator(3, shuffle=True)
    order = iterator.order(50, seed, epoch)
    assert sorted(order) == list(range(50))
    np.testing.assert_array_equal(order, clone(iterator).order(50, seed, epoch))
    assert (order != iterator.order(50, seed, epoch + 1)).any()
    assert (order != iterator.order(50, seed + 1, epoch)).any()


def test_a_seed_of_its_own_replaces_that_of_the_net():
    iterator = BatchIterator(3, shuffle=True, seed=7)
    np.testing.assert_array_equal(iterator.order(50, 1, 2), iterator.order(50, 3, 2))
    expected = BatchIterator(3, shuffle=True).order(50, 7, 2)
    np.testing.assert_array_equal(iterator.order(50, 1, 2), expected)


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize(("n", "fraction"), [(10, 0.2), (101, 0.25), (50, 0.5)])
def test_a_split_has_the_size_asked_for_and_loses_no_row(n, fraction, stratify):
    y = np.arange(n) % 2
    split = TrainSplit(fraction, stratify=stratify, random_state=0)
    ((train, valid),) = split.split(np.zeros((n, 1)), y)
    assert len(valid) == int(np.ceil(fraction * n))
    assert sorted([*train, *valid]) == list(range(n))


@pytest.mark.parametrize("make", [np.asarray, lambda y: np.asarray(y).astype(str), list])
def test_classes_keep_their_proportions(make):
    y = np.repeat([0, 1, 2], [60, 30, 10])
    ((_, valid),) = TrainSplit(0.2, random_state=0).split(np.zeros((100, 1)), make(y))
    assert np.bincount(y[valid]).tolist() == [12, 6, 2]


@pytest.mark.parametrize(
    "y",
    [
        np.repeat([0, 1], [19, 1]),
        np.repeat(np.arange(10), 2),
        np.linspace(0, 1, 20),
        np.eye(2)[np.arange(20) % 2],
        None,
    ],
    ids=["one of a class", "too many classes", "numbers", "columns", "no targets"],
)
def test_targets_that_cannot_be_stratified_are_drawn_at_random(y):
    X = np.zeros((20, 1))
    (found,) = TrainSplit(0.2, random_state=3).split(X, y)
    (expected,) = TrainSplit(0.2, stratify=False, random_state=3).split(X, y)
    assert len(found[1]) == 4
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize(("n", "fraction", "size"), [(10, 0.2, 2), (101, 0.25, 26), (3, 0.5, 2)])
def test_without_shuffling_the_last_rows_are_held_out(n, fraction, size):
    y = np.arange(n) % 2
    for stratify in (None, False):
        split = TrainSplit(fraction, stratify=stratify, shuffle=False)
        ((train, valid),) = split.split(np.zeros((n, 1)), y)
        assert [*train, *valid] == list(range(n))
        assert len(valid) == size


def test_classes_cannot_be_kept_in_proportion_without_shuffling():
    with pytest.raises(ValueError, match=r"^stratify must be None or False if shuffle=False, got"):
        next(TrainSplit(stratify=True, shuffle=False).split(np.zeros((10, 1))))


def test_a_split_is_reproducible_by_its_seed():
    y = np.arange(60) % 3
    one, same, other = (
        next(TrainSplit(random_state=seed).split(y, y))[1].tolist() for seed in (0, 0, 1)
    )
    assert one == same != other


@pytest.mark.parametrize(
    "X", [np.zeros((10, 1)), [[0]] * 10, sparse.csr_matrix((10, 1)), sparse.csr_array((10, 1))]
)
def test_rows_of_any_kind_can_be_split(X):
    ((train, valid),) = TrainSplit(0.2).split(X)
    assert (len(train), len(valid)) == (8, 2)


def test_iterating_over_arrays_yields_transformed_batches_in_order():
    X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    batches = list(Doubling(2)(X, y))
    assert [len(Xb) for Xb, _ in batches] == [2, 2, 1]
    np.testing.assert_array_equal(np.vstack([Xb for Xb, _ in batches]), 2 * X)
    assert np.concatenate([yb for _, yb in batches]).tolist() == [100, 101, 102, 103, 104]
    assert [yb for _, yb in Doubling(2)(X)] == [None] * 3


def test_batch_sizes_become_iterators():
    train, test = as_train_iterator(32), as_test_iterator(32)
    assert (train.batch_size, train.shuffle) == (32, True)
    assert (test.batch_size, test.shuffle) == (32, False)
    given = Doubling(4)
    assert as_train_iterator(given) is as_test_iterator(given) is given
    given = Doubling(None)
    assert [as_train_iterator(given, n).batch_size for n in (100, 640)] == [8, 64]
    assert as_test_iterator(given).batch_size == 128
    assert given.batch_size is None


def test_only_an_overridden_transform_counts():
    assert has_transform(Doubling(4))
    assert not has_transform(BatchIterator(4))


def test_fractions_become_splitters():
    assert as_split(0.3).eval_size == 0.3
    assert as_split(0) is as_split(None) is as_split(TrainSplit(0.0)) is None
    given = TrainSplit(0.1)
    assert as_split(given) is given
    assert as_split(len) is len
    splits = [([0, 1], [2]), ([1, 2], [0])]
    assert list(as_split(splits).split(np.zeros((3, 1)))) == splits


def test_automatic_batch_sizes_are_near_a_tenth_and_take_few_programs():
    sizes = {n: automatic_batch_size(n) for n in range(1, 3000)}
    assert set(sizes.values()) == {8, 16, 32, 64, 128}
    assert all(0.7 < 10 * size / n < 1.42 for n, size in sizes.items() if 80 <= n <= 1280)


def test_calls_by_hand_shuffle():
    X, y = np.arange(20), np.arange(20)
    for epoch in (0, 3):
        batches = list(BatchIterator(6, shuffle=True, seed=5)(X, y, epoch=epoch))
        expected = np.random.default_rng([5, epoch]).permutation(20)
        np.testing.assert_array_equal(np.concatenate([Xb for Xb, _ in batches]), expected)
        np.testing.assert_array_equal(np.concatenate([yb for _, yb in batches]), expected)
    one, other = (np.concatenate([Xb for Xb, _ in BatchIterator(6, shuffle=True)(X)]) for _ in "ab")
    assert sorted(one) == sorted(other) == list(range(20))
    assert (one != other).any()
    assert X.tolist() == list(range(20))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]}), [[3, 6], [1, 4]]),
        (pd.Series(["x", "y", "z"]), ["z", "x"]),
        (sparse.csr_matrix(np.diag([1, 2, 3])), [[0, 0, 3], [1, 0, 0]]),
        (sparse.coo_array(np.diag([1, 2, 3])), [[0, 0, 3], [1, 0, 0]]),
        ([[1], [2], [3]], [[3], [1]]),
    ],
    ids=["DataFrame", "Series", "CSR", "COO", "list"],
)
def test_calls_by_hand_take_what_fit_takes(values, expected):
    class Listed(BatchIterator):
        def order(self, n, seed, epoch):
            return np.array([2, 0, 1])

    plain = next(iter(Listed(2)(values)))[0]
    assert type(plain) is np.ndarray
    assert plain.tolist() == expected
    for X in ({"a": values, "b": np.arange(3)}, SliceDict(a=values, b=np.arange(3))):
        Xb, yb = next(iter(Listed(2)(X, ([1, 2, 3], values))))
        assert type(Xb) is dict
        assert (Xb["a"].tolist(), Xb["b"].tolist()) == (expected, [2, 0])
        assert (yb[0].tolist(), yb[1].tolist()) == ([3, 1], expected)
    _, yb = next(iter(Listed(2)(np.arange(3), {"u": values})))
    assert yb["u"].tolist() == expected


@pytest.mark.parametrize("part", [BatchIterator(2), TrainSplit(0.2)], ids=repr)
def test_calls_by_hand_demand_equal_lengths(part):
    with pytest.raises(ValueError, match=r"^y must have 5 rows, as many as X, got 4$"):
        part(np.zeros((5, 1)), np.arange(4))
    with pytest.raises(ValueError, match=r"^X must have arrays of one length, got \[2, 5\]$"):
        part({"a": np.zeros(5), "b": np.zeros(2)}, np.arange(5))


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, lambda y: pd.DataFrame({"y": y})])
def test_an_order_may_choose_rows_by_their_targets(kind):
    class OfTheLastClass(BatchIterator):
        def order(self, n, seed, epoch, y):
            return np.resize(np.flatnonzero(y == y.max()), n)

    batches = list(OfTheLastClass(4)(np.arange(6), kind([0, 1, 2, 0, 1, 2])))
    assert [Xb.tolist() for Xb, _ in batches] == [[2, 5, 2, 5], [2, 5]]


class Flipping(BatchIterator):
    """Takes arguments as code for nolearn does."""

    def __init__(self, flips, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._flips = flips
        self.seen = []


@pytest.mark.parametrize(
    "part", [BatchIterator(3), TrainSplit(0.3), Flipping([(0, 1)], 3, seed=7)], ids=repr
)
def test_clones_keep_all_attributes(part):
    part.flip_indices = pairs = [(0, 2)]
    part.also = pairs
    part.opened = open(__file__, "rb")  # noqa: SIM115
    copied = clone(part)
    part.opened.close()
    assert vars(copied) == vars(part)
    assert copied.flip_indices is copied.also is not pairs
    assert copied.get_params() == part.get_params()
    assert clone(copied).set_params(**part.get_params()).get_params() == part.get_params()


def test_parameters_that_are_passed_on_are_parameters():
    expected = {"batch_size": 3, "shuffle": False, "seed": None, "block": None}
    assert Flipping([], 3).get_params() == expected
    assert Flipping([], 3).set_params(batch_size=5).batch_size == 5


@pytest.mark.parametrize("X", [np.arange(10)[:, None], sparse.csr_array(np.eye(10))])
def test_a_split_called_as_a_function_returns_its_rows(X):
    y = np.repeat(["a", "b"], 5)
    split = TrainSplit(0.2, random_state=1)
    X_train, X_valid, y_train, y_valid = split(X, y)
    ((train, valid),) = split.split(np.zeros((10, 1)), y)
    dense = X.toarray() if sparse.issparse(X) else X
    for found, expected in ((X_train, dense[train]), (X_valid, dense[valid])):
        np.testing.assert_array_equal(found, expected)
    assert (y_train.tolist(), y_valid.tolist()) == (y[train].tolist(), y[valid].tolist())


def test_a_split_called_with_a_net_leaves_its_generator_as_it_is():
    generator = np.random.RandomState(5)
    net = NeuralNet(random_state=generator)
    X, y = np.arange(20.0).reshape(10, 2), np.repeat([0, 1], 5)
    found = [TrainSplit(0.2)(X, y, net)[1].tolist() for _ in range(2)]
    assert found[0] == found[1]
    assert generator.randint(2**31) == np.random.RandomState(5).randint(2**31)


def test_a_split_of_size_zero_called_as_a_function_keeps_all_rows_for_training():
    X_train, X_valid, y_train, y_valid = TrainSplit(0.0)(np.eye(4), np.arange(4))
    assert (X_train.shape, X_valid.shape) == ((4, 4), (0, 4))
    assert (y_train.tolist(), y_valid.tolist()) == ([0, 1, 2, 3], [])


def test_splits_with_a_call_of_their_own_are_functions():
    class Halves(TrainSplit):
        def __call__(self, X, y, net):
            return X[::2], X[1::2], y[::2], y[1::2]

    halves = Halves(0)
    assert split_function(halves) is halves
    assert as_split(halves) is halves
    assert split_function(TrainSplit(0.2)) is None


def test_a_transform_set_on_an_iterator_counts():
    iterator = BatchIterator(2)
    iterator.transform = lambda Xb, yb: (2 * Xb, yb)
    assert has_transform(iterator)
    assert has_transform(clone(iterator))
    assert next(iter(iterator(np.arange(2))))[0].tolist() == [0, 2]


def test_batches_can_be_iterated_again():
    batches = BatchIterator(4, shuffle=True)(np.arange(10), np.arange(10))
    first, second = [y.tolist() for _, y in batches], [y.tolist() for _, y in batches]
    assert first == second
    assert sorted(np.concatenate(first)) == list(range(10))
    assert batches.n_samples == 10


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_third_argument_is_not_shuffle(shuffle):
    message = f"random_state must be an integer or None, got {shuffle}; write shuffle={shuffle},"
    with pytest.raises(ValueError, match=f"^{message}"):
        TrainSplit(0.2, False, shuffle)(np.zeros((10, 1)), np.zeros(10))


@pytest.mark.parametrize("seed", [None, 0])
def test_orders_are_drawn_for_each_pair_of_seed_and_epoch(seed):
    iterator, drawn = BatchIterator(8, shuffle=True, seed=seed), {}
    for of_net, epoch in np.ndindex(6, 6):
        order = iterator.order(60, of_net, epoch)
        own = of_net if seed is None else seed
        expected = np.random.default_rng([own, epoch]).permutation(60)
        np.testing.assert_array_equal(order, expected)
        drawn[own, epoch] = order.tobytes()
    assert len(set(drawn.values())) == len(drawn) == (36 if seed is None else 6)


@pytest.mark.parametrize("seed", [0, 5])
def test_a_seed_of_zero_counts_in_calls_by_hand(seed):
    X = np.arange(30)
    for _ in range(2):
        batches = [Xb for Xb, _ in BatchIterator(8, shuffle=True, seed=seed)(X, epoch=2)]
        expected = np.random.default_rng([seed, 2]).permutation(30)
        np.testing.assert_array_equal(np.concatenate(batches), expected)

    class Rolling(BatchIterator):
        def order(self, n, seed, epoch):
            return np.roll(np.arange(n), seed)

    (only, _), *_ = Rolling(30, shuffle=True, seed=seed)(X)
    np.testing.assert_array_equal(only, np.roll(X, seed))


@pytest.mark.parametrize(
    ("y", "fraction", "counts"),
    [
        (np.repeat(np.arange(4), 5), 0.2, [1, 1, 1, 1]),
        (np.repeat(np.arange(4), 2), 0.5, [1, 1, 1, 1]),
        (np.repeat(np.arange(4), 5), 0.8, [4, 4, 4, 4]),
        (np.repeat([0, 1], [38, 2]), 0.5, [19, 1]),
    ],
    ids=["one of each held out", "two of each class", "one of each trained on", "a class of two"],
)
def test_classes_are_stratified_down_to_one_row_each(y, fraction, counts):
    """By chance, some of these splits would not have these counts."""
    for seed in range(5):
        ((train, valid),) = TrainSplit(fraction, random_state=seed).split(np.zeros((len(y), 1)), y)
        assert np.bincount(y[valid]).tolist() == counts
        assert len(set(y[train])) == len(counts)

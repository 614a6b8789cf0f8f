"""nolearn's iterators and splits."""

import numpy as np
import pytest
from sklearn.base import clone

from skconv.compat.iterators import BatchIterator, TrainSplit, as_split


def valid_rows(split, y):
    ((train, valid),) = split.split(np.zeros((len(y), 1)), y)
    assert sorted([*train, *valid]) == list(range(len(y)))
    return valid.tolist()


@pytest.mark.parametrize(
    ("split", "y", "expected"),
    [
        (TrainSplit(0.25), np.tile([0, 1], 4), [0, 1]),
        (TrainSplit(0.25), np.array([1, 1, 1, 0, 0, 0, 0, 0]), [0, 3, 4]),
        (TrainSplit(0.25, stratify=False), np.tile([0, 1], 4), [0, 1]),
        (TrainSplit(0.25, stratify=False), np.arange(9), [0, 1, 2]),
        (TrainSplit(0.25), np.linspace(0, 1, 9), [0, 1, 2]),
        (TrainSplit(0.4), np.zeros((5, 2)), [0, 1, 2]),
    ],
)
def test_the_first_fold_validates(split, y, expected):
    """The first fold of scikit-learn 0.16 has one row of the remainder of each class."""
    assert valid_rows(split, y) == expected


def test_shuffling_is_that_of_the_seed():
    """RandomState(42) brings 0 to 9 into the order 8 1 5 0 7 2 9 4 3 6."""
    split = TrainSplit(0.2, stratify=False, shuffle=True)
    assert valid_rows(split, np.zeros(10)) == [8, 1]
    assert valid_rows(clone(split), np.zeros(10)) == [8, 1]
    assert valid_rows(TrainSplit(0.2, shuffle=True, seed=1), np.zeros(10)) != [8, 1]


@pytest.mark.parametrize("eval_size", [0.7, 0.01])
def test_folds_must_fit(eval_size):
    with pytest.raises(ValueError, match=f"got {eval_size} for 10 rows, which makes"):
        valid_rows(TrainSplit(eval_size), np.arange(10))


def test_called_by_hand():
    X = np.arange(10.0)[:, None]
    X_train, X_valid, y_train, y_valid = TrainSplit(0.5)(X, np.tile([0, 1], 5), None)
    assert y_valid.tolist() == [0, 1, 0, 1, 0, 1]
    assert X_train.ravel().tolist() == [6.0, 7.0, 8.0, 9.0]
    assert len(X_valid) == 6
    assert len(y_train) == 4


def test_fractions_stand_for_splits():
    assert isinstance(as_split(0.3), TrainSplit)
    assert as_split(None) is None
    split = TrainSplit(0.1)
    assert as_split(split) is split


def test_iterators_have_nolearns_seed():
    orders = [BatchIterator(4, shuffle=True).order(8, seed, 0).tolist() for seed in (1, 2)]
    assert orders[0] == orders[1]
    assert BatchIterator(4).order(3, 0, 5).tolist() == [0, 1, 2]
    assert BatchIterator(4, True, 3).get_params() == {"batch_size": 4, "shuffle": True, "seed": 3}

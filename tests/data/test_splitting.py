import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from skconv.data.inputs import RowSubset
from skconv.data.iterators import ListedSplits, TrainSplit
from skconv.data.splitting import check_groups, first_split, splits_by_groups, strata

X, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
GROUPS = np.repeat(["a", "b", "c", "d"], 5)

GROUPED = [
    GroupKFold(4),
    GroupShuffleSplit(1, test_size=0.25, random_state=0),
    StratifiedGroupKFold(4),
    LeaveOneGroupOut(),
    LeavePGroupsOut(2),
]


def raises(message):
    return pytest.raises(ValueError, match=re.escape(message))


@pytest.mark.parametrize("splitter", GROUPED)
def test_groups_stay_together(splitter):
    assert splits_by_groups(splitter)
    check_groups(GROUPS, splitter, 20)
    train, valid = first_split(splitter, X, y, GROUPS)
    assert not set(GROUPS[train]) & set(GROUPS[valid])
    assert len(train) + len(valid) == 20
    expected = next(iter(splitter.split(X, y, GROUPS)))
    np.testing.assert_array_equal(valid, expected[1])


@pytest.mark.parametrize("splitter", [None, max, KFold(2), TrainSplit(), GroupKFold, "text"])
def test_other_values_do_not_split_by_groups(splitter):
    assert not splits_by_groups(splitter)
    check_groups(None, splitter, 20)


@pytest.mark.parametrize("splitter", GROUPED)
def test_missing_groups_are_named(splitter):
    message = (
        f"groups must be passed to fit, because train_split={splitter!r} splits by them; in a "
        "search or pipeline enable scikit-learn's metadata routing and call "
        "set_fit_request(groups=True) on the net"
    )
    with raises(message):
        check_groups(None, splitter, 20)


@pytest.mark.parametrize(
    ("groups", "shape"), [(GROUPS[:-1], "(19,)"), (GROUPS[:, None], "(20, 1)"), ("a", "()")]
)
def test_groups_need_an_entry_for_each_row(groups, shape):
    with raises(f"groups must have shape (20,), one entry for each row, got {shape}"):
        check_groups(groups, GroupKFold(2), 20)


@pytest.mark.parametrize("splitter", [None, max])
def test_groups_without_a_splitter_warn(splitter):
    with pytest.warns(UserWarning, match=r"groups is ignored.*train_split=GroupShuffleSplit"):
        check_groups(GROUPS, splitter, 20)


@pytest.mark.parametrize("splitter", [TrainSplit(0.25, random_state=0), KFold(4)])
def test_splitters_that_ignore_groups_warn(splitter):
    check_groups(None, splitter, 20)
    assert not splits_by_groups(splitter)
    with pytest.warns(
        UserWarning, match=f"groups parameter is ignored by {type(splitter).__name__}"
    ):
        _, valid = first_split(splitter, X, y, GROUPS)
    assert len(valid) == 5


class ByValue:
    """Reads X, as splitters of coordinates or dates do."""

    def split(self, X, y=None):
        values = X["a"] if hasattr(X, "columns") else X[:, [0]]
        values = values.toarray() if sparse.issparse(values) else np.asarray(values)
        yield np.flatnonzero(values.ravel() < 30), np.flatnonzero(values.ravel() >= 30)


@pytest.mark.parametrize(
    ("splitter", "valid"),
    [
        (KFold(4), range(5)),
        (StratifiedKFold(4), [0, 1, 2, 3, 4]),
        (PredefinedSplit(np.where(np.arange(20) < 17, -1, 0)), [17, 18, 19]),
        (TrainSplit(0.2, shuffle=False), range(16, 20)),
        (ListedSplits([(range(15), range(15, 20)), ([0], [0])]), range(15, 20)),
        (ListedSplits([(np.arange(20) < 10, np.arange(20) >= 10)]), range(10, 20)),
        (ListedSplits([([*range(15), 0, 0], range(15, 20))]), range(15, 20)),
        (ByValue(), range(15, 20)),
    ],
)
def test_the_first_split_is_used(splitter, valid):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train, found = first_split(splitter, X, y)
    np.testing.assert_array_equal(found, valid)
    assert sorted({*train, *found}) == list(range(20))


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, sparse.coo_array, pd.DataFrame])
def test_a_splitter_sees_the_rows_of_a_subset(make):
    given = make(X) if make is not pd.DataFrame else pd.DataFrame(X, columns=["a", "b"])
    index = np.array([19, 3, 16, 2])
    train, valid = first_split(ByValue(), RowSubset(given, index), y[index])
    assert (train.tolist(), valid.tolist()) == ([1, 3], [0, 2])


def test_a_splitter_sees_all_inputs():
    class ByTable(ByValue):
        def split(self, X, y):
            return super().split(X["table"], y)

    given, index = {"table": X, "other": X[:, :1]}, np.array([19, 3, 16, 2])
    train, valid = first_split(ByTable(), RowSubset(given, index), y[index])
    assert (train.tolist(), valid.tolist()) == ([1, 3], [0, 2])
    subset = {name: array[index] for name, array in given.items()}
    assert first_split(ByTable(), subset, y[index])[0].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("splitter", "message"),
    [
        (
            TimeSeriesSplit(4),
            "train_split=TimeSeriesSplit(gap=0, max_train_size=None, n_splits=4, test_size=None) "
            "leaves 12 of 20 rows out: its first split trains on 4 and validates on 4; "
            "TrainSplit(0.2, shuffle=False) validates on the last fifth",
        ),
        (ShuffleSplit(1, train_size=0.1, test_size=0.1), "leaves 16 of 20 rows out: its first"),
        (ListedSplits([(range(5), [7])]), "train_split=[(train, valid), ...] leaves 14 of 20"),
    ],
)
def test_rows_in_neither_part_warn(splitter, message):
    with pytest.warns(UserWarning, match=re.escape(message)):
        first_split(splitter, X, y)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ([], "train_split must yield pairs of arrays of row indices, got None from"),
        ([range(3)], "train_split must yield pairs of arrays of row indices, got range(0, 3)"),
        ([([0, 1], [])], "train_split must leave rows for validation, got 0 of 20"),
        ([(np.zeros(20, bool), [1])], "train_split must leave rows for training, got 0 of 20"),
        (
            [([0, 1, 2], [2, 1])],
            "train_split must give each row to training or to validation, got 2 of 20 rows in "
            "both, such as row 1",
        ),
        (
            [([0, 1], [20, 2])],
            "train_split must give indices of rows from 0 to 19, got 20 among the validation rows",
        ),
        ([([-1], [2])], "from 0 to 19, got -1 among the training rows"),
        (
            [([0.5], [2])],
            "train_split must give the training rows as an array of indices, or as a mask of 20 "
            "booleans, got [0.5]",
        ),
        ([([[1], [2, 3]], [2])], "or as a mask of 20 booleans, got [[1], [2, 3]]"),
        ([(np.arange(9.0), [2])], "booleans, got an array of float64 of shape (9,)"),
        ([(None, [2])], "booleans, got None"),
        ([([0], [[2, 3]])], "train_split must give the validation rows as an array of indices"),
        (
            [([0], np.ones(3, bool))],
            "train_split must give the mask of the validation rows an entry for each of 20 rows, "
            "got shape (3,)",
        ),
        (
            [([[True]] * 20, [0])],
            "train_split must give the mask of the training rows an entry for each of 20 rows, "
            "got shape (20, 1)",
        ),
        (
            [([1] * 15 + [0] * 5, [0] * 15 + [1] * 5)],
            "train_split must give the training rows as an array of indices, or as a mask of 20 "
            "booleans, got 20 zeros and ones; write mask.astype(bool)",
        ),
        (
            [np.arange(15)],
            "train_split must yield pairs of arrays of row indices, got an array of int64 of shape "
            "(15,) from [(train, valid), ...]; yield (train, valid) instead of returning it",
        ),
    ],
)
def test_splits_that_cannot_be_meant(split, message):
    with raises(message):
        first_split(ListedSplits(split), X, y)


def test_splits_of_scikit_learn_take_the_first_fold_as_nolearn_does():
    labels = np.repeat([0, 1, 2], [10, 15, 5])[np.random.default_rng(0).permutation(30)]
    _, valid = first_split(StratifiedKFold(5), np.zeros((30, 1)), labels)
    fifths = [np.flatnonzero(labels == k)[: np.sum(labels == k) // 5] for k in range(3)]
    assert valid.tolist() == sorted(np.concatenate(fifths))
    train, valid = first_split(KFold(5), np.zeros((20, 1)), np.arange(20.0))
    assert (train.tolist(), valid.tolist()) == ([*range(4, 20)], [0, 1, 2, 3])


def test_splitters_that_stratify_refuse_targets_with_several_values():
    with raises("train_split must not look at targets with rows of shape (4, 6), got Stratified"):
        first_split(StratifiedKFold(2), np.zeros((10, 1)), np.zeros((10, 4, 6), int))
    first_split(KFold(2), np.zeros((10, 1)), np.zeros((10, 4, 6), int))


def test_a_split_of_your_own_gets_the_rows():
    seen = []

    class Own(TrainSplit):
        def split(self, X, y=None, groups=None):
            seen.append(X)
            yield np.arange(10), np.arange(10, 20)

    first_split(Own(), X, y)
    assert seen[0] is X


class Returning:
    """Splits as the function that it is given."""

    def __init__(self, split):
        self.split = split

    def __repr__(self):
        return "Returning()"


@pytest.mark.parametrize(
    ("splitter", "message"),
    [
        (KFold(30), "got KFold(n_splits=30, random_state=None, shuffle=False), which raised Value"),
        (StratifiedKFold(15), "which raised ValueError: n_splits=15 cannot be greater than the"),
        (TrainSplit(0.99), "got TrainSplit(eval_size=0.99), which raised ValueError: With n_sampl"),
        (Returning(lambda X, y: 5), "got Returning(), which raised TypeError: 'int' object is no"),
        (Returning(lambda X: iter([])), "which raised TypeError: "),
    ],
)
def test_errors_of_splitters_name_the_parameter(splitter, message):
    start = "train_split must split 20 rows into a part for training and one for validation, "
    with pytest.raises(ValueError, match=rf"^{start}.*{re.escape(message)}"):
        first_split(splitter, X, y)


def test_other_errors_of_splitters_have_a_note():
    def split(X, y):
        raise RuntimeError("no network")

    with pytest.raises(RuntimeError, match="no network") as caught:
        first_split(Returning(split), X, y)
    assert caught.value.__notes__ == ["raised by train_split=Returning()"]


@pytest.mark.parametrize("kind", [np.array, list, lambda mask: np.array(mask, object)])
def test_masks_of_any_kind_are_taken(kind):
    mask = [row < 15 for row in range(20)]
    train, valid = first_split(ListedSplits([(kind(mask), kind([not one for one in mask]))]), X, y)
    assert (train.tolist(), valid.tolist()) == ([*range(15)], [*range(15, 20)])


@pytest.mark.parametrize(("ignored", "joined"), [(1, 2), (2, 2), (3, -1), (9, -1)])
def test_ignored_targets_are_a_class_or_join_the_most_frequent(ignored, joined):
    classes = np.repeat([0, 1, 2, 3, -1], [3, 4, 6, 5, ignored])
    assert strata(classes).tolist() == np.where(classes < 0, joined, classes).tolist()
    assert strata(classes[classes < 0]).tolist() == [-1] * ignored

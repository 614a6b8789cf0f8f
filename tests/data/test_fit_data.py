import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import validate_data

from skconv.data.inputs import RowSubset
from skconv.data.iterators import TrainSplit
from skconv.data.rows import Inputs
from skconv.errors import Problems
from skconv.utils.memo import Memo

from .fits import Estimator, Unfold, X, datasets, read, y


def test_all_problems_of_the_data_are_collected():
    bad = X.copy()
    bad[3, 1] = np.nan
    data, problems = read(bad, None, sample_weight=np.ones(3))
    assert (data.rows, data.outputs, data.weights.rows) == (None, None, None)
    assert len(problems) == 2
    assert "Input X contains NaN" in problems[0]
    assert problems[1] == (
        "This Estimator estimator requires y to be passed, but the target y is None. To "
        "reconstruct X, as an autoencoder does, set regression=True."
    )
    _, problems = read(X, y[:-1], sample_weight=np.ones(3))
    assert len(problems) == 2
    assert "[10, 9]" in problems[0]


def test_x_as_its_own_target_is_not_copied():
    data, problems = read(y=None, params={"regression": True}, whole=True)
    _, train, _ = datasets(data, outputs=(None, 4))
    assert problems == []
    assert np.shares_memory(train.y, X)
    np.testing.assert_array_equal(train.y, X)


def test_folds_that_share_their_reading_have_targets_of_their_own():
    memo = Memo()
    for index in (np.array([0, 2, 4]), np.array([1, 3, 5])):
        given = {"params": {"regression": True}, "whole": True, "memo": memo}
        _, train, _ = datasets(read(RowSubset(X, index), None, **given)[0], outputs=(None, 4))
        np.testing.assert_array_equal(train.y, X[index])


def test_the_estimator_gets_the_features_of_x():
    estimator = Estimator()
    estimator.feature_names_in_ = ["old"]
    _, problems = read(estimator=estimator)
    assert (vars(estimator), problems) == ({"n_features_in_": 4}, [])


def test_fits_on_the_same_data_share_rows_targets_and_split():
    memo = Memo()
    one, other = (datasets(read(memo=memo)[0]) for _ in range(2))
    for part, same in zip(one[1:], other[1:], strict=True):
        assert (
            part.rows.arrays[None if None in part.rows.arrays else "input"]
            is (same.rows.arrays[None if None in same.rows.arrays else "input"])
        )
        assert part.index.tolist() == same.index.tolist()
    assert one[0] is other[0]
    subset, _ = read(RowSubset(X, np.array([4, 5])), y[:2], memo=memo)
    whole, _ = read(memo=memo)
    assert subset.rows.index.tolist() == [4, 5]
    assert next(iter(subset.rows.arrays.values())) is next(iter(whole.rows.arrays.values()))


def test_outputs_must_stay_the_same_while_training_continues():
    known = read()[0].outputs
    data, problems = read(known=known)
    assert (data.outputs, problems) == (known, [])
    data, problems = read(known=known, params={"outputs": ["left", "right"]})
    assert problems == [
        "outputs must stay the same while training continues, got ['left', 'right']; "
        "call fit with warm_start=False to start afresh"
    ]


def test_a_transform_decides_the_shape_of_rows_as_they_enter():
    plain, _ = read()
    assert plain.entering_shapes(Problems()) == {None: (4,)}
    transformed, _ = read(params={"batch_iterator_train": Unfold(4)})
    assert transformed.entering_shapes(Problems()) == {None: (1, 2, 2)}
    problems = Problems()
    problems.add("something else")
    assert transformed.entering_shapes(problems) == {None: (4,)}
    bad, _ = read(np.full((10, 6), np.nan))
    assert bad.entering_shapes(problems) == {None: (6,)}


def test_the_split_follows_from_the_seed_unless_train_split_has_its_own():
    def held_out(seed, split):
        return datasets(read(params={"train_split": split})[0], seed=seed)[2].index.tolist()

    assert held_out(0, 0.2) == held_out(0, 0.2)
    assert {tuple(held_out(seed, 0.2)) for seed in range(8)} != {tuple(held_out(0, 0.2))}
    fixed = TrainSplit(0.2, random_state=3)
    assert held_out(0, fixed) == held_out(1, fixed)


def test_the_validation_set_is_split_off_given_or_left_out():
    outputs, train, valid = datasets(read()[0])
    assert (len(train.rows), len(valid.rows)) == (8, 2)
    assert (train.iterator.batch_size, valid.iterator.batch_size) == (4, 3)
    assert sorted([*train.index, *valid.index]) == list(range(10))
    np.testing.assert_array_equal(train.y, (y == "b")[train.index])
    assert outputs.classes.tolist() == ["a", "b"]

    _, train, valid = datasets(read(valid=(X[:3] + 1, y[:3]))[0])
    assert (len(train.rows), len(valid.rows)) == (10, 3)
    assert valid.y.tolist() == [0, 1, 0]

    for data in (read(whole=True)[0], read(params={"train_split": None})[0]):
        _, train, valid = datasets(data)
        assert (len(train.rows), valid) == (10, None)


def test_a_single_unit_keeps_the_proportions_of_its_classes():
    data, _ = read(y=np.repeat(["a", "b"], [8, 2]), params={"train_split": 0.5})
    for units in (1, 2):
        _, train, valid = datasets(data, outputs=(None, units))
        assert train.y.sum() == valid.y.sum() == 1


def test_a_subclass_of_the_split_gets_the_seed():
    class Evens(TrainSplit):
        def split(self, X, y=None, groups=None):
            seeds.append(self.random_state)
            yield np.arange(0, len(X), 2), np.arange(1, len(X), 2)

    seeds = []
    _, _, valid = datasets(read(params={"train_split": Evens()})[0], seed=7)
    assert (seeds, valid.index.tolist()) == ([7], [1, 3, 5, 7, 9])


def test_groups_reach_the_splitter_and_are_checked_with_the_data():
    groups = np.repeat([1, 2], 5)
    params = {"train_split": GroupKFold(2)}
    _, train, valid = datasets(read(params=params, groups=groups)[0])
    assert {*groups[train.index]} | {*groups[valid.index]} == {1, 2}
    assert len(np.unique(groups[valid.index])) == 1
    _, problems = read(params=params)
    assert [message.partition(",")[0] for message in problems] == ["groups must be passed to fit"]
    _, problems = read(params=params, groups=groups[1:])
    assert problems == ["groups must have shape (10,), one entry for each row, got (9,)"]
    for given in ({"valid": (X, y)}, {"whole": True}):
        assert read(params=params, **given)[1] == []
    with pytest.warns(UserWarning, match="groups is ignored"):
        read(params=params, groups=groups, valid=(X, y))
    memo, others = Memo(), np.tile([1, 2], 5)
    for own in (groups, others, groups):
        _, _, valid = datasets(read(params=params, groups=own, memo=memo)[0])
        assert len(np.unique(own[valid.index])) == 1


def test_class_weights_multiply_sample_weights():
    weights = np.linspace(1, 2, 10)
    data, _ = read(sample_weight=weights, params={"class_weight": {"a": 3.0, "b": 1.0}})
    _, train, valid = datasets(data)
    expected = (weights * np.where(y == "a", 3, 1))[train.index]
    np.testing.assert_allclose(train.weights, expected, rtol=1e-6)
    assert train.weights.dtype == np.float32
    np.testing.assert_allclose(valid.weights, weights[valid.index], rtol=1e-6)


def test_names_of_columns_go_with_an_array():
    """As in scikit-learn's `validate_data(reset=True)`."""
    estimator, memo = Estimator(), Memo()
    table = pd.DataFrame(X, columns=list("abcd"))
    for rows, names in (
        (table, list("abcd")),
        (X, None),
        (table, list("abcd")),
        ({"only": X}, None),
    ):
        read(rows, estimator=estimator, memo=memo)
        known = Estimator()
        validate_data(known, X if isinstance(rows, dict) else rows, reset=True)
        found = getattr(estimator, "feature_names_in_", None)
        assert (None if found is None else list(found)) == names
        assert estimator.n_features_in_ == known.n_features_in_ == 4
        assert hasattr(known, "feature_names_in_") == hasattr(estimator, "feature_names_in_")


IMAGES = np.arange(40, dtype=np.float32).reshape(10, 2, 2, 1)
LABELS = np.arange(10) % 3


def described(X=IMAGES, y=LABELS, *, units=3, seed=0, scales=(), memo=None, **given):
    data, problems = read(X, y, memo=memo, **given)
    assert problems == []
    inputs = Inputs({"input": (None, 1, 2, 2)})
    found = data.datasets(Estimator(), inputs, {"output": (None, units)}, seed, dict(scales))
    parts = [
        (
            *(part.rows.all().tolist(), part.rows.reading.check, part.index.tolist()),
            *(part.y.tolist(), None if part.weights is None else part.weights.tolist()),
            part.iterator.batch_size,
        )
        for part in found[1:]
        if part
    ]
    return repr(found[0]), parts


REGRESSION = {"params": {"regression": True}, "units": 1}

DIFFERENT = {
    "y": {"y": LABELS[::-1]},
    "X": {"X": IMAGES + 1},
    "rows": {"X": RowSubset(IMAGES, np.arange(9)[::-1]), "y": LABELS[:9]},
    "other rows": {"X": RowSubset(IMAGES, np.arange(1, 10)), "y": LABELS[:9]},
    "check_input": {"params": {"check_input": False}},
    "ignore_label": {"params": {"ignore_label": 0}, "units": 2},
    "ignore_label with its unit": {"params": {"ignore_label": 0}},
    "use_label_encoder": {"params": {"use_label_encoder": True}},
    "regression": REGRESSION,
    "normalize_y": {**REGRESSION, "scales": {0: None}},
    "known scale": {**REGRESSION, "scales": {0: (np.zeros(1), np.ones(1))}},
    "classes": {"classes": [0, 1, 2, 7], "units": 4},
    "whole": {"whole": True},
    "units": {"units": 5},
    "seed": {"seed": 1},
    "train_split": {"params": {"train_split": 0.4}},
    "iterator": {"params": {"batch_iterator_train": 5}},
    "batch size": {"batch_size": 2},
    "class_weight": {"params": {"class_weight": "balanced"}},
    "sample_weight": {"sample_weight": np.linspace(1, 2, 10)},
    "validation set": {"valid": (IMAGES[:2], LABELS[:2])},
}


def test_fits_share_nothing_in_which_they_differ():
    memo, seen = Memo(), []
    for given in [{}, *DIFFERENT.values(), {}]:
        found = described(memo=memo, **given)
        assert found == described(**given)
        assert found not in seen or not given
        seen.append(found)


def test_images_with_channels_last_are_read_apart():
    images, memo = np.arange(80.0).reshape(10, 2, 2, 2), Memo()
    for data_format in ("channels_first", "channels_last", "channels_first"):
        data, _ = read(images, LABELS, memo=memo, params={"data_format": data_format})
        expected = images if data_format == "channels_first" else np.moveaxis(images, -1, 1)
        np.testing.assert_array_equal(data.rows.all(), expected)


def test_targets_of_a_given_validation_set_have_weights_if_those_of_training_have():
    numbers, weights = X[:, :2], np.linspace(1, 2, 20).reshape(10, 2)
    valid = {"valid": (X[:3], numbers[:3])}
    params = {"regression": True}
    data, _ = read(y=numbers, sample_weight=weights, params=params, **valid)
    _, train, valid = datasets(data)
    np.testing.assert_allclose(train.target_weights[0], weights, rtol=1e-6)
    assert valid.target_weights[0].tolist() == [[1, 1]] * 3


@pytest.mark.parametrize("shape", [(10,), (10, 1), (10, 2)])
def test_a_splitter_sees_one_axis_if_rows_have_one_number(shape):
    class Looking(TrainSplit):
        def split(self, X, y=None, groups=None):
            seen.append(y)
            return super().split(X, y, groups)

    seen, numbers = [], np.arange(np.prod(shape), dtype=float).reshape(shape)
    data, _ = read(y=numbers, params={"regression": True, "train_split": Looking()})
    datasets(data, outputs=(None, *shape[1:]) if shape[1:] else (None, 1))
    np.testing.assert_array_equal(seen[0], numbers if shape == (10, 2) else numbers.ravel())

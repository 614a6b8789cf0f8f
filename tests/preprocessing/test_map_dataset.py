import re
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from skconv.preprocessing import SliceDict, read_dataset
from skconv.preprocessing.dataset_parts import read_features, split_dataset
from skconv.preprocessing.map_dataset import is_map_dataset

rng = np.random.default_rng(0)
X = rng.normal(size=(6, 2, 3)).astype(np.float32)
y = np.array([0, 1, 2, 0, 1, 2])


class Tensor:
    """A tensor as torch has them."""

    def __init__(self, values):
        self.values = np.asarray(values)
        self.shape, self.ndim = self.values.shape, self.values.ndim

    def __array__(self, dtype=None, copy=None):
        return self.values

    def __getitem__(self, index):
        return Tensor(self.values[index])

    def __len__(self):
        return len(self.values)

    def detach(self):
        return self


class Dataset:
    """A map-style dataset as torch and grain have them."""

    def __init__(self, *rows, length=None):
        self.rows, self.length, self.asked = rows, length, []

    def __len__(self):
        return len(self.rows) if self.length is None else self.length

    def __getitem__(self, index):
        self.asked.append(index)
        return self.rows[index]


class Endless:
    """A dataset of torch without a length."""

    def __getitem__(self, index):
        if index >= len(X):
            raise IndexError
        return X[index], y[index]


class Columns(Dataset):
    """A dataset of Hugging Face, which has a shape."""

    @property
    def shape(self):
        return len(self), len(self.rows[0])


class Iterable:
    """An iterable dataset of torch, which inherits the method that it lacks."""

    def __getitem__(self, index):
        raise NotImplementedError

    def __iter__(self):
        return iter(X)


def pairs(xs=X, ys=y):
    return Dataset(*zip(xs, ys, strict=True))


def columns():
    rows = [{"image": a, "size": float(b), "kind": str(b)} for a, b in zip(X, y, strict=True)]
    return Columns(*rows)


@pytest.mark.parametrize("dataset", [pairs(), columns(), Endless()], ids=lambda d: type(d).__name__)
def test_datasets_have_rows_to_ask_for(dataset):
    assert is_map_dataset(dataset)


@pytest.mark.parametrize(
    "other",
    [
        X,
        X.tolist(),
        Tensor(X),
        {"a": X},
        SliceDict(a=X),
        sparse.eye(3),
        range(3),
        memoryview(b"abc"),
        "text",
        None,
        3,
        (x for x in X),
        Iterable(),
        Dataset,
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_objects_are_no_datasets(other):
    assert not is_map_dataset(other)


@pytest.mark.parametrize(
    "dataset",
    [
        pairs(),
        Endless(),
        pairs(map(Tensor, X), map(Tensor, y)),
        pairs(X.tolist(), y.tolist()),
        pairs(X.astype(np.float64), y.astype(np.uint8)),
    ],
    ids=["arrays", "no length", "tensors", "lists", "other dtypes"],
)
def test_pairs_become_x_and_y(dataset):
    found = read_dataset(dataset)
    assert_array_equal(found[0], X)
    assert_array_equal(found[1], y)


def test_each_row_is_asked_for_once_in_order():
    dataset = pairs()
    read_dataset(dataset)
    assert dataset.asked == list(range(6))


def test_numbers_keep_a_dtype_that_holds_them():
    images = Dataset(*X.astype(np.uint8))
    assert read_dataset(images)[0].dtype == np.uint8
    found, _ = read_dataset(Dataset(np.array([1, 2]), np.array([0.5, 1.0])))
    assert_array_equal(found, [[1, 2], [0.5, 1]])
    _, text = read_dataset(pairs(X[:2], ["a", "long"]))
    assert text.tolist() == ["a", "long"]


def test_rows_without_targets_have_none():
    for dataset in (Dataset(*X), Dataset(*((x,) for x in X)), Dataset(*({"x": x} for x in X))):
        found, target = read_dataset(dataset)
        assert_array_equal(found, X)
        assert target is None


def test_inputs_and_targets_may_be_several():
    rows = [({"a": x, "b": 1.0}, (label, "text")) for x, label in zip(X, y, strict=True)]
    found, targets = read_dataset(Dataset(*rows))
    assert_array_equal(found["a"], X)
    assert_array_equal(found["b"], np.ones(6))
    assert_array_equal(targets[0], y)
    assert targets[1].tolist() == ["text"] * 6


def test_a_column_is_the_target():
    found, kinds = read_dataset(columns(), "kind")
    assert list(found) == ["image", "size"]
    assert kinds.tolist() == y.astype(str).tolist()
    single, _ = read_dataset(Dataset(*({"x": x, "y": 1} for x in X)), "y")
    assert_array_equal(single, X)


def test_features_are_those_of_the_input_layers():
    assert list(read_features(columns(), ["size", "image"])) == ["size", "image"]
    assert_array_equal(read_features(pairs(), ["input"]), X)
    with pytest.raises(ValueError, match=r"for each input layer \('input'\).*'image', 'size'"):
        read_features(columns(), ["input"])


@pytest.mark.parametrize(
    ("given", "target", "expected"),
    [
        ((X, y), None, (X, y)),
        ((pairs(),), None, (X, y)),
        ((Dataset(*X), y), None, (X, y)),
        ((X, Dataset(*y)), None, (X, y)),
        ((X, Tensor(y)), None, (X, y)),
        ((Dataset(*X),), None, (X, None)),
    ],
)
def test_datasets_stand_for_x_and_y(given, target, expected):
    for found, wanted in zip(split_dataset(*given), expected, strict=True):
        assert_array_equal(found, wanted)


def test_an_error_in_a_row_names_it():
    class Broken(Dataset):
        def __getitem__(self, index):
            raise OSError("no such file")

    with pytest.raises(OSError, match="no such file") as caught:
        read_dataset(Broken(X[0]))
    assert caught.value.__notes__ == ["in X[0]"]


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: read_dataset(X), "dataset must have __getitem__ and __len__, got ndarray"),
        (lambda: read_dataset(Dataset()), "X must have at least one row, got an empty Dataset"),
        (lambda: read_dataset(Dataset(X[0], X[1, :1])), "got (2, 3) in row 0 and (1, 3) in row 1"),
        (lambda: read_dataset(Dataset(X[0], None)), "X must have a value in each row, got None in"),
        (lambda: read_dataset(Dataset((1, 2, 3))), "got a tuple of 3 in X[0]"),
        (lambda: read_dataset(Dataset(X[0], (X[0], 1))), "but X[1] differs from X[0]"),
        (
            lambda: read_dataset(Dataset({"a": 1}, {"b": 1})),
            "rows of X must have one form, got a in X[0] and b in X[1]",
        ),
        (lambda: read_dataset(Dataset(X[0], length=2)), "says, 2, but X[1] raises IndexError"),
        (lambda: read_dataset(Dataset(X[0], length=sys.maxsize)), "X must be finite"),
        (lambda: split_dataset(pairs(), y), "y must be None for a dataset of pairs"),
        (lambda: split_dataset(pairs(), "kind"), "without columns, got 'kind'"),
        (lambda: split_dataset(columns()), "one of 'image', 'size', 'kind', or an array"),
        (
            lambda: split_dataset(columns(), "kinds"),
            "name of a column of X, got 'kinds'. Did you mean 'kind'?",
        ),
        (lambda: split_dataset(Dataset({"a": 1}), "a"), "X must have a column besides the targets"),
    ],
)
def test_what_a_dataset_lacks_is_named(read, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read()

import numpy as np
import pytest

from .fits import X, datasets, read, y

CODES = np.arange(10) % 2


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((X, X), r"^train_split must return \(X_train, X_valid, y_train, y_valid\), got 2 values"),
        (None, "^train_split must return .*, got <class 'NoneType'> from <function"),
        (
            (X, X[:0], np.zeros(10), np.zeros(0)),
            "rows in X_valid, and as many .*, got 0 rows and 0",
        ),
        ((X, X[:2], np.zeros(9), np.zeros(2)), "in X_train, and as many .*, got 10 rows and 9"),
        ((X, None, np.zeros(10), None), "in X_valid, and as many .*, got 0 rows and 0 targets"),
        ((1, 2, 3, 4), "in X_train, and as many .*, got 0 rows and 0 targets"),
        (
            (X, X[:2] * np.nan, CODES, CODES[:2]),
            "^train_split must return rows of X in X_valid: .* must hold finite numbers .* nan",
        ),
        (
            (X, X[:2], CODES + 5, CODES[:2]),
            "^train_split must return some of the encoded classes, from 0 to 1, in y_train, got.*5",
        ),
        ((X, X[:2], CODES, CODES[:2] + 0.5), "classes, from 0 to 1, in y_valid, got .*0.5"),
        ((X, X[:2], CODES, y[:2]), "classes, from 0 to 1, in y_valid, got .*'a'"),
        (
            (X, X[:2], np.eye(2)[CODES], CODES[:2]),
            r"^train_split must return targets with rows of shape \(\) in y_train, got \(2,\)",
        ),
    ],
)
def test_a_function_must_return_four_parts(parts, message):
    data, _ = read(params={"train_split": lambda X, y, net: parts})
    with pytest.raises(ValueError, match=message):
        datasets(data)


def test_a_function_splits_rows_in_the_shapes_of_the_network():
    def split(X, y, net):
        assert X.shape == (10, 1, 2, 2)
        return X[:6], X[6:], y[:6], y[6:]

    data, _ = read(params={"train_split": split})
    _, train, valid = datasets(data, inputs=(None, 1, 2, 2))
    assert (len(train.rows), len(valid.rows), valid.iterator.batch_size) == (6, 4, 3)
    data, _ = read(sample_weight=np.ones(10), params={"train_split": split})
    message = (
        r"^train_split must be a splitter if sample_weight is given, got a function, which cannot "
        r"split the weights$"
    )
    with pytest.raises(ValueError, match=message):
        datasets(data)


def test_errors_of_a_function_have_a_note():
    def split(X, y, net):
        raise KeyError("patient")

    data, _ = read(params={"train_split": split})
    with pytest.raises(KeyError, match="patient") as caught:
        datasets(data)
    assert caught.value.__notes__ == [f"raised by train_split={split!r}"]


def test_classes_may_come_back_as_floats():
    def split(X, y, net):
        return X[:6], X[6:], y[:6] * 1.0, y[6:] * 1.0

    _, train, valid = datasets(read(params={"train_split": split})[0])
    assert (train.y.dtype, valid.y.dtype) == (np.int32, np.int32)
    assert [*train.y, *valid.y] == CODES.tolist()

import numpy as np
import pytest

from .fits import X, datasets, read


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

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import PredefinedSplit, ShuffleSplit

from skconv import TrainSplit, compile_counts

from ..iris_nets import assert_same_weights, small, weights_of


def test_fit_starts_afresh(iris):
    net = small().fit(*iris)
    first = weights_of(net)
    net.fit(*iris)
    for a, b in zip(first, weights_of(net), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [row["epoch"] for row in net.train_history_] == list(range(1, 31))


def test_warm_start_goes_on(iris):
    long = small(max_epochs=6).fit(*iris)
    short = small(max_epochs=3, warm_start=True).fit(*iris).fit(*iris)
    assert_same_weights(long, short)
    assert [row["epoch"] for row in short.train_history_] == [1, 2, 3, 4, 5, 6]


def test_warm_start_with_other_layers_says_so(iris):
    net = small(max_epochs=1, warm_start=True).fit(*iris).set_params(hidden_num_units=3)
    with pytest.raises(
        ValueError, match="the parameters must keep their shapes while training continues"
    ):
        net.fit(*iris)


def test_partial_fit_trains_on_all_rows(iris):
    X, y = iris
    net = small(train_split=None)
    for _ in range(5):
        net.partial_fit(X, y)
    assert_same_weights(net, small(train_split=None, max_epochs=5).fit(X, y))


def test_partial_fit_knows_classes_that_come_later(iris):
    X, y = iris
    net = small().partial_fit(X[y == 0], y[y == 0], classes=[0, 1, 2])
    net.partial_fit(X, y)
    assert net.classes_.tolist() == [0, 1, 2]
    with pytest.raises(
        ValueError,
        match=r"y contains previously unseen labels: \[3\]; known labels: \[0, 1, 2\]",
    ):
        net.partial_fit(X, y + 1)


def test_epochs_of_one_fit(iris):
    assert len(small().fit(*iris, epochs=2).train_history_) == 2
    net = small().fit(*iris, epochs=0)
    assert net.train_history_ == []
    assert net.predict(iris[0]).shape == (150,)


def test_rows_for_validation(iris):
    X, y = iris
    net = small(max_epochs=3).fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    expected = net.score(X[100:], y[100:])
    assert net.train_history_[-1]["valid_accuracy"] == pytest.approx(expected, abs=1e-6)
    whole = small(max_epochs=3, train_split=None).fit(X[:100], y[:100])
    assert_same_weights(net, whole)
    assert np.isnan(whole.train_history_[-1]["valid_loss"])


def test_rows_for_validation_need_their_targets(iris):
    with pytest.raises(
        ValueError, match="y_val is missing; X_val and y_val must be given together"
    ):
        small().fit(*iris, X_val=iris[0])


@pytest.mark.parametrize("eval_size", [0.2, 0.4])
def test_sizes_of_the_split(iris, eval_size):
    seen = []
    scores = [("n", lambda y_true, y_output: seen.append(len(y_true)) or 0.0)]
    small(train_split=TrainSplit(eval_size), custom_scores=scores, max_epochs=1).fit(*iris)
    assert seen == [eval_size * 150]


def test_splitters_of_scikit_learn(iris):
    X, y = iris
    fold = np.where(np.arange(150) < 120, -1, 0)
    net = small(max_epochs=2, train_split=PredefinedSplit(fold)).fit(X, y)
    held = small(max_epochs=2).fit(X[:120], y[:120], X_val=X[120:], y_val=y[120:])
    assert_same_weights(net, held)
    small(max_epochs=1, train_split=ShuffleSplit(1, random_state=0)).fit(X, y)


def test_function_that_splits_as_in_nolearn(iris):
    def halves(X, y, net):
        return X[:75], X[75:], y[:75], y[75:]

    X, y = iris
    net = small(max_epochs=2, train_split=halves).fit(X, y)
    held = small(max_epochs=2).fit(X[:75], y[:75], X_val=X[75:], y_val=y[75:])
    assert_same_weights(net, held)
    with pytest.raises(
        ValueError,
        match="train_split must be a splitter if sample_weight is given, got a function",
    ):
        net.fit(X, y, sample_weight=np.ones(150))


def test_rows_of_weight_zero_teach_nothing(iris):
    X, y = iris
    net = small(train_split=None).fit(X, y, sample_weight=(y != 2).astype(float))
    assert 2 not in net.predict(X)


def test_class_weight_moves_the_border(iris):
    X, y = iris
    counts = [
        (small(class_weight=weight).fit(X, y).predict(X) == 1).sum()
        for weight in ({1: 0.01}, None, {1: 100.0})
    ]
    assert counts[0] < counts[1] < counts[2]


def test_balanced_class_weight_equals_the_weights_it_stands_for(iris):
    X, y = iris
    keep = np.r_[np.flatnonzero(y == 0)[:10], np.flatnonzero(y > 0)]
    X, y = X[keep], y[keep]
    weight = {k: len(y) / (3 * (y == k).sum()) for k in range(3)}
    net = small(class_weight="balanced", train_split=None).fit(X, y)
    assert_same_weights(net, small(class_weight=weight, train_split=None).fit(X, y))


def test_other_numbers_compile_nothing(iris):
    X, y = iris
    net = small().fit(X, y)
    net.predict(X)
    before = compile_counts()
    clone(net).set_params(update_learning_rate=0.01, max_epochs=2).fit(X[:90], y[:90]).predict(X)
    assert compile_counts() == before

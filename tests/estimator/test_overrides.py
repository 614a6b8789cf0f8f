import re

import numpy as np
import pytest

from skconv import BatchIterator, NeuralNet, TrainSplit
from skconv.errors import Problems
from skconv.estimator.overrides import NET, check_overrides
from skconv.layers import DenseLayer, InputLayer

X = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
y = np.arange(8) % 2


def a_net(**params):
    layers = [("input", InputLayer), ("output", DenseLayer)]
    return NeuralNet(layers, random_state=0, **({"train_split": None, "max_epochs": 1} | params))


class Twice(BatchIterator):
    """Trains on each row of the first half twice."""

    def order(self, n, seed, epoch):
        return np.resize(np.arange(n // 2), n)


class TwiceOnHost(Twice):
    def transform(self, Xb, yb):
        return Xb, yb


@pytest.fixture(scope="module")
def on_half():
    """A net that took the steps of `Twice` in two epochs of the first half."""
    return a_net(max_epochs=2, batch_iterator_train=BatchIterator(4)).fit(X[:4], y[:4])


@pytest.mark.parametrize("iterator", [Twice(4), TwiceOnHost(4)], ids=["resident", "streamed"])
def test_nets_train_on_the_rows_of_an_order(on_half, iterator):
    net = a_net(batch_iterator_train=iterator).fit(X, y)
    for found, expected in zip(net.get_all_params(), on_half.get_all_params(), strict=True):
        np.testing.assert_allclose(found.get_value(), expected.get_value(), rtol=1e-6)


@pytest.mark.parametrize("iterator", [Twice(4), BatchIterator(3, shuffle=True), TwiceOnHost(3)])
def test_predictions_and_validation_keep_the_order_of_the_rows(on_half, iterator):
    expected = on_half.predict_proba(X)
    before = on_half.batch_iterator_test
    try:
        on_half.batch_iterator_test = iterator
        np.testing.assert_allclose(on_half.predict_proba(X), expected, atol=1e-6)
    finally:
        on_half.batch_iterator_test = before


def test_validation_losses_are_those_of_all_rows():
    def last_loss(iterator):
        net = a_net(batch_iterator_train=4, batch_iterator_test=iterator)
        return net.fit(X, y, X_val=X, y_val=y).train_history_[-1]["valid_loss"]

    assert last_loss(Twice(4)) == pytest.approx(last_loss(4), rel=1e-6)


def test_invalid_orders_leave_the_net_as_it_was():
    class Short(BatchIterator):
        def order(self, n, seed, epoch):
            return np.arange(n - 1)

    net = a_net(batch_iterator_train=Short(4))
    with pytest.raises(ValueError, match=r"^Short.order must return an array of 8 row indices"):
        net.fit(X, y)
    assert not net.__sklearn_is_fitted__()


def overriding(cls, name):
    return type("Mine", (cls,), {name: lambda self, *args: None})


@pytest.mark.parametrize("name", ["__iter__", "__call__", "__next__", "n_samples"])
@pytest.mark.parametrize("parameter", ["batch_iterator_train", "batch_iterator_test"])
def test_iterators_with_methods_that_nets_do_not_call_are_refused(on_half, parameter, name):
    iterator = overriding(BatchIterator, name)(4)
    message = rf"^{parameter}: Mine.{name} must not be overridden, because the net does not call "
    with pytest.raises(ValueError, match=message + r"it; override order\(n, seed, epoch, y\) to"):
        a_net(**{parameter: iterator}).fit(X, y)


def test_predictions_refuse_such_iterators_too():
    net = a_net(input_shape=(None, 3), output_num_units=2).initialize()
    net.batch_iterator_test = overriding(BatchIterator, "__iter__")(4)
    with pytest.raises(ValueError, match=r"^batch_iterator_test: Mine.__iter__ must not be"):
        net.predict(X)


@pytest.mark.parametrize("name", NET)
def test_nets_with_methods_that_are_not_called_are_refused(name):
    net = overriding(NeuralNet, name)()
    for call in (lambda: net.fit(X, y), lambda: net.partial_fit(X, y), net.initialize):
        with pytest.raises(ValueError) as caught:
            call()
        message = (
            f"Mine.{name} must not be overridden, because the net does not call it; {NET[name]}"
        )
        assert message in str(caught.value)


def test_methods_set_on_a_net_are_refused():
    net = a_net()
    net._create_iter_funcs = len
    problems = Problems()
    check_overrides(net, problems)
    assert re.match(r"NeuralNet\._create_iter_funcs must not", str(problems.found[0]))


def test_other_methods_of_a_subclass_are_its_own():
    class Mine(NeuralNet):
        def fit(self, X, y):
            return super().fit(X, y)

        def mean_prediction(self, X):
            return self.predict(X).mean()

    problems = Problems()
    check_overrides(Mine(), problems)
    assert not problems.found


def test_splits_with_a_call_of_their_own_are_called_with_the_net():
    seen = []

    class FirstHalf(TrainSplit):
        def __init__(self):  # as in code for nolearn, whose class needs no more
            pass

        def __call__(self, X, y, net):
            seen.append((X, y, net.max_epochs))
            return X[4:], X[:4], y[4:], y[:4]

    net = a_net(train_split=FirstHalf()).fit(X, y)
    expected = a_net().fit(X[4:], y[4:], X_val=X[:4], y_val=y[:4])
    ((seen_X, seen_y, epochs),) = seen
    np.testing.assert_array_equal(seen_X, X)
    np.testing.assert_array_equal(seen_y, y)
    assert epochs == 1
    for name in ("train_loss", "valid_loss"):
        assert net.train_history_[0][name] == expected.train_history_[0][name]


@pytest.mark.parametrize("random_state", [0, 7, np.random.RandomState(3)], ids=str)
def test_a_split_called_with_a_net_is_that_of_its_fit(random_state):
    validated = []

    class Recorded(TrainSplit):
        def split(self, X, y=None, groups=None):
            for train, valid in super().split(X, y, groups):
                validated.append(valid)
                yield train, valid

    labels = np.array(["no", "yes"])[np.arange(40) % 2]
    rows = np.arange(40.0)[:, None]
    net = a_net(train_split=Recorded(0.2), max_epochs=0).set_params(random_state=random_state)
    _, X_valid, _, y_valid = net.train_split(rows, labels, net)
    net.fit(rows, labels)
    np.testing.assert_array_equal(X_valid[:, 0], validated[-1])
    np.testing.assert_array_equal(y_valid, labels[validated[-1]])

import numpy as np
import optax
import pytest
from sklearn.datasets import load_iris

from skconv import BatchIterator, NeuralNet
from skconv.data.fit_arguments import FitArguments
from skconv.estimator.blueprint import Blueprint
from skconv.estimator.prepare import prepare
from skconv.layers import DenseLayer, InputLayer
from skconv.nonlinearities import tanh
from skconv.utils.memo import Memo

LAYERS = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]

X, y = load_iris(return_X_y=True)

FITTED = FitArguments(X, y)


def small(**params):
    given = {"layers": LAYERS, "hidden_num_units": 5, "max_epochs": 1, "random_state": 0}
    return NeuralNet(**given | params)


def test_fits_on_the_same_data_share_the_network_until_its_layers_differ():
    memo, arguments = Memo(), FitArguments(X, y)

    def network(**params):
        return prepare(small(**params), arguments, None, memo).model.network

    first = network()
    assert network(update_learning_rate=0.5, random_state=1) is first
    assert network(hidden_num_units=6) is not first
    assert network(hidden_nonlinearity=tanh) is not first
    assert prepare(small(), arguments, None, Memo()).model.network is not first


def prepared(memo, arguments=None, **params):
    return prepare(small(**params), arguments or FitArguments(X, y), None, memo)


def test_fits_that_differ_in_numbers_of_the_update_share_data_and_programs():
    memo, arguments = Memo(), FitArguments(X, y)
    first, other = (prepared(memo, arguments, update_learning_rate=rate) for rate in (0.1, 0.5))
    assert first.train is other.train
    assert first.programs is other.programs
    assert first.model is not other.model
    rates = [fit.values(0, 1).update["learning_rate"][0] for fit in (first, other)]
    np.testing.assert_allclose(rates, [0.1, 0.5])


def test_invalid_numbers_are_found_in_fits_that_share_the_rest():
    memo, arguments = Memo(), FitArguments(X, y)
    prepared(memo, arguments, update_learning_rate=0.1)
    with pytest.raises(ValueError, match="update_learning_rate must be"):
        prepared(memo, arguments, update_learning_rate=-0.1)
    with pytest.raises(ValueError, match="unknown parameter 'update_rate'"):
        prepared(memo, arguments, update_rate=0.1)


@pytest.mark.parametrize(
    "params",
    [
        {"train_split": None},
        {"random_state": 1},
        {"batch_iterator_train": 7},
        {"objective_loss_function": "squared_error", "regression": True},
        {"class_weight": "balanced"},
    ],
    ids=lambda params: next(iter(params)),
)
def test_fits_that_differ_in_more_share_no_data(params):
    memo, arguments = Memo(), FitArguments(X, y)
    first, other = prepared(memo, arguments), prepared(memo, arguments, **params)
    alone = prepared(Memo(), arguments, **params)
    assert other.train is not first.train
    np.testing.assert_array_equal(other.train.index, alone.train.index)
    assert other.train.iterator.batch_size == alone.train.iterator.batch_size


def test_a_float_that_programs_hold_is_not_shared():
    def scaled(learning_rate, doublings=1):  # a number of times, which programs hold
        return optax.chain(optax.scale(-(2.0**doublings)), optax.scale(learning_rate))

    memo = Memo()
    fits = [
        prepared(memo, FITTED, update=scaled, update_learning_rate=0.1, update_doublings=times)
        for times in (1.0, 2.0, 1.0)
    ]
    assert fits[0].programs is fits[2].programs is not fits[1].programs


def test_nets_with_seeds_of_their_own_share_no_split():
    memo = Memo()
    first, other = (prepared(memo, FITTED, random_state=None) for _ in range(2))
    assert not np.array_equal(first.train.index, other.train.index)


def test_a_parameter_that_refers_to_itself_is_no_reason_to_fail():
    class Rows(BatchIterator):
        pass

    iterator = Rows(10)
    iterator.itself = iterator
    memo = Memo()
    fits = [prepared(memo, FITTED, batch_iterator_train=iterator) for _ in range(2)]
    assert fits[0].train.steps == fits[1].train.steps


def test_statistics_of_layers_are_not_shared_between_models_that_train():
    memo = Memo()
    first, other = (prepared(memo, FITTED, update_learning_rate=rate) for rate in (0.1, 0.2))
    before = other.model.params
    first.model.put({("hidden", "b"): np.ones(5, np.float32)})
    assert other.model.params is before


def test_a_single_fit_makes_no_keys(monkeypatch):
    monkeypatch.setattr(Blueprint, "network_key", property(lambda self: pytest.fail("made a key")))
    small().fit(X, y)
    with pytest.raises(pytest.fail.Exception):
        prepared(Memo())

"""Predictions after a change, of nets that have predicted before and prepared for the next time."""

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skconv import BatchIterator, compile_counts
from skconv.augment import MonteCarloDropout
from skconv.handlers import RememberBestWeights

from ..nets import X, make_net, softmax_of, y


@pytest.fixture
def warm():
    """A net that has just predicted, in all ways."""
    return predict_all(make_net(warm_start=True).fit(X, y))


def predict_all(net):
    for n in (1, 1, 5, 40):
        net.predict(X[:n]), net.predict_proba(X[:n]), net.predict_log_proba(X[:n])
    return net


def expected_for(net, X=X):
    (W1, b1), (W2, b2) = (net.get_all_params_values()[name] for name in ("hidden", "output"))
    return softmax_of(np.maximum(X @ W1 + b1, 0) @ W2 + b2)


def assert_predicts_by_its_weights(net):
    expected = expected_for(net)
    for rows in (X, np.float64(X), sparse.csr_matrix(X), X.tolist()):
        np.testing.assert_allclose(net.predict_proba(rows), expected, rtol=1e-4)
        np.testing.assert_array_equal(net.predict(rows), net.classes_[expected.argmax(axis=1)])
    for i in (0, 7):
        np.testing.assert_allclose(net.predict_proba(X[i : i + 1]), expected[i : i + 1], rtol=1e-4)
        assert net.predict(X[i : i + 1]) == net.classes_[expected[i].argmax()]
    np.testing.assert_allclose(net.predict_log_proba(X), np.log(expected), rtol=1e-4, atol=1e-5)


def load(net):
    net.load_params_from({name: [2 * a for a in own] for name, own in values(net)})


def values(net):
    return net.get_all_params_values().items()


TEXT = np.array(["c", "a", "b"])[y]

CHANGES = {
    "fit": lambda net: net.fit(X, y),
    "fit afresh": lambda net: net.set_params(warm_start=False, random_state=1).fit(X, y),
    "fit other labels": lambda net: net.set_params(warm_start=False).fit(X, TEXT),
    "partial_fit": lambda net: net.partial_fit(X, y),
    "load": load,
    "one weight": lambda net: net.layers_["hidden"].W.set_value(np.ones((5, 4))),
    "several changes": lambda net: (net.partial_fit(X, y), load(net), net.partial_fit(X, y)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_weights_are_those_of_the_last_change(warm, name):
    before = expected_for(warm)
    CHANGES[name](warm)
    assert not np.allclose(expected_for(warm), before)
    assert_predicts_by_its_weights(warm)


@pytest.mark.parametrize(
    "again", [lambda net: pickle.loads(pickle.dumps(net)), copy.deepcopy, copy.copy]
)
def test_copies_predict_for_themselves(warm, again):
    other = again(warm)
    assert_predicts_by_its_weights(predict_all(other))
    if again is not copy.copy:
        load(other)
        assert_predicts_by_its_weights(other)
    warm.partial_fit(X, y)
    for net in (warm, other):
        assert_predicts_by_its_weights(net)


def test_clones_are_not_fitted(warm):
    with pytest.raises(NotFittedError):
        clone(warm).predict(X)


def test_a_prediction_leaves_no_trace_in_a_pickle(warm):
    again = pickle.loads(pickle.dumps(warm))
    assert again._model._last is None
    assert again._model.prepared is None


def test_handlers_see_the_weights_of_their_epoch():
    seen = []

    def note(net, history):
        found = net.predict_proba(X[:1])
        np.testing.assert_allclose(found, expected_for(net, X[:1]), rtol=1e-4)
        seen.append(found)

    best = RememberBestWeights(loss="valid_loss")
    net = make_net(max_epochs=4, on_epoch_finished=[note, best]).fit(X, y)
    assert len({found.tobytes() for found in seen}) == 4
    assert_predicts_by_its_weights(net)


def test_parameters_are_read_for_each_prediction(warm):
    expected = warm.predict_proba(X)
    warm.set_params(devices=99)
    with pytest.raises(ValueError, match="devices must be"):
        warm.predict(X[:1])
    warm.set_params(devices=None, test_augment=lambda forward, key, Xb: forward(0 * Xb))
    np.testing.assert_allclose(warm.predict_proba(X), warm.predict_proba(0 * X), rtol=1e-5)
    warm.set_params(test_augment=MonteCarloDropout(5))
    assert warm.predict_proba(X[:1], return_std=True)[1].any()
    warm.set_params(test_augment=None)
    with pytest.raises(ValueError, match="return_std must be False"):
        warm.predict_proba(X[:1], return_std=True)
    np.testing.assert_allclose(warm.predict_proba(X), expected, rtol=1e-5)


def test_finite_values_are_asked_for_while_check_input_is_true(warm):
    wrong = np.full((1, 5), np.nan, np.float32)
    for check in (True, False, True):
        warm.set_params(check_input=check)
        if check:
            with pytest.raises(ValueError, match="contains NaN"):
                warm.predict_proba(wrong)
        else:
            with pytest.warns(UserWarning, match="NaN or infinite"):
                warm.predict_proba(wrong)


def test_an_iterator_may_change(warm):
    class Factor(BatchIterator):
        factor = 1

        def transform(self, Xb, yb):
            return self.factor * Xb, yb

    iterator = Factor(16)
    warm.set_params(batch_iterator_test=iterator)
    for factor in (1, 2, 0):
        iterator.factor = factor
        found = warm.predict_proba(X)
        np.testing.assert_allclose(found, expected_for(warm, factor * X), rtol=1e-4)
    own = BatchIterator(None)
    assert_predicts_by_its_weights(warm.set_params(batch_iterator_test=own))
    own.batch_size = 4
    before = compile_counts()["predict"]
    warm.predict(X)
    assert compile_counts()["predict"] == before + 1
    assert_predicts_by_its_weights(warm)


def test_names_of_features_are_compared_each_time():
    table = pd.DataFrame(X, columns=list("abcde"))
    net = make_net().fit(table, y)
    for _ in range(2):
        np.testing.assert_allclose(net.predict_proba(table[:1]), expected_for(net)[:1], rtol=1e-4)
        with pytest.raises(ValueError, match="feature names"):
            net.predict(table[["b", "a", "c", "d", "e"]])
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            net.predict(X[:1])
    net.fit(X, y)
    for _ in range(2):
        net.predict(X[:1])
        with pytest.warns(UserWarning, match="was fitted without feature names"):
            net.predict(table[:1])


def test_numbers_of_features_are_compared_each_time(warm):
    for _ in range(2):
        with pytest.raises(ValueError, match="X has 4 features, but NeuralNet is expecting 5"):
            warm.predict(X[:1, :4])
        with pytest.raises(ValueError, match="Reshape your data"):
            warm.predict(X[0])
    wide = np.hstack([X, X])
    warm.set_params(warm_start=False).fit(wide, y)
    assert warm.predict(wide[:1]).shape == (1,)
    with pytest.raises(ValueError, match="X has 5 features, but NeuralNet is expecting 10"):
        warm.predict(X[:1])


def test_threads_see_the_weights_of_one_moment(warm):
    states = []
    for factor in (1, -1):
        warm.load_params_from({name: [factor * a for a in own] for name, own in values(warm)})
        states.append((warm.get_all_params_values(), warm.predict_proba(X[:1])))
    found, done = [], threading.Event()

    def predict():
        while not done.is_set():
            found.append(warm.predict_proba(X[:1]))

    threads = [threading.Thread(target=predict) for _ in range(2)]
    for thread in threads:
        thread.start()
    for i in range(30):
        state, expected = states[i % 2]
        warm.load_params_from(state)
        np.testing.assert_array_equal(warm.predict_proba(X[:1]), expected)
    done.set()
    for thread in threads:
        thread.join()
    known = {expected.tobytes() for _, expected in states}
    assert {one.tobytes() for one in found} <= known
    assert found


def test_weights_are_freed_once_they_are_replaced():
    net = predict_all(make_net(warm_start=True).fit(X, y))
    before = weakref.ref(net._model.params["hidden"]["W"])
    net.partial_fit(X, y)
    gc.collect()
    assert before() is None
    predict_all(net)
    now = weakref.ref(net._model.params["hidden"]["W"])
    gc.disable()
    try:
        del net
        assert now() is None
    finally:
        gc.enable()

import inspect
import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import r2_score
from sklearn.utils import get_tags

from skconv import NeuralNet, NeuralNetClassifier, NeuralNetRegressor, compile_counts
from skconv.ensemble import BatchedBagging
from skconv.model_selection import BatchedGridSearchCV

from ..nets import X, make_net, y

KINDS = {NeuralNetClassifier: y, NeuralNetRegressor: X[:, :2] * [1.0, 3.0]}

each_kind = pytest.mark.parametrize("kind", KINDS)


def made(kind, **params):
    given = make_net(**params).get_params(deep=False)
    del given["regression"]
    return kind(**given)


def raises(message, error=ValueError):
    return pytest.raises(error, match=re.escape(message))


@each_kind
def test_it_is_a_net_with_all_parameters_but_one(kind):
    net = kind()
    assert isinstance(net, NeuralNet)
    assert is_classifier(net) == (kind is NeuralNetClassifier) == (not is_regressor(net))
    expected = NeuralNet().get_params()
    del expected["regression"]
    assert list(net.get_params()) == list(expected)
    known = dict(inspect.signature(NeuralNet).parameters)
    del known["regression"]
    assert dict(inspect.signature(kind).parameters) == known
    assert get_tags(net) == get_tags(NeuralNet(regression=net.regression))
    assert repr(kind(max_epochs=3, update_momentum=0.5)) == (
        f"{kind.__name__}(max_epochs=3, update_momentum=0.5)"
    )


@each_kind
def test_it_trains_as_a_net_does_with_the_same_programs(kind):
    target = KINDS[kind]
    expected = make_net(regression=kind is NeuralNetRegressor).fit(X, target)
    expected.predict(X)
    before = compile_counts()
    net = made(kind).fit(X, target)
    np.testing.assert_array_equal(net.predict(X), expected.predict(X))
    assert compile_counts() == before
    assert net.score(X, target) == expected.score(X, target)
    assert hasattr(net, "predict_proba") == hasattr(net, "classes_") == is_classifier(net)
    assert kind.__name__ in net._repr_html_()


def test_its_score_is_that_of_a_net():
    net = made(NeuralNetRegressor).fit(X, KINDS[NeuralNetRegressor])
    expected = r2_score(KINDS[NeuralNetRegressor], net.predict(X))
    assert net.score(X, KINDS[NeuralNetRegressor]) == pytest.approx(expected)


@each_kind
def test_copies_keep_the_kind(kind):
    net = made(kind).fit(X, KINDS[kind])
    for copied in (pickle.loads(pickle.dumps(net)), net.partial_fit(X, KINDS[kind])):
        assert type(copied) is kind
        np.testing.assert_array_equal(copied.predict(X[:3]), copied.predict(X)[:3])
    cloned = clone(net)
    assert type(cloned) is kind
    assert cloned.regression is (kind is NeuralNetRegressor)
    assert not hasattr(cloned, "train_history_")


@each_kind
def test_regression_cannot_be_changed(kind):
    fixed, other = kind is NeuralNetRegressor, *(set(KINDS) - {kind})
    message = (
        f"regression must be {fixed} in {kind.__name__}, got {not fixed}; use {other.__name__}, "
        "or NeuralNet, which has the parameter"
    )
    net = kind()
    with raises(message, TypeError):
        kind(regression=not fixed)
    with raises(message):
        net.set_params(max_epochs=7, regression=not fixed)
    with raises(message):
        net.regression = not fixed
    assert (net.regression, net.max_epochs) == (fixed, kind().max_epochs)
    with raises("Did you mean 'update_learning_rate'?"):
        net.set_params(update_learning_rat=0.5)


@each_kind
def test_targets_of_the_other_kind_name_the_other_class(kind):
    other = "Regressor" if kind is NeuralNetClassifier else "Classifier"
    target = X[:, 0] if kind is NeuralNetClassifier else np.array(["a", "b", "c"])[y]
    with raises(f"NeuralNet{other} to predict"):
        made(kind).fit(X, target)


def test_searches_take_it():
    grid = {"update_learning_rate": [0.0, 0.1]}
    target = KINDS[NeuralNetRegressor]
    search = BatchedGridSearchCV(made(NeuralNetRegressor), grid, cv=2).fit(X, target)
    assert search.best_params_ == {"update_learning_rate": 0.1}
    assert type(search.best_estimator_) is NeuralNetRegressor


def test_ensembles_take_it():
    net = made(NeuralNetClassifier)
    bagging = BatchedBagging(net, n_estimators=2, random_state=0).fit(X, y)
    assert is_classifier(bagging)
    assert {type(net) for net in bagging.estimators_} == {NeuralNetClassifier}


def test_initialize_needs_no_data():
    shapes = {"layers": make_net().layers, "input_shape": (None, 5), "output_num_units": 2}
    assert NeuralNetRegressor(**shapes).initialize().predict(X).shape == (40, 2)
    assert NeuralNetClassifier(**shapes).initialize().classes_.tolist() == [0, 1]

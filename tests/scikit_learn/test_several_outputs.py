"""Nets with several outputs in scikit-learn's tools for several outputs."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.metrics import accuracy_score, make_scorer, mean_squared_error, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv.layers import DenseLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV
from tests.nets import X, make_net, y

LAYERS = [
    ("input", InputLayer),
    (DenseLayer, {"name": "hidden", "num_units": 4}),
    (DenseLayer, {"name": "first"}),
    (DenseLayer, {"name": "second", "incoming": "hidden"}),
]

SIGN = (X[:, 0] > 0).astype(int)

LABELS = np.stack([y, SIGN], axis=1)

NUMBERS = np.stack([X[:, 0], X[:, 1] * 2], axis=1).astype(np.float64)

MIXED = pd.DataFrame({"first": np.array(["a", "b", "c"])[y], "second": NUMBERS[:, 1]})

FOLDS = list(KFold(2).split(X))


def net(**params):
    return make_net(layers=LAYERS, outputs=["first", "second"], train_split=None, **params)


def by_hand(estimator, Y, predict):
    """Return what a loop over the folds predicts, by fold."""
    return [predict(clone(estimator).fit(X[train], Y[train]), X[test]) for train, test in FOLDS]


def exact_match(true, predicted):
    return float(np.mean((true == predicted).all(axis=1)))


@pytest.fixture(scope="module")
def classifier():
    return net().fit(X, LABELS)


@pytest.fixture(scope="module")
def regressor():
    return net(regression=True).fit(X, NUMBERS)


def test_labels_are_columns_as_in_a_forest(classifier):
    predicted = classifier.predict(X)
    assert (predicted.shape, predicted.dtype) == (LABELS.shape, LABELS.dtype)
    probabilities = classifier.predict_proba(X)
    assert [p.shape for p in probabilities] == [(40, 3), (40, 2)]
    for i, classes in enumerate(classifier.classes_):
        expected = classes[probabilities[i].argmax(axis=1)]
        np.testing.assert_array_equal(predicted[:, i], expected)
        logarithms = classifier.predict_log_proba(X)[i]
        np.testing.assert_allclose(np.exp(logarithms), probabilities[i], rtol=1e-5)
    scores = [accuracy_score(LABELS[:, i], predicted[:, i]) for i in (0, 1)]
    assert classifier.score(X, LABELS) == pytest.approx(np.mean(scores))


def test_labels_of_several_types_are_objects():
    names = np.array(["a", "b", "c"])[y]
    fitted = net(max_epochs=1).fit(X, {"first": names, "second": SIGN == 1})
    predicted = fitted.predict(X)
    assert (predicted.shape, predicted.dtype) == ((40, 2), object)
    assert {type(value) for value in predicted[:, 0]} == {str}
    assert {type(value) for value in predicted[:, 1]} == {bool}
    assert fitted.score(X, predicted) == 1.0
    again = clone(fitted).fit(X, np.array([names, SIGN == 1], dtype=object).T)
    np.testing.assert_array_equal(again.predict(X), predicted)


def test_a_list_of_one_output_is_a_single_output():
    alone = make_net(train_split=None).fit(X, y)
    listed = make_net(train_split=None, outputs=["output"]).fit(X, {"output": y})
    np.testing.assert_array_equal(listed.predict_proba(X), alone.predict_proba(X))
    assert listed.predict(X).shape == (40,)
    assert listed.classes_.tolist() == [0, 1, 2]


def test_cross_val_predict_is_a_loop_over_the_folds():
    expected = np.concatenate(by_hand(net(), LABELS, lambda one, rows: one.predict(rows)))
    np.testing.assert_array_equal(cross_val_predict(net(), X, LABELS, cv=FOLDS), expected)
    parts = by_hand(net(), LABELS, lambda one, rows: one.predict_proba(rows))
    found = cross_val_predict(net(), X, LABELS, cv=FOLDS, method="predict_proba")
    for i in (0, 1):
        np.testing.assert_allclose(found[i], np.concatenate([p[i] for p in parts]), atol=1e-6)
    numbers = by_hand(net(regression=True), NUMBERS, lambda one, rows: one.predict(rows))
    found = cross_val_predict(net(regression=True), X, NUMBERS, cv=FOLDS)
    np.testing.assert_allclose(found, np.concatenate(numbers), rtol=1e-6)


def test_a_class_that_a_fold_lacks_in_one_output_has_probability_zero():
    rare = np.stack([np.where(np.arange(40) < 20, y % 2, y), SIGN], axis=1)
    with pytest.warns(RuntimeWarning, match=r"Number of classes in training fold \(2\)"):
        first, second = cross_val_predict(net(), X, rare, cv=FOLDS, method="predict_proba")
    assert (first.shape, second.shape) == ((40, 3), (40, 2))
    assert not first[20:, 2].any()
    np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-6)


def test_scorers_that_take_columns(regressor):
    scoring = ["r2", "neg_mean_squared_error"]
    found = cross_validate(net(regression=True), X, NUMBERS, cv=FOLDS, scoring=scoring)
    predictions = by_hand(net(regression=True), NUMBERS, lambda one, rows: one.predict(rows))
    true = [NUMBERS[test] for _, test in FOLDS]
    r2 = [r2_score(*pair) for pair in zip(true, predictions, strict=True)]
    mse = [mean_squared_error(*pair) for pair in zip(true, predictions, strict=True)]
    np.testing.assert_allclose(found["test_r2"], r2, rtol=1e-5)
    np.testing.assert_allclose(found["test_neg_mean_squared_error"], np.negative(mse), rtol=1e-5)
    default = cross_val_score(net(regression=True), X, NUMBERS, cv=FOLDS)
    np.testing.assert_allclose(default, r2, rtol=1e-5)


@pytest.mark.parametrize("search", [GridSearchCV, BatchedGridSearchCV])
@pytest.mark.parametrize("Y", [LABELS, pd.DataFrame(LABELS, columns=["first", "second"])])
def test_searches_with_a_scorer_of_ones_own(search, Y):
    scorer = make_scorer(lambda true, predicted: exact_match(np.asarray(true), predicted))
    grid = {"update_learning_rate": [0.01, 0.1]}
    found = search(net(), grid, cv=FOLDS, scoring=scorer).fit(X, Y).cv_results_
    for i, rate in enumerate(grid["update_learning_rate"]):
        one = net(update_learning_rate=rate)
        predictions = by_hand(one, LABELS, lambda one, rows: one.predict(rows))
        expected = [
            exact_match(LABELS[test], predicted)
            for (_, test), predicted in zip(FOLDS, predictions, strict=True)
        ]
        assert [found[f"split{k}_test_score"][i] for k in (0, 1)] == pytest.approx(expected)


def test_labels_and_numbers_are_scored_together():
    mixed = net(regression={"second": True})
    found = cross_val_score(mixed, X, MIXED, cv=2, error_score="raise")
    expected = []
    for train, test in FOLDS:
        first, second = clone(mixed).fit(X[train], MIXED.iloc[train]).predict(X[test])
        accuracy = accuracy_score(MIXED["first"][test], first)
        expected.append((accuracy + r2_score(MIXED["second"][test], second)) / 2)
    np.testing.assert_allclose(found, expected, rtol=1e-6)

    def accuracy_of_first(Y, predicted):
        return accuracy_score(Y["first"], predicted[0])

    scorer = make_scorer(accuracy_of_first)
    pipeline = make_pipeline(StandardScaler(), mixed)
    grid = {"neuralnet__max_epochs": [1, 2]}
    results = [
        search(pipeline, grid, cv=2, scoring=scorer, error_score="raise").fit(X, MIXED).cv_results_
        for search in (GridSearchCV, BatchedGridSearchCV)
    ]
    plain, batched = (result["mean_test_score"] for result in results)
    np.testing.assert_allclose(batched, plain, atol=1e-6)


def test_permutation_importance_of_columns_that_do_not_matter(regressor):
    blind = clone(regressor).fit(X * [1, 1, 1, 1, 0], NUMBERS)
    blind.layers_["hidden"].W.set_value(
        blind.layers_["hidden"].W.get_value() * np.array([[1], [1], [1], [1], [0]], np.float32)
    )
    for scoring in (None, "neg_mean_squared_error"):
        found = permutation_importance(
            blind, X, NUMBERS, n_repeats=2, random_state=0, scoring=scoring
        )
        assert found.importances_mean[4] == 0
        assert abs(found.importances_mean[:4]).min() > 0


def test_partial_dependence_of_each_number(regressor):
    found = partial_dependence(regressor, X, [0], grid_resolution=3, method="brute")
    for k, value in enumerate(found["grid_values"][0]):
        moved = X.copy()
        moved[:, 0] = value
        expected = regressor.predict(moved).mean(axis=0)
        np.testing.assert_allclose(found["average"][:, k], expected, rtol=1e-5)


def test_a_net_for_each_column():
    single = make_net(train_split=None)
    several = MultiOutputClassifier(single).fit(X, LABELS)
    assert several.predict(X).shape == LABELS.shape
    for i, probabilities in enumerate(several.predict_proba(X)):
        alone = clone(single).fit(X, LABELS[:, i])
        np.testing.assert_array_equal(probabilities, alone.predict_proba(X))
    numbers = MultiOutputRegressor(clone(single).set_params(regression=True)).fit(X, NUMBERS)
    assert numbers.predict(X).shape == NUMBERS.shape


@pytest.mark.parametrize(
    ("chain", "Y", "regression"),
    [(ClassifierChain, LABELS, False), (RegressorChain, NUMBERS, True)],
)
def test_chains(chain, Y, regression):
    single = make_net(train_split=None, regression=regression)
    fitted = chain(single, order=[1, 0]).fit(X, Y)
    first = clone(single).fit(X, Y[:, 1])
    second = clone(single).fit(np.hstack([X, Y[:, [1]]]), Y[:, 0])
    predicted = first.predict(X)
    expected = second.predict(np.hstack([X, predicted[:, None]])), predicted
    np.testing.assert_allclose(fitted.predict(X), np.stack(expected, axis=1), rtol=1e-5)

"""Nets of several inputs, alone and in searches, cross-validation and pipelines."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_selector
from sklearn.exceptions import FitFailedWarning
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    permutation_test_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skconv import NeuralNet, compile_counts
from skconv.ensemble import BatchedBagging
from skconv.layers import ConcatLayer, DenseLayer, InputLayer
from skconv.model_selection import (
    BatchedGridSearchCV,
    BatchedHalvingSearch,
    BatchedRandomizedSearchCV,
)
from skconv.preprocessing import SliceDict, SplitColumns

from .exactness import assert_agree

N = 60
rng = np.random.default_rng(0)
IMAGE = rng.integers(0, 3, (N, 1, 2, 3), dtype=np.uint8)
TABLE = rng.normal(size=(N, 3)).astype(np.float32)
X = {"image": IMAGE, "table": TABLE}
y = np.where(TABLE[:, 0] + IMAGE[:, 0, 0, 0] > 1, "high", "low")
S = SliceDict(X)

FRAME = pd.DataFrame(IMAGE.reshape(N, -1), columns=[f"pixel{i}" for i in range(6)]).join(
    pd.DataFrame(TABLE, columns=["a", "b", "c"])
)
SPLIT = SplitColumns({"image": make_column_selector("^pixel"), "table": ["a", "b", "c"]})

LAYERS = [
    (InputLayer, {"name": "image"}),
    (DenseLayer, {"name": "hidden", "num_units": 4}),
    (InputLayer, {"name": "table"}),
    (ConcatLayer, {"name": "both", "incomings": ["hidden", "table"]}),
    (DenseLayer, {"name": "output"}),
]
GRID = {"update_learning_rate": [0.01, 0.3]}
FOLDS = StratifiedKFold(3)


def make_net(**params):
    given = {"batch_iterator_train": 16, "update_learning_rate": 0.3, "max_epochs": 2}
    return NeuralNet(**{"layers": LAYERS, "random_state": 0, **given, **params})


def part(rows):
    return {name: values[rows] for name, values in X.items()}


@pytest.fixture(scope="module")
def net():
    return make_net().fit(X, y)


@pytest.fixture(scope="module")
def by_hand():
    """Accuracies of a loop over candidates and folds, as rows and columns."""
    return np.array(
        [
            [
                accuracy_score(
                    y[test], make_net(**one).fit(part(train), y[train]).predict(part(test))
                )
                for train, test in FOLDS.split(TABLE, y)
            ]
            for one in ({"update_learning_rate": rate} for rate in GRID["update_learning_rate"])
        ]
    )


def fold_scores(search):
    names = [f"split{i}_test_score" for i in range(search.n_splits_)]
    return np.stack([search.cv_results_[name] for name in names], axis=1)


FORMS = {
    "SliceDict": S,
    "list": [IMAGE, TABLE],
    "tuple": (IMAGE, TABLE),
    "another order": dict(reversed(X.items())),
    "lists": {"image": IMAGE.tolist(), "table": TABLE.tolist()},
    "sparse": SliceDict(image=IMAGE, table=sparse.csc_array(TABLE)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_all_forms_of_several_inputs_are_the_same(net, form):
    np.testing.assert_array_equal(net.predict_proba(form), net.predict_proba(X))
    found = make_net().fit(form, y, X_val=form, y_val=y)
    known = make_net().fit(X, y, X_val=X, y_val=y)
    np.testing.assert_array_equal(found.predict_proba(X), known.predict_proba(X))
    assert found.train_history_[-1]["valid_loss"] == known.train_history_[-1]["valid_loss"]


def test_a_file_in_memory_and_frames(net, tmp_path):
    image = np.memmap(tmp_path / "image", np.uint8, "w+", shape=IMAGE.shape)
    image[:] = IMAGE
    given = SliceDict(image=image, table=pd.DataFrame(TABLE, columns=["a", "b", "c"]))
    found = make_net().fit(given, y)
    np.testing.assert_array_equal(found.predict_proba(given), net.predict_proba(X))
    assert found.n_features_in_ == net.n_features_in_ == 9
    assert found.feature_names_in_["table"].tolist() == ["a", "b", "c"]
    assert not hasattr(net, "feature_names_in_")
    with pytest.raises(ValueError, match=r"(?s)X\['table'\]: The feature names .* same order"):
        found.predict({"image": IMAGE, "table": given["table"][["b", "a", "c"]]})


def test_parts_of_a_training_may_differ_in_form(net):
    first = make_net().partial_fit(S[:30], y[:30], classes=["high", "low"])
    again = make_net().partial_fit(part(slice(30)), y[:30], classes=["high", "low"])
    first.partial_fit([IMAGE[30:], TABLE[30:]], y[30:])
    again.partial_fit(part(slice(30, N)), y[30:])
    np.testing.assert_array_equal(first.predict_proba(S), again.predict_proba(X))


def test_the_validation_set_is_split_by_groups_functions_and_splitters_that_look():
    groups = np.arange(N) % 5
    splitter = GroupShuffleSplit(1, test_size=0.2, random_state=0)
    (train, test) = next(splitter.split(TABLE, y, groups))
    known = make_net(train_split=None).fit(S[train], y[train], X_val=S[test], y_val=y[test])

    class Looking:
        def get_n_splits(self, X=None, y=None, groups=None):
            return 1

        def split(self, X, y, groups=None):
            assert isinstance(X, SliceDict)
            np.testing.assert_array_equal(X["table"], TABLE)
            yield train, test

    def by_function(X, y, net):
        rows = SliceDict(X)
        return rows[train], rows[test], y[train], y[test]

    for split, arguments in ((splitter, {"groups": groups}), (Looking(), {}), (by_function, {})):
        found = make_net(train_split=split).fit(S, y, **arguments)
        np.testing.assert_array_equal(found.predict_proba(S), known.predict_proba(S))
        rows = (one.train_history_[-1] for one in (found, known))
        assert len({row["valid_loss"] for row in rows}) == 1


def test_a_function_that_splits_keeps_the_inputs():
    def misnaming(X, y, net):
        half = {"image": X["image"][:30], "tabel": X["table"][:30]}
        return half, half, y[:30], y[30:]

    with pytest.raises(ValueError, match=r"keys, got 'tabel'. Did you mean 'table'\?"):
        make_net(train_split=misnaming).fit(X, y)


def test_the_data_format_of_one_input():
    last = SliceDict(image=np.moveaxis(IMAGE, 1, -1), table=TABLE)
    net = make_net(data_format={"image": "channels_last"}).fit(last, y)
    np.testing.assert_array_equal(net.predict_proba(last), make_net().fit(X, y).predict_proba(X))


def test_weights_classes_and_copies(net):
    weights = np.linspace(0.5, 2, N)
    found = make_net(class_weight="balanced").fit(S, y, sample_weight=weights)
    known = make_net(class_weight="balanced").fit(X, y, sample_weight=weights)
    np.testing.assert_array_equal(found.predict_proba(S), known.predict_proba(X))
    score = accuracy_score(y, net.predict(X), sample_weight=weights)
    assert net.score(S, y, sample_weight=weights) == pytest.approx(score)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(other.predict_proba(S), net.predict_proba(X))


def test_problems_of_inputs_and_parameters_are_told_at_once():
    message = (
        r"(?s)^3 problems:.*max_epochs must be .*\n - X must have names of input layers as keys, "
        r"got 'tabel'. Did you mean 'table'\?\n - X must have an array for the input layer 'table'"
    )
    with pytest.raises(ValueError, match=message):
        make_net(max_epochs=-1).fit({"image": IMAGE, "tabel": TABLE}, y)
    with pytest.raises(
        ValueError, match=r"^X_val: X must have an array for the input layer 'table'"
    ):
        make_net().fit(X, y, X_val={"image": IMAGE}, y_val=y)


def test_searches_score_as_a_loop_over_folds(by_hand):
    before = compile_counts()
    theirs = GridSearchCV(make_net(), GRID, cv=FOLDS).fit(S, y)
    assert compile_counts() == before
    np.testing.assert_array_equal(fold_scores(theirs), by_hand)
    ours = BatchedGridSearchCV(make_net(), GRID, cv=FOLDS).fit(X, y)
    assert_agree(fold_scores(ours), by_hand)
    assert compile_counts()["train"] <= before["train"] + 1  # for nets trained together
    before = compile_counts()
    for form in (S, [IMAGE, TABLE]):
        again = BatchedGridSearchCV(make_net(), GRID, cv=FOLDS).fit(form, y)
        assert_agree(fold_scores(again), by_hand)
    assert compile_counts() == before
    best = make_net(**ours.best_params_).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), best.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(S), theirs.predict_proba(S), atol=1e-5)
    assert ours.score(X, y) == ours.best_estimator_.score([IMAGE, TABLE], y)
    assert ours.n_features_in_ == 9


def test_nets_read_the_rows_of_a_fold_where_they_lie(monkeypatch):
    """Only scikit-learn cuts rows: those that a candidate is scored on."""
    cut = []
    take = SliceDict.__getitem__

    def noting(self, key):
        found = take(self, key)
        cut.extend([] if isinstance(key, str) else [len(found)])
        return found

    monkeypatch.setattr(SliceDict, "__getitem__", noting)
    BatchedGridSearchCV(make_net(), GRID, cv=FOLDS, refit=False).fit(X, y)
    assert sum(cut) == 2 * N


def test_several_metrics_errors_and_other_searches(by_hand):
    metrics = {"accuracy": "accuracy", "loss": "neg_log_loss"}
    search = BatchedGridSearchCV(make_net(), GRID, cv=FOLDS, scoring=metrics, refit="accuracy")
    search.fit(X, y)
    np.testing.assert_allclose(search.cv_results_["mean_test_accuracy"], by_hand.mean(axis=1))
    known = -log_loss(y, search.best_estimator_.predict_proba(X))
    assert search.scorer_["loss"](search.best_estimator_, X, y) == pytest.approx(known)
    drawn = BatchedRandomizedSearchCV(make_net(), GRID, n_iter=2, cv=FOLDS, random_state=0)
    assert drawn.fit(X, y).best_score_ == by_hand.mean(axis=1).max()
    failing = {"update_learning_rate": [0.3, -1.0]}
    with pytest.warns(FitFailedWarning, match="3 fits failed"):
        search = BatchedGridSearchCV(make_net(), failing, cv=FOLDS, error_score=-1.0).fit(X, y)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], [by_hand[1].mean(), -1])


def test_halving_ends_with_the_score_of_all_epochs():
    rates = {"update_learning_rate": [0.01, 0.1, 0.3]}
    halving = BatchedHalvingSearch(make_net(max_epochs=6), rates, cv=FOLDS).fit(X, y)
    best = make_net(**halving.best_params_ | {"max_epochs": 6})
    assert halving.best_score_ == pytest.approx(cross_val_score(best, S, y, cv=FOLDS).mean())


def test_splitters_of_a_search_see_groups_and_samples(by_hand):
    groups = np.arange(N) % 6
    ours = BatchedGridSearchCV(make_net(), GRID, cv=GroupKFold(3)).fit(X, y, groups=groups)
    theirs = GridSearchCV(make_net(), GRID, cv=GroupKFold(3)).fit(S, y, groups=groups)
    assert_agree(fold_scores(ours), fold_scores(theirs))

    class Looking(StratifiedKFold):
        def split(self, X, y, groups=None):
            np.testing.assert_array_equal(X["image"], IMAGE)
            return super().split(X, y, groups)

    looking = BatchedGridSearchCV(make_net(), GRID, cv=Looking(3)).fit(X, y)
    assert_agree(fold_scores(looking), by_hand)


def test_functions_of_scikit_learn_take_a_slice_dict(by_hand):
    net = make_net()
    np.testing.assert_array_equal(cross_val_score(net, S, y, cv=FOLDS), by_hand[1])
    predicted = cross_val_predict(net, S, y, cv=FOLDS)
    for (_, test), score in zip(FOLDS.split(TABLE, y), by_hand[1], strict=True):
        assert accuracy_score(y[test], predicted[test]) == score
    _, _, scores = learning_curve(net, S, y, cv=FOLDS, train_sizes=[1.0])
    np.testing.assert_array_equal(scores[0], by_hand[1])
    score, _, _ = permutation_test_score(net, S, y, cv=FOLDS, n_permutations=1)
    assert score == by_hand[1].mean()


def test_functions_of_scikit_learn_count_the_keys_of_a_dict():
    """Which is why the pages name `SliceDict`; no code of ours is reached."""
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[2, 60\]"):
        GridSearchCV(make_net(), GRID, cv=FOLDS).fit(X, y)


@pytest.mark.parametrize("search", [GridSearchCV, BatchedGridSearchCV])
def test_a_table_is_split_within_a_pipeline(search, by_hand):
    net = make_net(image_shape=(None, 1, 2, 3))
    grid = {f"neuralnet__{name}": values for name, values in GRID.items()}
    found = search(make_pipeline(SPLIT, net), grid, cv=FOLDS).fit(FRAME, y)
    assert_agree(fold_scores(found), by_hand)
    best = found.best_estimator_
    assert (best.n_features_in_, best[-1].n_features_in_) == (9, 9)
    assert best.feature_names_in_.tolist() == FRAME.columns.tolist()


def test_importance_of_columns_and_transformed_targets(net):
    pipeline = make_pipeline(SPLIT, make_net()).fit(FRAME, y)
    np.testing.assert_array_equal(pipeline.predict_proba(FRAME), net.predict_proba(X))
    found = permutation_importance(pipeline, FRAME, y, n_repeats=3, random_state=0)
    assert found.importances_mean.argmax() in (0, 6)  # pixel0 and a decide
    numbers = 100 * TABLE[:, 0]
    regressor = make_net(regression=True, update_learning_rate=0.01)
    scaled = TransformedTargetRegressor(regressor, transformer=StandardScaler()).fit(S, numbers)
    known = clone(regressor).fit(X, StandardScaler().fit_transform(numbers[:, None])[:, 0])
    expected = known.predict(X) * numbers.std() + numbers.mean()
    np.testing.assert_allclose(scaled.predict(S), expected, rtol=1e-4, atol=1e-3)


def test_a_step_before_the_net_gets_and_makes_dicts(by_hand):
    double = FunctionTransformer(lambda X: {**X, "table": 2 * X["table"] / 2})
    pipeline = Pipeline([("double", double), ("net", make_net())])
    grid = {f"net__{name}": values for name, values in GRID.items()}
    found = BatchedGridSearchCV(pipeline, grid, cv=FOLDS).fit(X, y)
    assert_agree(fold_scores(found), by_hand)
    assert found.predict(X).shape == (N,)


def test_bagging_draws_rows_of_all_inputs():
    options = {"n_estimators": 2, "random_state": 0}
    forms = (X, S, [IMAGE, TABLE])
    found = [BatchedBagging(make_net(), **options).fit(form, y) for form in forms]
    for bagging in found:
        np.testing.assert_array_equal(bagging.predict_proba(X), found[0].predict_proba(X))
    (first, _), rows = found[0].estimators_, found[0].estimators_samples_[0]
    known = clone(first).fit(part(rows), y[rows])
    np.testing.assert_allclose(first.predict_proba(X), known.predict_proba(X), atol=1e-5)
    tables = BatchedBagging(make_pipeline(SPLIT, make_net()), **options).fit(FRAME, y)
    np.testing.assert_allclose(tables.predict_proba(FRAME), found[0].predict_proba(X), atol=1e-5)

import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv.errors import InvalidParameterError
from skconv.handlers import EarlyStopping
from skconv.model_selection import BatchedHalvingSearch
from tests.nets import X, make_net, y

GRID = {"update_learning_rate": [1e-4, 1e-3, 0.1, 0.3]}


def assert_same_search(ours, theirs):
    assert ours.n_resources_ == theirs.n_resources_
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    for name in ("iter", "n_resources", "mean_test_score", "mean_train_score", "rank_test_score"):
        np.testing.assert_allclose(ours.cv_results_[name], theirs.cv_results_[name], err_msg=name)
    assert ours.best_params_ == theirs.best_params_


@pytest.mark.parametrize("lanes", ["loop", "vmap"])
def test_survivors_train_on_and_get_the_scores_of_training_at_once(lanes):
    net = make_net(max_epochs=6)
    epochs = []

    def scorer(net, X, y):
        epochs.append((len(net.train_history_), net._model.step))
        return net.score(X, y)

    options = {"factor": 2, "cv": 3, "random_state": 0}
    ours = BatchedHalvingSearch(net, GRID, scoring=scorer, lanes=lanes, **options).fit(X, y)
    theirs = HalvingGridSearchCV(net, GRID, resource="max_epochs", max_resources=6, **options).fit(
        X, y
    )
    assert_same_search(ours, theirs)
    assert ours.n_resources_ == [1, 2, 4]
    assert {rows for rows, _ in epochs} == {1, 2, 4}
    assert ours.best_estimator_.max_epochs == 4


def test_survivors_do_not_start_over(monkeypatch):
    """Of 4, 2 and 1 candidates with 3 folds for 1, 2 and 4 epochs, an epoch is trained once."""
    epochs = []
    net = make_net(max_epochs=4, on_epoch_finished=lambda net, history: epochs.append(len(history)))
    search = BatchedHalvingSearch(net, GRID, factor=2, cv=3, refit=False, lanes="loop").fit(X, y)
    assert search.n_resources_ == [1, 2, 4]
    assert search.max_resources == "auto"
    assert sorted(epochs) == [1] * 12 + [2] * 6 + [3] * 3 + [4] * 3


def test_in_a_pipeline():
    epochs = []
    watched = make_net(max_epochs=4, on_epoch_finished=lambda net, rows: epochs.append(len(rows)))
    pipeline = make_pipeline(StandardScaler(), watched)
    grid = {f"neuralnet__{name}": values for name, values in GRID.items()}
    options = {"factor": 2, "cv": 2, "resource": "neuralnet__max_epochs", "random_state": 0}
    ours = BatchedHalvingSearch(pipeline, grid, **options).fit(X, y)
    rounds = [1] * 4 * 2 + [2] * 2 * 2 + [3] * 2 + [4] * 2
    assert sorted(epochs) == sorted([*rounds, 1, 2, 3, 4])
    theirs = HalvingGridSearchCV(pipeline, grid, max_resources=4, **options).fit(X, y)
    assert_same_search(ours, theirs)


def test_a_net_that_stopped_early_does_not_train_on():
    net = make_net(max_epochs=8, on_epoch_finished=EarlyStopping(patience=1, verbose=0))
    options = {"factor": 2, "cv": 2, "random_state": 0}
    grid = {"update_learning_rate": [0.1, 1.0, 3.0, 10.0]}
    ours = BatchedHalvingSearch(net, grid, **options).fit(X, y)
    theirs = HalvingGridSearchCV(net, grid, resource="max_epochs", max_resources=8, **options)
    assert_same_search(ours, theirs.fit(X, y))


def test_rows_as_the_resource():
    options = {"factor": 2, "cv": 2, "random_state": 0, "resource": "n_samples"}
    ours = BatchedHalvingSearch(make_net(), GRID, **options).fit(X, y)
    assert_same_search(ours, HalvingGridSearchCV(make_net(), GRID, **options).fit(X, y))


def test_the_winner_is_that_of_the_whole_grid():
    net = make_net(max_epochs=8)
    halving = BatchedHalvingSearch(net, GRID, factor=2, cv=3, random_state=0).fit(X, y)
    whole = GridSearchCV(net, GRID, cv=3).fit(X, y)
    rate = "update_learning_rate"
    assert halving.best_params_[rate] == whole.best_params_[rate]


def test_a_resource_that_does_not_exist():
    with pytest.raises(ValueError, match="resource=max_epoch"):
        BatchedHalvingSearch(make_net(), GRID, resource="max_epoch", max_resources=3).fit(X, y)


@pytest.mark.parametrize("factor", [1, 0.5])
def test_a_factor_that_drops_no_candidate_is_refused(factor):
    search = BatchedHalvingSearch(make_net(), GRID, factor=factor)
    with pytest.raises(InvalidParameterError, match=f"^factor must be a number > 1, got {factor}$"):
        search.fit(X, y)

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import NeuralNet, compile_counts
from skconv.ensemble import BatchedBagging
from skconv.layers import Conv2DLayer, DenseLayer, DropoutLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV


def compiled(kind, work):
    before = compile_counts()[kind]
    work()
    return compile_counts()[kind] - before


def test_grid_over_layers_update_dropout_and_batches(cnn, small_digits):
    grid = {
        "conv1_num_filters": [2, 8],
        "update_learning_rate": [0.001, 0.1],
        "dropout1_p": [0.1],
        "batch_iterator_train__batch_size": [64],
    }
    search = GridSearchCV(cnn, grid, cv=3).fit(*small_digits)
    assert search.best_params_["update_learning_rate"] == 0.1
    assert search.best_score_ > 0.85
    best = search.best_estimator_
    assert best.layers_["conv1"].W.shape == (search.best_params_["conv1_num_filters"], 1, 3, 3)
    assert best.batch_iterator_train.batch_size == 64


def test_grid_over_numbers_compiles_one_training_step(mlp, small_digits):
    grid = {
        "update_learning_rate": [0.01, 0.1],
        "update_momentum": [0.5, 0.9],
        "objective_l2": [0.0, 1e-4],
        "dropout1_p": [0.0, 0.3],
    }
    net = clone(mlp).set_params(hidden_num_units=17)
    net.layers = [*net.layers[:2], ("dropout1", DropoutLayer), net.layers[2]]
    search = GridSearchCV(net, grid, cv=3)
    assert compiled("train", lambda: search.fit(*small_digits)) == 1
    assert search.best_score_ > 0.8


def test_grid_over_penalties_clipping_and_the_loss_compiles_one_training_step(mlp, small_digits):
    grid = {
        "hidden_l2": [1e-4, 1e-3],
        "hidden_grad_scale": [0.5, 1.0],
        "update_clip_norm": [1.0, 5.0],
        "objective_label_smoothing": [0.0, 0.1],
    }
    net = clone(mlp).set_params(hidden_num_units=7, max_epochs=2)
    X, y = small_digits
    search = GridSearchCV(net, grid, cv=2)
    assert compiled("train", lambda: search.fit(X[:300], y[:300])) == 1
    assert set(search.best_params_) == set(grid)


def both_right(net, X, y):
    return float((net.predict(X) == y).all(axis=1).mean())


@pytest.fixture
def two_headed(mlp):
    parity = (DenseLayer, {"name": "parity", "incoming": "hidden"})
    net = clone(mlp).set_params(layers=[*mlp.layers, parity], outputs=["output", "parity"])
    return make_pipeline(StandardScaler(), net)


@pytest.mark.parametrize(
    ("names", "scoring", "cv"),
    [
        (np.array([0, 1]), None, 2),
        (np.array([0, 1]), both_right, 2),
        (np.array(["even", "odd"], object), both_right, KFold(2)),
    ],
    ids=["numbers", "numbers and scorer", "objects"],
)
def test_grid_over_weights_of_several_outputs(two_headed, small_digits, names, scoring, cv):
    """Folds cut a table of targets; whole numbers as `cv` make scikit-learn sort its values."""
    X, digit = small_digits
    y = np.stack([digit, names[digit % 2]], axis=1)
    grid = {"neuralnet__output_weights": [{"output": 0.0}, None, {"parity": 0.3}]}
    search = GridSearchCV(two_headed, grid, cv=cv, scoring=scoring)
    assert compiled("train", lambda: search.fit(X, y)) <= 1
    assert search.best_params_["neuralnet__output_weights"] != {"output": 0.0}
    assert search.best_score_ > 0.8
    assert both_right(search, X, y) > 0.9


def test_halving_search(mlp, small_digits):
    grid = {"update_learning_rate": [1e-4, 1e-3, 0.1]}
    search = HalvingGridSearchCV(mlp, grid, cv=3, random_state=0).fit(*small_digits)
    assert search.best_params_ == {"update_learning_rate": 0.1}


def test_two_workers_find_what_one_finds(mlp, small_digits):
    X, y = small_digits
    alone = cross_val_score(mlp, X, y, cv=2)
    together = cross_val_score(mlp, X, y, cv=2, n_jobs=2)
    np.testing.assert_array_equal(alone, together)


def test_unknown_keyword_in_a_grid_names_the_nearest(cnn, small_digits):
    search = GridSearchCV(cnn, {"conv1_num_filter": [2]}, cv=3)
    with pytest.raises(ValueError, match="Did you mean 'conv1_num_filters'"):
        search.fit(*small_digits)


def test_targets_with_any_number_of_axes_are_scored_and_searched():
    X = np.random.default_rng(0).random((40, 1, 6, 6)).astype("float32")
    layers = [("input", InputLayer), ("out", Conv2DLayer)]
    net = NeuralNet(
        layers,
        out_filter_size=3,
        out_pad="same",
        out_num_filters=1,
        regression=True,
        max_epochs=3,
        random_state=0,
    )

    def r2(predicted):
        return 1 - np.square(X - predicted).sum() / np.square(X - X.mean(dtype=float)).sum()

    assert net.fit(X, X).score(X, X) == pytest.approx(r2(net.predict(X)), abs=1e-5)
    weights = np.repeat([1.0, 0.0], 20)
    assert net.score(X, X, weights) == pytest.approx(net.score(X[:20], X[:20]), abs=1e-6)
    scores = cross_val_score(net, X, X, cv=2, error_score="raise")
    grid = {"update_learning_rate": [0.01, 0.1]}
    for search in (GridSearchCV, BatchedGridSearchCV):
        found = search(net, grid, cv=2, error_score="raise").fit(X, X)
        assert found.cv_results_["mean_test_score"][0] == pytest.approx(scores.mean(), abs=1e-4)
    bagging = BatchedBagging(net, n_estimators=2, random_state=0).fit(X, X)
    assert bagging.score(X, X) == pytest.approx(r2(bagging.predict(X)), abs=1e-5)

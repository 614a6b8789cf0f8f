"""What candidates of a batched search differ in, compared with gradient descent in NumPy."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from skconv.model_selection import BatchedGridSearchCV

from ..nets import X, batches_of_epochs, softmax_of, softmax_regression, still_net, y

rng = np.random.default_rng(0)
FOLDS = list(KFold(2).split(X))
WEIGHTS = [rng.normal(size=(5, 3)) for _ in range(2)]


def searched(net, grid, **options):
    """Search, and return the parameters, the fold, the weights and the history of each fit."""
    fits = []

    def keep(net, X, y):
        fits.append((net.layers_["output"].W.get_value(), net.train_history_))
        return 0.0

    search = BatchedGridSearchCV(net, grid, cv=FOLDS, scoring=keep, refit=False, **options)
    candidates = search.fit(X, y).cv_results_["params"]
    pairs = [(params, train) for params in candidates for train, _ in FOLDS]
    return [(*pair, *fit) for pair, fit in zip(pairs, fits, strict=True)]


SEEDS = {"output_W": WEIGHTS, "random_state": [1, 2]}
LENGTHS = [{"output_W": [W], "max_epochs": [1, 3]} for W in WEIGHTS]
"""Four of these eight fits begin when others have ended, and one program has both."""


@pytest.mark.parametrize(("lanes", "grid"), [("vmap", SEEDS), ("unroll", LENGTHS)])
def test_candidates_have_initial_weights_and_row_orders_of_their_own(lanes, grid):
    net = still_net(update_learning_rate=0.5, objective_l2=0.0, max_epochs=3)
    for params, train, found, history in searched(net, grid, lanes=lanes):
        epochs = params.get("max_epochs", 3)
        steps = batches_of_epochs(20, 16, epochs, params.get("random_state", 0))
        batches = [train[batch] for batch in steps]
        expected, _ = softmax_regression(params["output_W"], X, y, batches, 0.5)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
        assert len(history) == epochs


def test_a_function_splits_the_rows_of_each_fold():
    seen = []

    def split(X, y, net):
        seen.append(X)
        return X[4:], X[:4], y[4:], y[:4]

    net = still_net(update_learning_rate=0.5, objective_l2=0.0, train_split=split)
    net.set_params(batch_iterator_train=16)
    for params, train, found, history in searched(net, {"output_W": WEIGHTS}, lanes="vmap"):
        expected, bias = softmax_regression(params["output_W"], X, y, [train[4:]], 0.5)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        p = softmax_of(X[train[:4]] @ expected + bias)[np.arange(4), y[train[:4]]]
        assert history[0]["valid_loss"] == pytest.approx(-np.log(p).mean(), rel=1e-4)
    for rows in seen:
        assert any(np.array_equal(rows, X[train]) for train, _ in FOLDS)


def test_candidates_are_validated_in_batches_of_their_own():
    net = still_net(update_learning_rate=0.5, objective_l2=0.0, train_split=KFold(4))
    grid = {"batch_iterator_test": [4, 5], "output_W": WEIGHTS[:1]}
    for params, train, found, history in searched(net, grid, lanes="vmap"):
        expected, bias = softmax_regression(params["output_W"], X, y, [train[5:]], 0.5)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        p = softmax_of(X[train[:5]] @ expected + bias)[np.arange(5), y[train[:5]]]
        assert history[0]["valid_loss"] == pytest.approx(-np.log(p).mean(), rel=1e-4)

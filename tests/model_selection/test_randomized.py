import numpy as np
from scipy.stats import loguniform, uniform
from sklearn.model_selection import RandomizedSearchCV

from skconv.model_selection import BatchedRandomizedSearchCV
from tests.nets import X, make_net, y


def test_it_draws_and_scores_what_scikit_learn_draws_and_scores():
    grid = {"update_learning_rate": loguniform(0.01, 1.0), "noise_p": uniform(0, 0.5)}
    options = {"n_iter": 4, "cv": 2, "random_state": 3}
    ours = BatchedRandomizedSearchCV(make_net(), grid, lanes="vmap", **options).fit(X, y)
    theirs = RandomizedSearchCV(make_net(), grid, **options).fit(X, y)
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    np.testing.assert_allclose(
        ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], atol=1e-4
    )
    assert ours.best_params_ == theirs.best_params_

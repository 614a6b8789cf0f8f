import numpy as np
import pytest
from distributed import Client
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV

from ..nets import X, make_net, y

GRID = {"update_learning_rate": [1e-4, 0.3]}


@pytest.fixture(scope="module")
def client():
    options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": None}
    with Client(processes=False, **options) as client:
        yield client


def test_a_search_of_scikit_learn_in_threads_of_dask_finds_the_same_scores(client):
    """Batched searches have tests of their own, in tests/model_selection/test_dask_workers.py."""
    options = {"cv": 2, "refit": False, "error_score": "raise"}
    net = make_net(train_split=None)
    expected = GridSearchCV(net, GRID, **options).fit(X, y).cv_results_["mean_test_score"]
    with parallel_config(backend="dask"):
        found = GridSearchCV(net, GRID, **options).fit(X, y).cv_results_["mean_test_score"]
    np.testing.assert_allclose(found, expected)
    assert found[1] > found[0]

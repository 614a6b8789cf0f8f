import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.model_selection import GridSearchCV, cross_val_predict

from skconv.model_selection import BatchedGridSearchCV

from ..nets import X, make_net, y

RARE = np.append(np.arange(len(X))[y == 0], np.arange(len(X))[y == 1][:8])


@pytest.mark.parametrize("sampler", [SMOTE(k_neighbors=2, random_state=0), RandomUnderSampler()])
def test_a_net_is_fitted_on_resampled_rows_and_scored_on_all(sampler):
    counts = []

    def count(X, y, net):
        counts.append(np.bincount(y).tolist())
        return X, X[:1], y, y[:1]

    model = make_pipeline(sampler, make_net(train_split=count)).fit(X[RARE], y[RARE])
    ((first, second),) = counts
    assert first == second
    assert model.predict(X[RARE]).shape == RARE.shape
    assert cross_val_predict(model, X[RARE], y[RARE], cv=2).shape == RARE.shape


def test_searches_over_samplers_agree():
    grid = {"smote__k_neighbors": [1, 3], "neuralnet__update_learning_rate": [0.01, 0.3]}
    model = make_pipeline(SMOTE(random_state=0), make_net(train_split=None))
    options = {"cv": 2, "scoring": "balanced_accuracy", "refit": False, "error_score": "raise"}
    one = GridSearchCV(model, grid, **options).fit(X[RARE], y[RARE])
    other = BatchedGridSearchCV(model, grid, **options).fit(X[RARE], y[RARE])
    expected, found = (search.cv_results_["mean_test_score"] for search in (one, other))
    np.testing.assert_allclose(found, expected)
    assert len(set(found)) > 1

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..nets import X, make_net, y

with pytest.warns(PendingDeprecationWarning, match=r"^The set_\w+ function will be deprecated"):
    import shap

TABLE = pd.DataFrame(X, columns=list("abcde"))


@pytest.fixture(scope="module")
def model():
    """A pipeline whose net gives no weight to the last column."""
    net = make_net(hidden_W=np.float32([[1], [2], [3], [4], [0]]) * np.ones((1, 4)), max_epochs=0)
    return make_pipeline(StandardScaler(), net).fit(TABLE, y)


def test_values_of_columns_sum_to_the_prediction(model):
    def predict(rows):
        return model.predict_proba(pd.DataFrame(rows, columns=TABLE.columns))

    explainer = shap.KernelExplainer(predict, TABLE[:10])
    values = explainer.shap_values(TABLE[:5], silent=True)
    assert values.shape == (5, 5, 3)
    np.testing.assert_allclose(
        values.sum(axis=1) + explainer.expected_value, model.predict_proba(TABLE[:5]), atol=1e-5
    )
    np.testing.assert_allclose(values[:, 4], 0, atol=1e-6)
    assert np.abs(values[:, :4]).max() > 0.01


def test_the_method_of_a_net_can_be_passed_itself():
    net = make_net().fit(TABLE, y)
    explainer = shap.KernelExplainer(net.predict_proba, TABLE[:10])
    values = explainer.shap_values(TABLE[:2], silent=True)
    sums = values.sum(axis=1) + explainer.expected_value
    np.testing.assert_allclose(sums, net.predict_proba(TABLE[:2]), atol=1e-5)
    assert list(net.feature_names_in_) == list("abcde")

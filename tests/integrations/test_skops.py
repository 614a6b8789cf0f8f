import numpy as np
import skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv.handlers import EarlyStopping, TensorBoard

from ..nets import X, make_net, y

NET = "skconv.estimator.neural_net.NeuralNet"


def test_a_pipeline_with_a_net_needs_one_trusted_type(tmp_path):
    handlers = [EarlyStopping(verbose=0), TensorBoard(str(tmp_path / "runs"))]
    model = make_pipeline(StandardScaler(), make_net(on_epoch_finished=handlers)).fit(X, y)
    path = tmp_path / "model.skops"
    skops.io.dump(model, path)
    assert skops.io.get_untrusted_types(file=path) == [NET]
    loaded = skops.io.load(path, trusted=[NET])
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    loaded.fit(X, y)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))

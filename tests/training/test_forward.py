import numpy as np
import pytest
from sklearn.metrics import log_loss

from skconv.layers import DenseLayer
from skconv.updates.rules import sgd

from ..nets import LAYERS, X, make_net, softmax_of, y


def test_an_output_that_feeds_another_keeps_its_nonlinearity():
    layers = [LAYERS[0], ("first", DenseLayer), ("second", DenseLayer)]
    net = make_net(layers=layers, outputs=["first", "second"], train_split=None, max_epochs=1)
    net.set_params(update=sgd, update_learning_rate=0.0, objective_l2=0.0, batch_iterator_train=40)
    net.fit(X, (y, y > 0))
    first, second = net.predict_proba(X)
    W, b = (net.layers_["second"].get_params()[i].get_value() for i in (0, 1))
    np.testing.assert_allclose(second, softmax_of(first @ W + b), rtol=1e-4)
    expected = log_loss(y, first) + log_loss(y > 0, second)
    assert net.train_history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)

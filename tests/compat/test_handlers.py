"""Handlers with nolearn's files."""

import numpy as np
import pytest
from sklearn.base import clone

from skconv.compat.handlers import SaveWeights
from skconv.compat.layers import LAYERS
from skconv.compat.nets import NeuralNet


def test_weights_are_saved_with_any_suffix(tmp_path):
    net = NeuralNet(
        [("input", LAYERS["InputLayer"]), ("output", LAYERS["DenseLayer"])],
        output_num_units=1,
        output_nonlinearity=None,
        regression=True,
        max_epochs=2,
        on_epoch_finished=[SaveWeights(str(tmp_path / "net-{epoch}.pickle"))],
        random_state=0,
    )
    X = np.linspace(-1, 1, 10, dtype=np.float32)[:, None]
    net.fit(X, X)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "net-0001.pickle",
        "net-0002.pickle",
    ]
    other = clone(net).set_params(on_epoch_finished=[], input_shape=(None, 1))
    other.load_params_from(str(tmp_path / "net-0002.pickle"))
    assert np.array_equal(other.predict(X), net.predict(X))


def test_placeholders_are_checked():
    with pytest.raises(ValueError, match=r"path must have no placeholders but \{epoch\}"):
        SaveWeights("net-{accuracy}.pickle")

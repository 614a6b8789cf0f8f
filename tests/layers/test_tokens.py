import numpy as np

from skconv import NeuralNet
from skconv.layers import ClassTokenLayer, DenseLayer, InputLayer, SliceLayer


def test_the_first_token_is_the_same_for_all_rows():
    layers = [
        ("input", InputLayer((None, 5, 3))),
        ("token", ClassTokenLayer(W=[[1.0, 2.0, 3.0]])),
        ("first", SliceLayer(indices=0, axis=1)),
        ("output", DenseLayer(num_units=2)),
    ]
    net = NeuralNet(layers, random_state=0).initialize()
    X = np.random.default_rng(0).normal(size=(4, 5, 3)).astype(np.float32)
    np.testing.assert_array_equal(net.get_output("token", X)[:, 1:], X)
    np.testing.assert_array_equal(net.get_output("first", X), [[1, 2, 3]] * 4)


def test_tokens_are_small_at_first():
    net = NeuralNet(
        [
            InputLayer((None, 2, 400)),
            ("token", ClassTokenLayer(num_tokens=5)),
            (DenseLayer, {"num_units": 2}),
        ]
    )
    (W,) = [p for p in net.initialize().get_all_params() if p.name == "token.W"]
    assert W.shape == (5, 400)
    assert 0.018 < np.std(W.get_value()) < 0.022

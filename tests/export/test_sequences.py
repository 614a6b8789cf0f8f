import pytest

from skconv.layers import GRULayer, LSTMLayer, MultiHeadAttentionLayer, RecurrentLayer
from skconv.nonlinearities import tanh

STEPS = (6, 4)


@pytest.mark.parametrize(
    ("layer", "fields", "operator"),
    [
        (RecurrentLayer, {"backwards": True}, "RNN"),
        (RecurrentLayer, {"nonlinearity": tanh, "b": None, "only_return_final": True}, "RNN"),
        (LSTMLayer, {"only_return_final": True}, "LSTM"),
        (LSTMLayer, {"peepholes": False, "backwards": True, "learn_init": True}, "LSTM"),
        (GRULayer, {"only_return_final": True, "backwards": True}, "GRU"),
        (GRULayer, {}, "GRU"),
    ],
)
def test_recurrent_layers(same, layer, fields, operator):
    assert operator in same(STEPS, (layer, {"num_units": 3, **fields}))


def test_attention(same):
    assert "Loop" not in same(STEPS, (MultiHeadAttentionLayer, {"num_heads": 2, "b_k": None}))


def test_axes_of_features_are_flattened(same):
    same((3, 2, 2), (RecurrentLayer, {"num_units": 3}), (LSTMLayer, {"num_units": 2}))
    same((3, 2, 2), (MultiHeadAttentionLayer, {"num_heads": 2}))

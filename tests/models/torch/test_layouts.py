import numpy as np
import pytest
import torch
from torch import nn

from skconv import NeuralNet
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    DenseLayer,
    DepthwiseConv2DLayer,
    DilatedConv2DLayer,
    EmbeddingLayer,
    GroupNormLayer,
    GRULayer,
    InputLayer,
    LayerNormLayer,
    LSTMLayer,
    MultiHeadAttentionLayer,
    NINLayer,
    ParametricRectifierLayer,
    RecurrentLayer,
    SeparableConv2DLayer,
    SqueezeExciteLayer,
    TransposedConv2DLayer,
    TransposedConv3DLayer,
)
from skconv.models.torch.layouts import layouts
from skconv.nonlinearities import tanh
from tests.models.torch_modules import (
    All,
    BothEnds,
    Integers,
    JointAttention,
    Last,
    SelfAttention,
    SqueezeExcite,
    randomize,
)

LINEAR = {"nonlinearity": None}
FINAL = {"num_units": 5, "only_return_final": True}
LSTM = {**FINAL, "peepholes": False}
NO_BIAS = nn.Linear(16, 5, bias=False)
SEQUENCE = (5, 6)

CASES = {
    "images": (
        (4, 7, 7),
        [
            (Conv2DLayer, {"num_filters": 6, "filter_size": 3, "num_groups": 2}),
            (Conv2DLayer, {"num_filters": 5, "filter_size": 2, "b": None, **LINEAR}),
            (BatchNormLayer, {"epsilon": 0.1}),
            (DepthwiseConv2DLayer, {"filter_size": 3, "depth_multiplier": 2, **LINEAR}),
            (ParametricRectifierLayer, {}),
            (SqueezeExciteLayer, {"num_hidden": 2}),
            (TransposedConv2DLayer, {"num_filters": 3, "filter_size": 3, "stride": 2, **LINEAR}),
            (ParametricRectifierLayer, {"shared_axes": (0, 1, 2, 3)}),
        ],
        [
            *(nn.Conv2d(4, 6, 3, groups=2), nn.ReLU(), nn.Conv2d(6, 5, 2)),
            *(nn.BatchNorm2d(5, eps=0.1), nn.Conv2d(5, 10, 3, groups=5), nn.PReLU(10)),
            *(SqueezeExcite(10, 2), nn.ConvTranspose2d(10, 3, 3, stride=2), nn.PReLU()),
        ],
    ),
    "images, with filters in other layouts": (
        (4, 7, 7),
        [
            (BatchNormLayer, {"epsilon": 1e-5, "beta": None, "gamma": None}),
            (Conv2DLayer, {"num_filters": 6, "filter_size": 3, "flip_filters": True}),
            (SeparableConv2DLayer, {"num_filters": 5, "filter_size": 2}),
            (NINLayer, {"num_units": 4}),
            (DilatedConv2DLayer, {"num_filters": 5, "filter_size": 2, "dilation": 2}),
            (GroupNormLayer, {"num_groups": 5}),
            (
                TransposedConv2DLayer,
                {"num_filters": 3, "filter_size": 3, "flip_filters": False, **LINEAR},
            ),
        ],
        [
            *(nn.BatchNorm2d(4, affine=False), nn.Conv2d(4, 6, 3), nn.ReLU()),
            *(nn.Conv2d(6, 6, 2, groups=6, bias=False), nn.Conv2d(6, 5, 1), nn.ReLU()),
            *(nn.Conv2d(5, 4, 1), nn.ReLU(), nn.Conv2d(4, 5, 2, dilation=2), nn.ReLU()),
            *(nn.GroupNorm(5, 5), nn.ConvTranspose2d(5, 3, 3)),
        ],
    ),
    "volumes": (
        (2, 4, 4, 4),
        [
            (Conv3DLayer, {"num_filters": 3, "filter_size": 2}),
            (TransposedConv3DLayer, {"num_filters": 2, "filter_size": 2, **LINEAR}),
        ],
        [nn.Conv3d(2, 3, 2), nn.ReLU(), nn.ConvTranspose3d(3, 2, 2)],
    ),
    "sequences of channels": (
        (3, 9),
        [
            (Conv1DLayer, {"num_filters": 4, "filter_size": 3, "stride": 2}),
            (DenseLayer, {"num_units": 5, "b": None}),
        ],
        [nn.Conv1d(3, 4, 3, stride=2), nn.ReLU(), nn.Flatten(), NO_BIAS, nn.ReLU()],
    ),
    "embedding": (
        (5,),
        [
            (EmbeddingLayer, {"input_size": 10, "output_size": 4}),
            (LayerNormLayer, {}),
            (MultiHeadAttentionLayer, {"num_heads": 2}),
            (RecurrentLayer, {"nonlinearity": tanh, **FINAL}),
        ],
        [
            *(Integers(), nn.Embedding(10, 4), nn.GroupNorm(1, 5), JointAttention(4, 2)),
            Last(nn.RNN(4, 5, batch_first=True)),
        ],
    ),
    "gated units": (
        (5, 6),
        [
            (MultiHeadAttentionLayer, {"num_heads": 2}),
            (LSTMLayer, {"num_units": 6, "peepholes": False}),
            (LSTMLayer, {"num_units": 6, "peepholes": False}),
            (GRULayer, FINAL),
        ],
        [
            *(SelfAttention(6, 2), All(nn.LSTM(6, 6, 2, batch_first=True, bias=False))),
            Last(nn.GRU(6, 5, batch_first=True, bias=False)),
        ],
    ),
    "both directions": (
        (5, 6),
        [
            (LSTMLayer, {**LSTM, "incoming": "input", "name": "there"}),
            (LSTMLayer, {**LSTM, "backwards": True, "incoming": "input", "name": "back"}),
            (ConcatLayer, {"incomings": ["there", "back"]}),
        ],
        [BothEnds(nn.LSTM(6, 5, batch_first=True, bidirectional=True))],
    ),
}

EPSILON = "ignore:weights of torch do not hold the epsilon:UserWarning"


def load(shape, layers, module, **fields):
    entries = [(InputLayer, {"name": "input", "shape": (None, *shape)}), *layers]
    entries.append((DenseLayer, {"name": "output", "num_units": 3}))
    net = NeuralNet(layers=entries, **fields)
    net.load_params_from(module.state_dict())
    return net


@pytest.mark.filterwarnings(EPSILON)
@pytest.mark.parametrize("case", CASES)
def test_outputs_are_those_of_torch(case):
    shape, layers, modules = CASES[case]
    X = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    X = np.round(5 + X).clip(0, 9) if case == "embedding" else X
    body = randomize(nn.Sequential(*modules, nn.Flatten()))
    with torch.no_grad():
        features = body(torch.tensor(X)).shape[1]
        module = nn.Sequential(*body, randomize(nn.Linear(features, 3)))
        expected = module(torch.tensor(X)).softmax(1).numpy()
    found = load(shape, layers, module).predict_proba(X)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_gated_units_with_biases_that_the_layer_does_not_have():
    module = nn.Sequential(Last(nn.GRU(6, 5, batch_first=True)), nn.Linear(5, 3))
    net = [(GRULayer, {**FINAL, "name": "gru"})]
    message = r"^parameter 'gru.b_hidden_update': bias_hh of the new gate must be zero, as torch"
    with pytest.raises(ValueError, match=message):
        load(SEQUENCE, net, randomize(module))
    with torch.no_grad():
        module[0].recurrent.bias_hh_l0[10:] = 0
    X = np.random.default_rng(0).normal(size=(2, *SEQUENCE)).astype("float32")
    with torch.no_grad():
        expected = module(torch.tensor(X)).softmax(1)
    np.testing.assert_allclose(load(SEQUENCE, net, module).predict_proba(X), expected, rtol=1e-5)


def test_peepholes():
    module = nn.Sequential(Last(nn.LSTM(6, 5, batch_first=True)), nn.Linear(5, 3))
    with pytest.raises(ValueError, match=r"no peepholes: write lstm_peepholes=False$"):
        load(SEQUENCE, [(LSTMLayer, {**FINAL, "name": "lstm"})], module)


def test_layers_of_ones_own_have_tensors_of_the_same_names():
    class Own(DenseLayer):
        pass

    ((slot,),) = layouts(Own(num_units=3), ["W"])
    assert slot.recipes["W"].shape({"weight": (3, 5)}) == (5, 3)
    ((slot,),) = layouts(EmbeddingLayer(input_size=3, output_size=2), ["W", "scale"])
    assert {name: recipe.leaves for name, recipe in slot.recipes.items()} == {
        "W": ("weight",),
        "scale": ("scale",),
    }

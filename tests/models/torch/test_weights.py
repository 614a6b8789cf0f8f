import re
from itertools import pairwise

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from skconv import NeuralNet
from skconv.layers import BatchNormLayer, DenseLayer, InputLayer
from skconv.models import alexnet, resnet, vgg
from skconv.models.torch.weights import from_torch
from tests.models.torch_modules import randomize

PUBLISHED = {
    "alexnet": alexnet(groups=1),
    **{f"resnet{depth}": resnet(depth) for depth in (18, 34, 50, 101, 152)},
    **{f"vgg{n}": vgg(name) for n, name in ((11, "A"), (13, "B"), (16, "D"), (19, "E"))},
    "vgg11_bn": vgg("A", batch_norm=True),
    "vgg19_bn": vgg("E", batch_norm=True),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_names_give_the_order_of_definition(name, built):
    with torch.device("meta"):
        weights = getattr(torchvision.models, name)().state_dict()
    network = built(PUBLISHED[name])
    heads = [head.name for head in network.heads]
    named = from_torch(weights, network.nodes, heads=heads)
    assert named.family == re.match("[a-z]+", name)[0]
    shapes = {place: array.shape for place, array in named.arrays.items()}
    assert shapes == network.parameter_shapes()
    layers = [node.name for node in network.nodes if node.specs]
    paths = dict.fromkeys(key.rpartition(".")[0] for key in weights)
    assert named.modules == {layer: [path] for layer, path in zip(layers, paths, strict=True)}


def load(made, weights, **fields):
    net = NeuralNet(**made, **fields)
    net.load_params_from(weights)
    return net


@pytest.fixture(scope="module")
def resnet18():
    return randomize(torchvision.models.resnet18(num_classes=5))


def test_arrays_are_those_of_torchvision(resnet18, built):
    network = built(resnet(18, (3, 32, 32), 5))
    arrays = from_torch(resnet18.state_dict(), network.nodes).arrays
    block = resnet18.layer2[0]
    norm = block.downsample[1]
    for place, expected in {
        ("conv3_1b", "W"): block.conv2.weight.detach(),
        ("conv3_1_shortcut", "W"): block.downsample[0].weight.detach(),
        ("norm3_1_shortcut", "inv_std"): (norm.running_var.double() + 1e-5) ** -0.5,
        ("norm3_1_shortcut", "mean"): norm.running_mean,
        ("norm3_1_shortcut", "gamma"): norm.weight.detach(),
        ("norm3_1_shortcut", "beta"): norm.bias.detach(),
        ("output", "W"): resnet18.fc.weight.detach().T,
    }.items():
        np.testing.assert_allclose(arrays[place], expected, rtol=1e-12)


def dense(*units, inputs=6, **keywords):
    """Return a net of dense layers."""
    layers = [(InputLayer, {"shape": (None, inputs)})]
    layers += [(DenseLayer, {"name": f"fc{i}", "num_units": n}) for i, n in enumerate(units)]
    return {"layers": layers, "random_state": 0, **keywords}


def mlp(*sizes):
    return randomize(nn.Sequential(*(nn.Linear(*pair) for pair in pairwise(sizes))))


def test_own_nets_by_order_say_what_went_where(capsys):
    module = mlp(6, 6, 6, 3)
    net = load(dense(6, 6, 3), module.state_dict(), verbose=1)
    assert capsys.readouterr().out == (
        "Loaded 6 arrays with 105 numbers from a state dict of torch.\n"
        "  fc0 <- 0\n  fc1 <- 1\n  fc2 <- 2\n"
    )
    np.testing.assert_array_equal(net.layers_["fc1"].W.get_value(), module[1].weight.detach().T)


def test_names_come_before_order():
    module = nn.ModuleDict({"fc1": nn.Linear(6, 6), "fc0": nn.Linear(6, 6), "fc2": nn.Linear(6, 3)})
    net = load(dense(6, 6, 3), randomize(module).state_dict())
    np.testing.assert_array_equal(net.layers_["fc1"].W.get_value(), module["fc1"].weight.detach().T)


def test_equal_shapes_without_order_are_refused():
    module = nn.ModuleDict({"top": nn.Linear(6, 6), "low": nn.Linear(6, 6), "end": nn.Linear(6, 3)})
    weights = module.state_dict()
    assert load(dense(6, 6, 3), weights).layers_["fc0"].W.get_value().shape == (6, 6)
    message = r"By order and shape the choice is not clear: 'low', 'top' have the same shape; give"
    with pytest.raises(ValueError, match=message):
        load(dense(6, 6, 3), dict(sorted(weights.items())))


@pytest.mark.parametrize("strict", [True, False])
def test_output_layers_of_other_classes_are_left_as_they_are(strict):
    net = NeuralNet(**dense(8, 4)).initialize()
    before = net.layers_["fc1"].W.get_value()
    message = (
        r"^load_params_from leaves layer 'fc1' as it is: it has 4 units, and '1' of the weights "
        r"has 3$"
    )
    module = mlp(6, 8, 3)
    with pytest.warns(UserWarning, match=message):
        net.load_params_from(module.state_dict(), strict=strict)
    np.testing.assert_array_equal(net.layers_["fc1"].W.get_value(), before)
    np.testing.assert_array_equal(net.layers_["fc0"].W.get_value(), module[0].weight.detach().T)


def test_hidden_layers_of_other_sizes_are_refused():
    net = NeuralNet(**dense(9, 4)).initialize()
    before = net.get_all_params_values()
    with pytest.raises(ValueError) as caught:
        net.load_params_from(mlp(6, 8, 4).state_dict())
    assert str(caught.value) == (
        "source must hold weights for this net, got those of another, in which\n"
        " - fc0.W must have shape (6, 9), got (6, 8), fc0.b must have shape (9,), got (8,), fc1.W "
        "must have shape (9, 4), got (8, 4)\n"
        "Neither names nor order and shape fit; to load some of them, give a dict with the names "
        "of this net, as in {'fc0.W': array}"
    )
    for name, values in net.get_all_params_values().items():
        for value, kept in zip(values, before[name], strict=True):
            np.testing.assert_array_equal(value, kept)


def test_weights_of_another_network_give_a_short_message(resnet18):
    with pytest.raises(ValueError) as caught:
        NeuralNet(**dense(9, 4)).load_params_from(resnet18.state_dict())
    message = str(caught.value)
    assert len(message) < 1000
    assert len(re.findall(r"'[\w.]+' \(", message)) <= 10
    assert "build the net with skconv.models.resnet" in message


def test_epsilons_that_may_differ():
    layers = [
        (InputLayer, {"shape": (None, 6)}),
        (BatchNormLayer, {"name": "norm"}),
        (DenseLayer, {"name": "output", "num_units": 3}),
    ]
    module = randomize(nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 3)))
    message = (
        "weights of torch do not hold the epsilon of batch normalization, by default 1e-05: it is "
        "0.0001 for layers norm, whose variances were taken with 1e-05; write norm_epsilon=..."
    )
    with pytest.warns(UserWarning, match=re.escape(message)):
        net = load({"layers": layers}, module.state_dict())
    expected = (module[0].running_var.double() + 1e-5) ** -0.5
    np.testing.assert_allclose(net.layers_["norm"].inv_std.get_value(), expected, rtol=1e-6)
    net = load({"layers": layers, "norm_epsilon": 1e-5}, module.state_dict())
    np.testing.assert_allclose(net.layers_["norm"].inv_std.get_value(), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_types_become_float32(dtype):
    module = mlp(6, 8, 3).to(dtype)
    W = load(dense(8, 3), module.state_dict()).layers_["fc0"].W.get_value()
    assert W.dtype == np.float32
    np.testing.assert_array_equal(W, module[0].weight.detach().float().T)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.fill_(float("nan")), r"^parameter 'fc0.W' must hold finite numbers$"),
        (lambda w: w.to("meta"), r"^parameter 'fc0.W' must hold values, got a tensor without"),
        (lambda w: w.to(torch.complex64), r"^parameter 'fc0.W' must hold .* got complex64"),
        (lambda w: w.to(torch.float8_e5m2), r"^parameter 'fc0.W' must hold .* got float8_e5m2"),
        (
            lambda w: w[0, 0].expand(10**6, 10**6),
            r"fc0.W must have shape \(6, 8\), got \(1000000, 1",
        ),
        (lambda w: w[0, 0], r"fc0.W must have shape \(6, 8\), got None"),
    ],
)
def test_tensors_without_sound_values(change, message):
    weights = mlp(6, 8, 3).state_dict()
    weights["0.weight"] = change(weights["0.weight"])
    with pytest.raises(ValueError, match=message):
        load(dense(8, 3), weights)


def test_shared_weights_must_be_shared():
    layers = [
        (InputLayer, {"shape": (None, 6)}),
        (DenseLayer, {"name": "there", "num_units": 6}),
        (DenseLayer, {"name": "back", "num_units": 6, "W": "there.W.T"}),
        (DenseLayer, {"name": "output", "num_units": 3}),
    ]
    module = mlp(6, 6, 6, 3)
    with pytest.raises(ValueError, match=r"must have equal arrays for back.W and there.W, which"):
        load({"layers": layers}, module.state_dict())
    with torch.no_grad():
        module[1].weight[:] = module[0].weight.T
    net = load({"layers": layers}, module.state_dict())
    np.testing.assert_array_equal(net.layers_["back"].b.get_value(), module[1].bias.detach())

import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet, models
from skconv.layers import DenseLayer, DropoutLayer, InputLayer, NormalizationLayer
from skconv.models import Pretrained, finetune

LAYERS = [
    ("input", InputLayer),
    ("scale", NormalizationLayer),
    ("hidden", DenseLayer),
    ("dropout", DropoutLayer),
    ("last", DenseLayer),
    ("dropout2", DropoutLayer),
    ("output", DenseLayer),
]
SIZES = {
    "hidden_num_units": 5,
    "last_num_units": 4,
    "output_num_units": 3,
    "input_shape": (None, 6),
}

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 6)).astype(np.float32)
y = rng.integers(0, 2, 60)


@pytest.fixture(scope="module")
def pretrained():
    net = NeuralNet(LAYERS, **SIZES, random_state=7).initialize()
    return Pretrained.from_net(net, "six")


def test_all_layers_but_the_output_are_frozen(pretrained):
    network = finetune(pretrained)
    assert (network["hidden_grad_scale"], network["last_grad_scale"]) == (0, 0)
    assert not {"output_grad_scale", "scale_grad_scale"} & network.keys()
    left = {name for name in pretrained.weights if not name.startswith("output")}
    assert set(network["pretrained"].weights) == left
    assert network["cache_features"]


def test_only_noise_before_frozen_layers_is_turned_off(pretrained):
    assert finetune(pretrained)["dropout_p"] == 0
    assert "dropout2_p" not in finetune(pretrained)
    assert "dropout_p" not in finetune(pretrained, rate={"hidden": 0, "last": 0.1})


def test_the_number_of_classes_is_set_or_inferred(pretrained):
    assert finetune(pretrained, 10)["output_num_units"] == 10
    assert "output_num_units" not in finetune(pretrained)
    assert pretrained.network["output_num_units"] == 3


def test_the_first_pattern_that_matches_sets_the_rate(pretrained):
    network = finetune(pretrained, rate={"last": 0.1, "*": 0.5})
    assert (network["last_grad_scale"], network["hidden_grad_scale"]) == (0.1, 0.5)
    assert not network["cache_features"]
    assert "last_grad_scale" not in finetune(pretrained, rate={"hid*": 0.5})


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        ({"hiden": 0}, r"names or patterns of layers with weights, got 'hiden'.*'hidden'"),
        ({"output": 0}, "names or patterns of layers with weights, got 'output'"),
        (-1, "rate must be a non-negative number, got -1"),
        ("low", "rate must be a non-negative number, got 'low'"),
    ],
)
def test_rates_that_cannot_be_meant_are_refused(pretrained, rate, message):
    with pytest.raises(ValueError, match=message):
        finetune(pretrained, rate=rate)


def test_a_net_is_refused(pretrained):
    with pytest.raises(TypeError, match=r"write models.Pretrained.from_net\(net\)"):
        finetune(NeuralNet())


def test_training_changes_the_output_alone(pretrained):
    net = NeuralNet(**finetune(pretrained), max_epochs=3, random_state=0).fit(X, y)
    after = {p.name: p.get_value() for p in net.get_all_params()}
    for name, before in pretrained.weights.items():
        if not name.startswith(("output", "scale")):
            np.testing.assert_array_equal(after[name], before)
    start = clone(net).set_params(max_epochs=0).fit(X, y)
    assert not np.array_equal(after["output.W"], start.layers_["output"].W.get_value())


HIDDEN = DenseLayer(num_units=5)


@pytest.mark.parametrize(
    "layers",
    [
        [InputLayer(), HIDDEN, DropoutLayer(), DenseLayer(num_units=3)],
        [("input", InputLayer()), ("hidden", HIDDEN), ("output", DenseLayer(num_units=3))],
        DenseLayer(DenseLayer(InputLayer((None, 6)), 5), 3),
        None,
    ],
    ids=["without names", "instances", "graph", "default"],
)
def test_layers_may_be_given_in_any_form(layers):
    source = Pretrained.from_net(
        NeuralNet(layers, max_epochs=0, random_state=0).fit(X, y + y[::-1])
    )
    net = NeuralNet(**finetune(source, 2), max_epochs=0, random_state=1).fit(X, y)
    scales = [
        layer.grad_scale for layer in net.get_all_layers() if layer.get_params(trainable=True)
    ]
    assert scales == [0.0, None]
    body, head = (layer for layer in net.get_all_layers() if layer.get_params(trainable=True))
    np.testing.assert_array_equal(body.W.get_value(), source.weights[f"{body.name}.W"])
    assert head.output_shape == (None, 2)


@pytest.mark.parametrize("rows", [X, X[:, :1].repeat(64, 1).reshape(-1, 1, 8, 8)])
def test_the_default_network_keeps_the_scale_of_its_targets(rows):
    target = 100 + X[:, 0]
    first = NeuralNet(regression=True, hidden_layer_sizes=(4, 3), max_epochs=0, random_state=0)
    source = Pretrained.from_net(first.fit(rows, target))
    same = NeuralNet(
        **source.network, pretrained=source, regression=True, max_epochs=0, random_state=1
    )
    np.testing.assert_array_equal(same.fit(rows, target).predict(rows), first.predict(rows))
    network = finetune(source)
    frozen = {name.removesuffix("_grad_scale") for name in network if name.endswith("_grad_scale")}
    conv = {"conv1", "conv2"} if rows.ndim == 4 else set()
    assert frozen == {"hidden1", "hidden2"} | conv
    new = NeuralNet(**network, regression=True, max_epochs=0, random_state=1).fit(rows, 2 * target)
    assert new.predict(rows).mean() > 150


def test_the_output_is_new_also_for_as_many_classes(pretrained):
    net = NeuralNet(**finetune(pretrained, 3), random_state=0).initialize()
    plain = NeuralNet(LAYERS, **SIZES, random_state=0).initialize()
    for name in ("W", "b"):
        new, drawn = (getattr(one.layers_["output"], name).get_value() for one in (net, plain))
        np.testing.assert_array_equal(new, drawn)
    assert not np.array_equal(net.layers_["output"].W.get_value(), pretrained.weights["output.W"])


def test_each_of_several_outputs_is_new():
    layers = [
        ("input", InputLayer),
        ("hidden", DenseLayer(num_units=5)),
        ("one", DenseLayer),
        (DenseLayer, {"name": "other", "incoming": "hidden"}),
    ]
    targets = {"one": y, "other": y + y[::-1]}
    source = NeuralNet(layers, outputs=["one", "other"], output_weights={"one": 0.5}, max_epochs=0)
    network = finetune(Pretrained.from_net(source.fit(X, targets)))
    assert {name for name in network if name.endswith("grad_scale")} == {"hidden_grad_scale"}
    net = NeuralNet(**network, output_weights={"other": 0.5}, max_epochs=0)
    net.fit(X, targets)
    assert [net.layers_[name].output_shape for name in ("one", "other")] == [(None, 2), (None, 3)]


@pytest.mark.parametrize(
    "network",
    [
        models.lenet5((1, 32, 32), 10),
        models.alexnet((3, 67, 67), 10, width=0.05),
        models.resnet(20, (3, 16, 16), 10, width=0.25),
        models.googlenet((3, 64, 64), 10, width=0.1),
    ],
    ids=["lenet5", "alexnet", "resnet", "googlenet"],
)
def test_published_networks_get_other_classes(network):
    pretrained = Pretrained.from_net(NeuralNet(**network, random_state=0).initialize())
    net = NeuralNet(**finetune(pretrained, 4), random_state=0).initialize()
    outputs = [head.name for head in net.network_.heads]
    assert all(net.layers_[name].output_shape == (None, 4) for name in outputs)
    frozen = {node.name for node in net.network_.nodes if node.layer.grad_scale == 0}
    trained = {p.place[0] for p in net.get_all_params(trainable=True)} - frozen
    assert len(trained) == len(outputs)

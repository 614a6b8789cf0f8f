import re
from functools import partial

import jax
import numpy as np
import pytest

from skconv import NeuralNet
from skconv.estimator.heads import read_heads
from skconv.estimator.routing import route_keywords
from skconv.layers import Context
from skconv.network.builder import build_network
from skconv.network.graph import count_parameters
from skconv.network.layer_list import layer_keywords, read_layers
from skconv.updates.rules import adam


@pytest.fixture
def built():
    """Build the network that a model describes, without drawing its weights."""

    def built(made):
        given = dict(made)
        entries = read_layers(given.pop("layers"))
        heads = read_heads(None, given.pop("aux_outputs", ()), [entry.name for entry in entries])
        owners = {entry.name: layer_keywords(entry.cls) for entry in entries}
        routed, problems = route_keywords(given, owners, [])
        problems.raise_any()
        return build_network(entries, routed, heads=heads)

    return built


@pytest.fixture
def size(built):
    """Count the trainable parameters of a model."""
    return lambda made: sum(count_parameters(node.specs.values()) for node in built(made).nodes)


@pytest.fixture
def shapes(built):
    """List the output shapes of some layers, without the batch."""

    def shapes(made, names):
        network = built(made)
        return [network.node(name).output_shape[1:] for name in names]

    return shapes


@pytest.fixture
def fits_torch(built):
    """Compare the places and shapes of all weights with those of a network of torch's."""

    def fits_torch(made, name, names):
        network = built(made)
        with torch.device("meta"):
            theirs = published(name)
        weights = weights_of_torch(network, theirs, names)
        assert {place: tuple(v.shape) for place, v in weights.items()} == network.parameter_shapes()

    torch = pytest.importorskip("torch")
    return fits_torch


def published(name):
    """Create a network of torchvision or timm by its name, as in 'timm:resnet18'."""
    package, _, name = name.partition(":")
    if package == "timm":
        return pytest.importorskip("timm").create_model(name)
    return pytest.importorskip("torchvision").models.get_model(name)


@pytest.fixture
def same_as_torch(built):
    """Compare the outputs of a model with those of torch's, for the same random weights."""
    torch = pytest.importorskip("torch")

    def same_as_torch(made, theirs, names, rtol=1e-5):
        randomize(torch, theirs)
        network = built(made)
        params, state = {}, {}
        for (layer, name), value in weights_of_torch(network, theirs, names).items():
            spec = network.node(layer).specs[name]
            (params if spec.trainable else state).setdefault(layer, {})[name] = value.numpy()
        x = np.random.default_rng(0).normal(size=(2, *made["input_shape"][1:])).astype(np.float32)
        with torch.no_grad():
            expected = theirs.eval()(torch.tensor(x)).numpy()

        @partial(jax.jit, compiler_options=QUICK)
        def outputs(params, state, x):
            ctx, last = Context(False), network.heads[0].name
            return network.apply(params, state, {"input": x}, {}, ctx, logits=[last])[0][0]

        found = np.asarray(outputs(params, state, x))
        assert np.ptp(expected, axis=0).max() > 1e-3
        np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * np.abs(expected).max())

    return same_as_torch


QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Options of the compiler, which takes most of the time of a comparison."""


def randomize(torch, module):
    """Draw weights, biases and statistics, so that no layer is close to the identity."""
    draws = torch.Generator().manual_seed(0)
    for name, value in module.state_dict().items():
        drawn = torch.randn(value.shape, generator=draws)
        if name.endswith("running_var"):
            value.copy_(1 + 0.5 * torch.tanh(drawn))
        elif value.ndim == 1:
            value.copy_(0.2 * drawn + float(name.endswith("weight")))
        elif value.ndim:
            value.copy_(drawn * (2 / value[0].numel()) ** 0.5)


def weights_of_torch(network, theirs, names):
    """Return torch's weights by layer and name, by the one of several mappings that fits."""
    known = {node.name for node in network.nodes}
    modules = {key.rpartition(".")[0] for key in theirs.state_dict()}
    layer_of = max(names, key=lambda layer_of: sum(layer_of(name) in known for name in modules))
    weights = {}
    for key, value in theirs.state_dict().items():
        module, _, leaf = key.rpartition(".")
        if leaf == "num_batches_tracked":
            continue
        node = network.node(layer_of(module))
        kind = type(node.layer).__name__
        name = LEAVES.get((kind, leaf)) or {"weight": "W", "bias": "b"}[leaf]
        if kind == "SqueezeExciteLayer":
            name += "2" if re.search("fc2|expand", module) else "1"
        if name == "inv_std":
            value = (value + node.layer.epsilon) ** -0.5
        elif kind in ("DenseLayer", "NINLayer", "SqueezeExciteLayer") and leaf == "weight":
            value = value.reshape(value.shape[:2]).T
        assert (node.name, name) not in weights
        weights[node.name, name] = value
    return weights


LEAVES = {
    ("BatchNormLayer", "weight"): "gamma",
    ("BatchNormLayer", "bias"): "beta",
    ("BatchNormLayer", "running_mean"): "mean",
    ("BatchNormLayer", "running_var"): "inv_std",
}
"""Names of parameters by the class of the layer and torch's name."""


@pytest.fixture
def learns():
    """Train a model on 64 noisy pictures of four random patterns, and return its accuracy."""

    def learns(made, **fields):
        rng = np.random.default_rng(0)
        y = np.arange(64) % 4
        shape = made.get("input_shape", (None, 1, 32, 32))[1:]
        X = rng.uniform(-1, 1, (4, *shape))[y] + rng.normal(0, 0.5, (64, *shape))
        settings = {
            "update": adam,
            "update_learning_rate": 2e-3,
            "batch_iterator_train": 64,
            "train_split": None,
            "scores_train": [("right", lambda output, y: output.argmax(1) == y)],
            "random_state": 0,
        }
        net = NeuralNet(**made, **settings, **fields).fit(X, y)
        return net.train_history_[-1]["right"]

    return learns

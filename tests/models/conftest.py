from functools import partial

import jax
import numpy as np
import pytest

from skconv import NeuralNet
from skconv.estimator.heads import read_heads
from skconv.estimator.routing import route_keywords
from skconv.layers import Context
from skconv.models.torch.weights import from_torch
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
    """Check that all weights of a network of torchvision or timm, and no others, have a place."""
    torch = pytest.importorskip("torch")

    def fits_torch(made, name):
        package, _, name = name.partition(":")
        with torch.device("meta"):
            if package == "timm":
                theirs = pytest.importorskip("timm").create_model(name)
            else:
                theirs = pytest.importorskip("torchvision").models.get_model(name)
        network = built(made)
        converted = from_torch(theirs.state_dict(), network.nodes)
        assert converted.family
        assert not converted.unused
        shapes = {place: array.shape for place, array in converted.arrays.items()}
        assert shapes == network.parameter_shapes()

    return fits_torch


@pytest.fixture
def same_as_torch(built):
    """Compare the outputs of a model with those of torch's, for the same random weights."""
    torch = pytest.importorskip("torch")

    def same_as_torch(made, theirs, rtol=1e-5):
        randomize(torch, theirs.eval())
        network = built(made)
        converted = from_torch(theirs.state_dict(), network.nodes)
        assert converted.family
        params, state = {}, {}
        for (layer, name), value in converted.arrays.items():
            spec = network.node(layer).specs[name]
            (params if spec.trainable else state).setdefault(layer, {})[name] = np.asarray(value)
        x = np.random.default_rng(0).normal(size=(2, *made["input_shape"][1:])).astype(np.float32)
        with torch.no_grad():
            expected = theirs(torch.tensor(x)).numpy()

        @partial(jax.jit, compiler_options=QUICK)
        def outputs(params, state, x):
            ctx, last = Context(False), network.heads[0].name
            return network.apply(params, state, {"input": x}, {}, ctx, logits=[last])[0][0]

        found = np.asarray(outputs(params, state, x))
        assert np.ptp(expected, axis=0).max() > 1e-3 * np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * np.abs(expected).max())

    return same_as_torch


def randomize(torch, module):
    """Draw all weights and statistics, of a scale that keeps activations as large as the input."""
    draws = torch.Generator().manual_seed(0)
    for name, value in module.state_dict().items():
        drawn = torch.randn(value.shape, generator=draws)
        if name.endswith("running_var"):
            value.copy_(1 + 0.5 * torch.tanh(drawn))
        elif value.ndim == 1:
            value.copy_(0.2 * drawn + float(name.endswith("weight")))
        elif value.ndim:
            value.copy_(drawn * (2 / value[0].numel()) ** 0.5)


QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Options of the compiler, which takes most of the time of a comparison."""


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

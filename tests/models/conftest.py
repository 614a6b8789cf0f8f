import numpy as np
import pytest

from skconv import NeuralNet
from skconv.estimator.heads import read_heads
from skconv.estimator.routing import route_keywords
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

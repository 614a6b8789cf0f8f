import pickle

import jax
import numpy as np
import pytest
from scipy.signal import correlate2d

from skconv.errors import LayerError
from skconv.layers import Context
from skconv.models import lenet5
from skconv.models.lenet import TableConv2DLayer

rng = np.random.default_rng(0)

CONNECTIONS = """
X . . . X X X . . X X X X . X X
X X . . . X X X . . X X X X . X
X X X . . . X X X . . X . X X X
. X X X . . X X X X . . X . X X
. . X X X . . X X X X . X X . X
. . . X X X . . X X X X . X X X
"""
"""The paper's first table: maps of S2 down, maps of C3 across."""

table = np.array([row.split() for row in CONNECTIONS.split("\n")[1:-1]]) == "X"


def test_parameters(built, size):
    # the paper: 60,000 up to F6, and for the layers those in the sections on them
    network = built(lenet5())
    trainable = {
        layer: sum(
            np.prod(s.shape)
            for n in network.nodes
            if n.name.startswith(layer)
            for s in n.specs.values()
        )
        for layer in ("c1", "s2", "c3", "s4", "c5", "f6", "output")
    }
    published = {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48_120, "f6": 10_164}
    assert trainable == published | {"output": 850}
    assert size(lenet5()) == 60_000 + 850


def test_shapes(shapes):
    names = ["c1", "s2_squash", "c3", "s4_squash", "c5", "f6", "output"]
    assert shapes(lenet5(), names) == [
        *((6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84,), (10,)),
    ]
    assert shapes(lenet5((3, 40, 32), 4), ["c5", "output"]) == [(120, 3, 1), (4,)]
    assert shapes(lenet5((1, 28, 28)) | {"c1_pad": 2}, ["c5"]) == [(120, 1, 1)]


def test_images_that_are_too_small(built):
    message = r"layer 'c5' \(Conv2DLayer\): filter_size must fit into input of shape"
    with pytest.raises(ValueError, match=message):
        built(lenet5((1, 28, 28)))


def squash(x):
    return 1.7159 * np.tanh(2 / 3 * x)


def convolved(x, W, b):
    maps = [[sum(map(correlate2d, i, f, ["valid"] * len(f))) for f in W] for i in x]
    return squash(np.array(maps) + b[:, None, None])


def full_filters(W):
    """Put the filters where the table has a connection."""
    full = np.zeros((16, 6, 5, 5))
    full[table.T] = W
    return full


def subsampled(x, coefficient, bias):
    n, c, h, w = x.shape
    mean = x.reshape(n, c, h // 2, 2, w // 2, 2).sum((3, 5)) / 4
    return squash(mean * coefficient["scales"][:, None, None] + bias["b"][:, None, None])


def test_it_computes_what_the_paper_says(built):
    network = built(lenet5())

    def logits(params, x):
        return network.apply(params, {}, {"input": x}, {}, Context(False), logits=["output"])[0][0]

    x = rng.normal(size=(1, 1, 32, 32))
    with jax.enable_x64(True):
        params, _ = network.init(jax.random.key(0))
        p = jax.tree.map(lambda a: rng.normal(0, 0.3, a.shape), params)
        out = jax.jit(logits)(p, x)
    x = convolved(x, **p["c1"])
    x = subsampled(x, p["s2_coefficient"], p["s2_bias"])
    x = convolved(x, full_filters(p["c3"]["W"]), p["c3"]["b"])
    x = subsampled(x, p["s4_coefficient"], p["s4_bias"])
    x = convolved(x, **p["c5"]).reshape(1, -1)
    x = squash(x @ p["f6"]["W"] + p["f6"]["b"])
    np.testing.assert_allclose(out, x @ p["output"]["W"] + p["output"]["b"], rtol=1e-9, atol=1e-9)


def layer(**fields):
    given = {"num_filters": 2, "filter_size": 3, "table": [[0, 2], [1]]}
    return TableConv2DLayer(**given | fields)


def test_gradients_reach_the_connections_alone():
    x, W = rng.normal(size=(2, 5, 5, 3)), rng.normal(size=(3, 3, 3))

    def loss(W, b):
        params = {"W": W, "b": b}
        return (layer(nonlinearity=None).apply(params, {}, x, ctx=Context(True))[0] ** 2).sum()

    def reference(W, b):
        full = np.zeros((2, 3, 3, 3))
        full[0, 0], full[0, 2], full[1, 1] = W
        images = np.moveaxis(x, -1, 1)
        maps = [[sum(map(correlate2d, i, f, ["valid"] * 3)) for f in full] for i in images]
        return ((np.array(maps) + b[:, None, None]) ** 2).sum()

    b, dW, db, h = rng.normal(size=2), rng.normal(size=W.shape), rng.normal(size=2), 1e-6
    with jax.enable_x64(True):
        gW, gb = map(np.asarray, jax.jit(jax.grad(loss, (0, 1)))(W, b))
    central = (reference(W + h * dW, b + h * db) - reference(W - h * dW, b - h * db)) / (2 * h)
    np.testing.assert_allclose((gW * dW).sum() + (gb * db).sum(), central, rtol=1e-6)


@pytest.mark.parametrize(
    "fields",
    [
        {"table": [[0, 3], [1]]},
        {"table": [[0, -1], [1]]},
        {"table": [[0], []]},
        {"table": [[0]]},
        {"num_groups": 2, "num_filters": 2},
    ],
)
def test_tables_that_do_not_fit(fields):
    with pytest.raises(
        LayerError,
        match=r"^table must hold some of 3 channels for each of 2 filters, in one group, got",
    ):
        layer(**fields).output_shape((None, 3, 5, 5))


def test_layers_with_tables_can_be_hashed_and_pickled():
    assert pickle.loads(pickle.dumps(layer())) == layer()
    assert len({layer(), layer(), layer(table=[[0, 1], [1]])}) == 2


def test_it_learns_with_the_shapes_of_the_data(learns):
    assert learns(lenet5(None, None), max_epochs=5) == 1

import re

import jax
import numpy as np
import pytest
from scipy.signal import correlate2d

from skconv.layers import Context
from skconv.models import resnet

# torchvision's numbers for ImageNet
PUBLISHED = {
    18: 11_689_512,
    34: 21_797_672,
    50: 25_557_032,
    101: 44_549_160,
    152: 60_192_808,
}

# The paper's sixth table, in millions.
CIFAR = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.7}


@pytest.mark.parametrize("depth", PUBLISHED)
def test_parameters_for_imagenet(size, depth):
    assert size(resnet(depth)) == PUBLISHED[depth]


@pytest.mark.parametrize("depth", CIFAR)
def test_parameters_for_cifar(size, depth):
    millions = size(resnet(depth, (3, 32, 32), 10)) / 1e6
    assert round(millions, 1 if depth == 110 else 2) == CIFAR[depth]


@pytest.mark.parametrize("depth", [18, 50, 20, 56])
def test_layers_with_weights(built, depth):
    nodes = built(resnet(depth)).nodes
    assert sum("W" in node.specs and "shortcut" not in node.name for node in nodes) == depth


def test_shapes(shapes):
    names = ["conv1", "pool1", "rectify2_2", "rectify3_2", "rectify4_2", "rectify5_2", "pool"]
    assert shapes(resnet(18), names) == [
        *((64, 112, 112), (64, 56, 56), (64, 56, 56), (128, 28, 28), (256, 14, 14)),
        *((512, 7, 7), (512,)),
    ]
    assert shapes(resnet(50, (1, 65, 40), 3), ["rectify5_3", "output"]) == [(2048, 3, 2), (3,)]
    small = resnet(34, (3, 32, 32), 10, small=True)
    assert shapes(small, ["rectify2_3", "rectify5_3"]) == [(64, 32, 32), (512, 4, 4)]
    names = ["conv1", "rectify2_3", "rectify3_3", "rectify4_3", "output"]
    assert shapes(resnet(20, (3, 31, 32), 10), names) == [
        *((16, 31, 32), (16, 31, 32), (32, 16, 16), (64, 8, 8), (10,)),
    ]


@pytest.mark.parametrize(
    ("depth", "projected"),
    [
        (18, ["3_1", "4_1", "5_1"]),
        (101, ["2_1", "3_1", "4_1", "5_1"]),
        (32, []),
    ],
)
def test_shortcuts_with_weights(built, depth, projected):
    names = [node.name for node in built(resnet(depth)).nodes]
    assert [name for name in names if "shortcut" in name] == [
        f"{kind}{place}_shortcut" for place in projected for kind in ("conv", "norm")
    ]


def convolved(x, W, stride=1):
    x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    maps = [[sum(map(correlate2d, i, f, ["valid"] * len(f))) for f in W] for i in x]
    return np.array(maps)[:, :, ::stride, ::stride]


def test_a_block_without_weights_in_its_shortcut(built):
    """``y = rectify(F(x) + x)``, with every other pixel of x and zeros for further channels."""
    network = built(resnet(20, (3, 7, 8), 10, width=1 / 4))

    def outputs(params, state, x):
        names = ("rectify2_3", "rectify3_1")
        given = (params, state, {"input": x}, {}, Context(False))
        return network.apply(*given, to=names)[0]

    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 7, 8))
    with jax.enable_x64(True):
        params, state = network.init(jax.random.key(0))
        params = jax.tree.map(lambda a: rng.normal(size=a.shape), params)
        state = jax.tree.map(lambda a: np.asarray(a, float), state)
        entry, out = map(np.asarray, jax.jit(outputs)(params, state, x))

    def scaled(x, name):
        beta, gamma = (params[name][field][:, None, None] for field in ("beta", "gamma"))
        return gamma * x + beta

    inner = np.maximum(scaled(convolved(entry, params["conv3_1a"]["W"], 2), "norm3_1a"), 0)
    inner = scaled(convolved(inner, params["conv3_1b"]["W"]), "norm3_1b")
    shortcut = np.zeros_like(inner)
    shortcut[:, :4] = entry[:, :, ::2, ::2]
    np.testing.assert_allclose(out, np.maximum(inner + shortcut, 0), rtol=1e-9)


def test_other_depths():
    message = "depth must be one of 18, 20, 32, 34, 44, 50, 56, 101, 110, 152, got 19"
    with pytest.raises(ValueError, match=re.escape(message)):
        resnet(19)


def test_it_learns(learns):
    assert learns(resnet(18, (3, 32, 32), 4, width=1 / 8), max_epochs=15) == 1

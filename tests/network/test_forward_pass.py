import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import print_saved_residuals

from skconv.layers import BatchNormLayer, Context, DropoutLayer, ElemwiseSumLayer

from .parts import built, dense, rows

LAYERS = [
    rows,
    dense("a1", 50),
    dense("a2", 60),
    ("norm", BatchNormLayer),
    ("noise", DropoutLayer),
    dense("b", 50),
    ("sum", ElemwiseSumLayer, {"incomings": ["a1", "b"]}),
    dense("output"),
]


@pytest.fixture(scope="module")
def network():
    layers = [(one[1], {"name": one[0], **one[2]}) if len(one) == 3 else one for one in LAYERS]
    return built(layers)


def loss_of(network, state, blocks):
    X = {"input": jnp.asarray(np.random.default_rng(0).normal(size=(5, 4)), jnp.float32)}

    def loss(params):
        ctx = Context(True, jax.random.key(1))
        (out,), new = network.apply(params, state, X, network.runtime(), ctx, blocks=blocks)
        return jnp.square(out).sum(), new

    return loss


BLOCKS = [("a1", "a2", "norm"), ("b", "sum")]


def test_gradients_and_state_are_the_same(network):
    params, state = network.init(jax.random.key(0))
    found = [
        jax.jit(jax.grad(loss_of(network, state, blocks), has_aux=True))(params)
        for blocks in ((), BLOCKS)
    ]
    jax.tree.map(lambda *pair: np.testing.assert_allclose(*pair, rtol=1e-5), *found)


def test_only_what_others_need_is_kept(network, capsys):
    params, state = network.init(jax.random.key(0))
    sizes = []
    for blocks in ((), BLOCKS):
        print_saved_residuals(loss_of(network, state, blocks), params)
        kept = capsys.readouterr().out
        sizes.append([kept.count(f"f32[5,{n}]") for n in (50, 60)])
    assert sizes[0][0] > 2
    assert sizes[0][1] > 2
    # the sum; and the output of the first block, before and after the noise
    assert sizes[1] == [1, 2]

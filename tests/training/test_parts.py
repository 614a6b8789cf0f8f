import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone

from skconv import BatchIterator, NeuralNet
from skconv.layers import BatchNormLayer, Context, DenseLayer, InputLayer
from skconv.training.parts import in_parts

from ..nets import TARGETS, X, three_headed, y

rng = np.random.default_rng(0)


class Noting(BatchIterator):
    """An iterator that notes the rows of the batches that its transform gets."""

    seen = set()

    def transform(self, Xb, yb):
        self.seen.add(len(Xb))
        return Xb, yb


def test_several_batches_for_an_update_are_as_one():
    """Of 40 rows, the last batch of 12 is filled up; targets are weighted, and some ignored."""
    targets = TARGETS | {"kind": np.where(np.arange(40) % 7, y, -1)}
    data = X, targets, np.linspace(0, 2, 40)
    net = three_headed(ignore_label={"kind": -1}, update_clip_norm=0.1, batch_iterator_train=12)
    small = clone(net).set_params(batch_iterator_train=Noting(4, shuffle=True), accumulate_steps=3)
    net.fit(*data)
    small.fit(*data)
    assert Noting.seen == {12}
    for one, other in zip(net.get_all_params(), small.get_all_params(), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-6)
    expected, row = net.train_history_[-1], small.train_history_[-1]
    for name in expected.keys() - {"dur"}:
        assert row[name] == pytest.approx(expected[name], rel=1e-5, nan_ok=True)


def test_parts_leave_frozen_statistics_as_they_are():
    """Otherwise the second part would be normalized by statistics that the first has moved."""
    layers = [InputLayer(), BatchNormLayer(grad_scale=0), DenseLayer()]
    nets = [
        NeuralNet(
            layers,
            max_epochs=2,
            batch_iterator_train=20 // parts,
            accumulate_steps=parts,
            random_state=0,
        ).fit(X * 9 + 3, y)
        for parts in (1, 2)
    ]
    for one, other in zip(*(net.get_all_params() for net in nets), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)


W = jnp.asarray(rng.normal(size=(5, 3)), jnp.float32)


def compute(W, state, X, ctx):
    noise = jax.random.normal(ctx.key, (1, 3))
    out = jnp.tanh(X["input"] @ W) * ctx.mask[:, None].astype(jnp.float32)
    return out, {"count": state["count"] + 1, "noise": state["noise"] + noise}


def run(W, count, rows=40):
    """Return a function of all outputs together, the outputs, and the state."""
    state = {"count": jnp.zeros((), jnp.int32), "noise": jnp.zeros((1, 3))}
    ctx = Context(True, jax.random.key(0), jnp.arange(rows) != 2)
    inputs = {"input": jnp.asarray(X[:rows])}
    out, state = in_parts(lambda *args: compute(W, *args), count, state, inputs, ctx)
    return jax.nn.logsumexp(out) ** 2, (out, state)


@pytest.mark.parametrize("rows", [38, 3])
def test_functions_of_the_whole_batch_have_the_same_gradients(rows):
    """As the loss of Cox needs, which compares all rows, and second derivatives as well."""
    expected = np.tanh(X[:rows] @ W) * (np.arange(rows) != 2)[:, None]
    direction = jnp.ones_like(W)

    def slopes(W, count):
        return jax.jvp(jax.grad(lambda W: run(W, count, rows)[0]), (W,), (direction,))

    found = [jax.jit(slopes, static_argnums=1)(W, count) for count in (1, 4)]
    np.testing.assert_allclose(*(one[0] for one in found), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(*(one[1] for one in found), rtol=1e-4, atol=1e-5)
    out, state = run(W, 4, rows)[1]
    np.testing.assert_allclose(out, expected, atol=1e-6)
    assert state["count"] == 4


def test_each_part_draws_its_own_noise():
    one, four = (run(W, count)[1][1]["noise"] for count in (1, 4))
    drawn = jax.random.split(jax.random.key(0), 4)
    np.testing.assert_allclose(four, sum(jax.random.normal(k, (1, 3)) for k in drawn), rtol=1e-5)
    assert not np.allclose(one, four)


@pytest.mark.cpu_only(reason="memory is that of programs for the CPU")
def test_only_the_outputs_of_the_parts_are_in_memory():
    """Of a layer of 300 units, which 40 rows take 48 kB for."""
    wide = jnp.ones((5, 300))

    def loss(wide, count):
        ctx = Context(True, jax.random.key(0), jnp.ones(40, bool))

        def compute(state, X, ctx):
            hidden = jnp.tanh(jnp.sin(X["input"] @ wide))
            return hidden[:, :1], state

        return in_parts(compute, count, {}, {"input": jnp.asarray(X)}, ctx)[0].sum()

    compiled = [jax.jit(jax.grad(loss), static_argnums=1).lower(wide, n).compile() for n in (1, 8)]
    sizes = [one.memory_analysis().temp_size_in_bytes for one in compiled]
    assert sizes[1] < sizes[0] / 3

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.layers import (
    BatchNormLayer,
    BiasLayer,
    Context,
    EmbeddingLayer,
    ExpressionLayer,
    FlattenLayer,
    InputLayer,
    Layer,
    LSTMLayer,
    ParamSpec,
)
from skconv.network.precision import available_dtypes, check_available, dtype_hint, full_dtype
from skconv.nonlinearities import softmax
from tests.network.parts import built, dense, rows

rng = np.random.default_rng(0)


def low(layers, dtype="bfloat16"):
    return dataclasses.replace(built(layers), compute_dtype=dtype)


def applied(network, X, params=None, state=None, *, train=False, to=None):
    made = network.init(jax.random.key(0))
    params, state = made[0] if params is None else params, made[1] if state is None else state
    ctx = Context(train, jax.random.key(1) if train else None)

    @jax.jit
    def run(*args):
        return network.apply(*args, network.runtime(), ctx, to=to)

    (out,), new = run(params, state, {"input": jnp.asarray(X, jnp.float32)})
    return np.asarray(out), new


def rounded(x):
    return np.asarray(jnp.asarray(x, jnp.bfloat16), np.float32)


def test_hidden_layers_round_and_output_layers_do_not():
    network = low([rows, dense("hidden", nonlinearity=None), dense("output", nonlinearity=None)])
    params, state = network.init(jax.random.key(0))
    X = rng.normal(size=(5, 4)).astype(np.float32)
    hidden = rounded(rounded(X) @ rounded(params["hidden"]["W"]))
    found, _ = applied(network, X, params, state, to=["hidden"])
    np.testing.assert_allclose(found, hidden, rtol=2**-7)
    assert np.array_equal(found, rounded(found))
    expected = np.float64(found) @ np.float64(params["output"]["W"])
    np.testing.assert_allclose(applied(network, X, params, state)[0], expected, rtol=1e-5)


def test_probabilities_sum_to_one():
    network = low([rows, dense("hidden"), dense("output", nonlinearity=softmax)])
    out, _ = applied(network, rng.normal(size=(5, 4)))
    np.testing.assert_allclose(out.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("between", [[FlattenLayer, "taken"], ["shifted"]])
def test_indices_are_never_rounded(between):
    taken = ("taken", ExpressionLayer(function=lambda x: x[:, :1]))
    shifted = ("shifted", BiasLayer(b=0.0))
    named = {"taken": taken, "shifted": shifted}
    between = [named[one] if isinstance(one, str) else one for one in between]
    embedding = (EmbeddingLayer, {"name": "words", "input_size": 1000, "output_size": 1})
    layers = [("input", InputLayer((None, 1))), *between, embedding, dense("output")]
    network = low(layers)
    params, state = network.init(jax.random.key(0))
    params["words"]["W"] = jnp.arange(1000, dtype=jnp.float32)[:, None]
    X = np.arange(1000)[:, None]
    found, _ = applied(network, X, params, state, to=["words"])
    assert np.array_equal(found.ravel(), X.ravel())


def test_statistics_are_computed_and_kept_in_float32():
    layers = [("input", InputLayer((None, 4))), dense("hidden"), BatchNormLayer, dense("output")]
    network = low(layers)
    params, state = network.init(jax.random.key(0))
    name = network.nodes[2].name
    X = rng.normal(size=(50, 4)) + 3
    hidden, _ = applied(network, X, params, state, to=["hidden"])
    _, new = applied(network, X, params, state, train=True)
    np.testing.assert_allclose(new[name]["mean"], 0.1 * hidden.mean(axis=0), rtol=1e-5)


@dataclasses.dataclass(frozen=True)
class Counting(Layer):
    """A layer of the user's own, whose state is a count."""

    def output_shape(self, *shapes):
        return shapes[0]

    def param_specs(self, *shapes):
        return {"W": ParamSpec((), 1.0), "count": ParamSpec((), 300.0, trainable=False)}

    def apply(self, params, state, *inputs, ctx):
        return inputs[0] * params["W"], {"count": state["count"] + 1}


def test_state_of_layers_of_ones_own_is_not_rounded():
    network = low([rows, dense("hidden"), ("count", Counting()), dense("output")])
    _, new = applied(network, np.ones((2, 4)), train=True)
    assert new["count"]["count"] == 301
    assert new["count"]["count"].dtype == np.float32


def test_state_that_a_layer_only_reads_is_not_rounded():
    sequences = ("input", InputLayer((None, 3, 2)))
    start = np.full((1, 2), 0.1, np.float32)
    network = low([sequences, ("lstm", LSTMLayer(num_units=2, hid_init=start)), dense("output")])
    _, new = applied(network, np.ones((2, 3, 2)), train=True)
    assert np.array_equal(new["lstm"]["hid_init"], start)


def test_the_cells_of_long_sequences_go_on_adding():
    """In bfloat16, 256 + 1 is 256."""
    gates = {f"W_{source}_to_{gate}": 0.0 for source in ("in", "hid") for gate in LSTMLayer.gates}
    gates |= {f"b_{gate}": 20.0 for gate in LSTMLayer.gates}
    lstm = LSTMLayer(
        num_units=1, **gates, peepholes=False, nonlinearity=None, only_return_final=True
    )
    network = low([("input", InputLayer((None, 400, 1))), ("lstm", lstm), dense("output")])
    out, _ = applied(network, np.zeros((1, 400, 1)), to=["lstm"])
    assert out == 400


def test_float64_is_for_everything(monkeypatch):
    with jax.enable_x64(True):
        network = low([rows, dense("hidden"), dense("output", nonlinearity=None)], "float64")
        made = jax.tree.map(lambda x: np.asarray(x, np.float64), network.init(jax.random.key(0)))
        X = rng.normal(size=(5, 4)).astype(np.float32)
        out, _ = applied(network, X, *made)
    hidden = np.maximum(np.float64(X) @ made[0]["hidden"]["W"], 0)
    np.testing.assert_allclose(out, hidden @ made[0]["output"]["W"], rtol=1e-13)


def test_only_another_type_changes_the_key():
    network = built([rows, dense("output")])
    keys = [
        dataclasses.replace(network, compute_dtype=dtype).key
        for dtype in ("float32", "bfloat16", "float64")
    ]
    assert keys[0] == network.key
    assert len(set(keys)) == 3


def test_weights_are_float32_unless_all_is_float64():
    assert full_dtype("bfloat16") == full_dtype("float32") == np.float32
    assert full_dtype("float64") == np.float64


def test_float64_must_be_enabled():
    assert "float64" not in available_dtypes()
    message = (
        r"^compute_dtype must be a type that JAX has enabled, got the net's 'float64'; call "
        r"jax\.config\.update\('jax_enable_x64', True\) before anything else of JAX$"
    )
    with pytest.raises(ValueError, match=message):
        check_available("float64")
    with jax.enable_x64(True):
        check_available("float64")


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("float16", "; gradients in float16 underflow, unlike those in 'bfloat16'"),
        (jnp.float16, "; gradients in float16 underflow, unlike those in 'bfloat16'"),
        (jnp.bfloat16, "; write 'bfloat16'"),
        (np.dtype("float32"), "; write 'float32'"),
        ("bf16", ". Did you mean 'bfloat16'?"),
        (3, ""),
        ("int8", ""),
    ],
)
def test_hints(value, hint):
    assert dtype_hint(value) == hint

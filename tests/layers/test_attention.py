import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import Context, InputLayer, MultiHeadAttentionLayer
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers

rng = np.random.default_rng(0)
x = rng.normal(size=(2, 4, 6))
memory = rng.normal(size=(2, 3, 5))
seen = np.array([[1.0, 0, 1], [0, 1, 0]])


def drawn(layer, *shapes):
    specs = layer.param_specs(*((None, *shape) for shape in shapes))
    return {name: rng.normal(size=spec.shape) for name, spec in specs.items()}


def attention(layer, masked):
    """The paper's formula, one head and one query after the other."""

    def run(params, *inputs):
        inputs, mask = (inputs[:-1], inputs[-1]) if masked else (inputs, None)
        rows = []
        for i in range(len(inputs[0])):
            source = {"q": inputs[0][i], "k": inputs[-1][i], "v": inputs[-1][i]}
            q, k, v = (
                np.split(source[a] @ params[f"W_{a}"] + params[f"b_{a}"], layer.num_heads, axis=1)
                for a in "qkv"
            )
            out = []
            for t in range(len(q[0])):
                keys = [
                    s
                    for s in range(len(k[0]))
                    if (mask is None or mask[i, s]) and (not layer.causal or s <= t)
                ]
                found = []
                for head in range(layer.num_heads):
                    scores = k[head][keys] @ q[head][t] / np.sqrt(k[head].shape[1])
                    weights = np.exp(scores) / np.exp(scores).sum()
                    found.append(weights @ v[head][keys])
                out.append(np.concatenate(found) @ params["W_o"] + params["b_o"])
            rows.append(out)
        return np.array(rows)

    return run


@pytest.mark.parametrize(
    ("fields", "inputs"),
    [
        ({"num_heads": 2}, [x]),
        ({"num_heads": 3, "causal": True}, [x]),
        ({"num_heads": 2, "num_units": 4}, [x, memory]),
        ({"num_heads": 1, "mask_input": "mask"}, [x, memory, seen]),
        ({"num_heads": 2, "mask_input": "mask", "causal": True}, [x, np.ones((2, 4))]),
    ],
)
def test_heads_follow_the_formula(follows, fields, inputs):
    layer = MultiHeadAttentionLayer(**fields)
    params = drawn(layer, *(a.shape[1:] for a in inputs))
    follows(layer, attention(layer, "mask_input" in fields), params, *inputs)


def test_further_axes_are_features(forward):
    layer = MultiHeadAttentionLayer(num_heads=2)
    params = drawn(layer, (4, 2, 3))
    found = forward(layer, params, x.reshape(2, 4, 2, 3))
    np.testing.assert_allclose(found, attention(layer, False)(params, x), atol=1e-12)


def test_biases_may_be_left_out(forward):
    layer = MultiHeadAttentionLayer(num_heads=2, b_q=None, b_k=None, b_v=None, b_o=None)
    params = drawn(layer, (4, 6))
    assert list(params) == ["W_q", "W_k", "W_v", "W_o"]
    zeros = {f"b_{a}": np.zeros(6) for a in "qkvo"}
    expected = attention(layer, False)(params | zeros, x)
    np.testing.assert_allclose(forward(layer, params, x), expected, atol=1e-12)


def test_without_keys_nothing_is_found(follows, float64):
    layer = MultiHeadAttentionLayer(num_heads=2, mask_input="mask")
    params = drawn(layer, (4, 6), (4,))
    mask = jnp.asarray([[0.0] * 4, [1, 1, 0, 0]])

    def apply(x):
        return layer.apply(params, {}, x, mask, ctx=Context(False))[0]

    np.testing.assert_allclose(apply(x)[0], np.tile(params["b_o"], (4, 1)), atol=1e-12)
    slope = jax.grad(lambda x: apply(x).sum())(x)
    assert np.isfinite(slope).all()
    assert not slope[0].any()


def test_keys_are_overlooked_in_training(forward):
    layer = MultiHeadAttentionLayer(num_heads=1, p=0.25, b_o=None)
    params = drawn(layer, (40, 6)) | {"b_v": np.ones(6), "W_o": np.eye(6)}
    params |= {"W_q": np.zeros((6, 6)), "W_v": np.zeros((6, 6))}
    same = np.ones((50, 40, 6))
    out, _ = forward(layer, params | {"b_q": np.zeros(6)}, same, train=True)
    counts = out[..., 0] * 0.75 * 40
    np.testing.assert_allclose(counts, counts.round(), atol=1e-9)
    assert abs(out.mean() - 1) < 0.01
    assert len(np.unique(counts[0].round())) > 3
    always = MultiHeadAttentionLayer(num_heads=1, b_o=None)
    out, _ = forward(always, params, same, train=True)
    np.testing.assert_allclose(out, np.ones((50, 40, 6)))
    np.testing.assert_allclose(forward(layer, params, same), np.ones((50, 40, 6)))


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ({"num_heads": 4}, [(4, 6)], r"^num_heads must divide num_units=6, got 4$"),
        ({"num_heads": 4, "num_units": 2}, [(4, 6)], r"^num_heads must divide num_units=2, got 4$"),
        (
            {"num_heads": 1},
            [(4,)],
            r"^input must have shape \(n, time, features\), got \(None, 4\)",
        ),
        ({"num_heads": 1}, [(4, 6), (3,)], r"^input must have shape .*, got \(None, 3\)"),
        (
            {"num_heads": 1},
            [(4, 6), (3, 6), (3, 6)],
            r"^incomings must be one or two layers, got 3$",
        ),
        (
            {"num_heads": 1, "mask_input": "mask"},
            [(4, 6), (3, 6), (4,)],
            r"^mask_input must have shape \(n, 3\) for sequences of shape \(None, 3, 6\), "
            r"got \(None, 4\)$",
        ),
        (
            {"num_heads": 1, "causal": True},
            [(4, 6), (3, 6)],
            r"^causal must be False unless keys and queries are equally many, got 3 and 4$",
        ),
    ],
)
def test_what_does_not_fit(fields, shapes, message):
    with pytest.raises(LayerError, match=message):
        MultiHeadAttentionLayer(**fields).output_shape(*((None, *shape) for shape in shapes))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, r"num_heads is missing$"),
        (
            {"num_heads": 2, "num_units": 0},
            r"num_units must be a positive integer or None, got 0$",
        ),
        ({"num_heads": 2, "p": 1.5}, r"p must be a number between 0\.0 and 1\.0, got 1\.5$"),
    ],
)
def test_fields_that_cannot_be(fields, message):
    layers = [("input", InputLayer((None, 4, 6))), ("own", MultiHeadAttentionLayer(**fields))]
    with pytest.raises(ValueError, match=rf"^layer 'own' \(MultiHeadAttentionLayer\): {message}"):
        build_network(read_layers(layers), {})


def test_a_mask_is_told_from_a_second_source():
    layers = [
        ("a", InputLayer((None, 4, 6))),
        ("b", InputLayer((None, 4))),
        ("own", MultiHeadAttentionLayer(num_heads=2)),
    ]
    masked = build_network(read_layers(layers), {"own": {"incomings": ["a"], "mask_input": "b"}})
    assert masked.node("own").incomings == ("a", "b")
    with pytest.raises(ValueError, match=r"^layer 'own' .*: input must have shape \(n, time, feat"):
        build_network(read_layers(layers), {"own": {"incomings": ["a", "b"]}})

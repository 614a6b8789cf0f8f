import copy
import dataclasses
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet, compile_counts
from skconv.errors import LayerError
from skconv.layers import (
    BatchNormLayer,
    Context,
    Conv1DLayer,
    CustomRecurrentLayer,
    CyclicSliceLayer,
    DenseLayer,
    DropoutLayer,
    ElemwiseSumLayer,
    InputLayer,
    LayerNormLayer,
    NormalizationLayer,
    RecurrentLayer,
)
from skconv.nonlinearities import tanh

from .test_recurrent import formula, mask, recurrent, rng, x


def dense(inputs, units, **fields):
    return DenseLayer(InputLayer((None, inputs)), units, **{"nonlinearity": None, **fields})


def custom(**fields):
    return CustomRecurrentLayer(
        None, dense(4, 2), dense(2, 2, b=None), **{"nonlinearity": tanh, **fields}
    )


NAMES = {
    "input_to_hidden_dense1_W": "W_in_to_hid",
    "input_to_hidden_dense1_b": "b",
    "hidden_to_hidden_dense1_W": "W_hid_to_hid",
}


def drawn(layer, *shapes):
    specs = layer.param_specs(*shapes)
    return {name: rng.normal(size=spec.shape) for name, spec in specs.items()}


@pytest.mark.parametrize(
    ("masked", "backwards", "final"),
    [(False, False, False), (True, False, True), (True, True, False)],
)
def test_dense_connections_make_a_recurrent_layer(follows, masked, backwards, final):
    fields = {"learn_init": True, "backwards": backwards, "only_return_final": final}
    layer = custom(mask_input="mask" if masked else None, **fields)
    reference = formula(RecurrentLayer(num_units=2, **fields), recurrent)

    def of_names(params, *inputs):
        return reference({NAMES.get(name, name): v for name, v in params.items()}, *inputs)

    params = drawn(layer, (None, 5, 4))
    assert list(params) == ["hid_init", *NAMES]
    follows(layer, of_names, params, x, *([mask] if masked else []))


def test_connections_may_be_graphs_of_several_layers(forward):
    """Convolutions of three positions, and a sum of two branches."""
    steps = InputLayer((None, 2, 6))
    left = Conv1DLayer(steps, 3, 3, pad="same", nonlinearity=None, name="left")
    right = Conv1DLayer(steps, 3, 1, nonlinearity=tanh, name="right")
    look = ElemwiseSumLayer([left, right])
    keep = Conv1DLayer(InputLayer((None, 3, 6)), 3, 3, pad="same", nonlinearity="tanh")
    layer = CustomRecurrentLayer(None, look, keep, None)
    frames = rng.normal(size=(2, 4, 2, 6))
    params = drawn(layer, (None, *frames.shape[1:]))

    def conv(x, W, b):
        pad = W.shape[2] // 2
        x = np.pad(x, ((0, 0), (pad, pad)))
        return np.stack(
            [
                sum(np.correlate(x[c], W[f, c], "valid") for c in range(len(x))) + b[f]
                for f in range(len(W))
            ]
        )

    def of(name, x):
        return conv(x, *(params[f"{name}_{kind}"] for kind in ("W", "b")))

    found = forward(layer, params, frames)
    for i, row in enumerate(frames):
        hid = params["hid_init"][0]
        for t, step in enumerate(row):
            fed = of("input_to_hidden_left", step) + np.tanh(of("input_to_hidden_right", step))
            hid = fed + np.tanh(of("hidden_to_hidden_conv1d1", hid))
            np.testing.assert_allclose(found[i, t], hid, atol=1e-10)


def test_the_default_nonlinearities_are_lasagnes():
    layer = CustomRecurrentLayer(None, dense(4, 2), DenseLayer(InputLayer((None, 2)), 2))
    params = {name: np.ones(s.shape) for name, s in layer.param_specs((None, 5, 4)).items()}
    params["hidden_to_hidden_dense1_b"] = np.full(2, -9.0)
    out, _ = layer.apply(params, {}, -jnp.ones((1, 5, 4)), ctx=Context(False))
    assert not np.any(out)  # both the inner layer and the sum are rectified


@pytest.mark.parametrize("noisy", ["input_to_hidden", "hidden_to_hidden"])
def test_noise_differs_between_steps(noisy):
    graphs = {"input_to_hidden": dense(1, 8), "hidden_to_hidden": dense(8, 8)}
    graphs[noisy] = DropoutLayer(graphs[noisy])
    layer = CustomRecurrentLayer(None, **graphs, nonlinearity=None)
    W = np.eye(8) if noisy == "hidden_to_hidden" else np.zeros((8, 8))
    params = {name: np.zeros(s.shape) for name, s in layer.param_specs((None, 6, 1)).items()}
    params |= {
        "input_to_hidden_dense1_W": np.ones((1, 8)),
        "hidden_to_hidden_dense1_W": W,
    }
    out, _ = jax.jit(lambda x: layer.apply(params, {}, x, ctx=Context(True, jax.random.key(1))))(
        jnp.ones((3, 6, 1))
    )
    if noisy == "input_to_hidden":
        assert set(np.unique(out)) == {0.0, 2.0}
    kept = np.asarray(out) if noisy == "input_to_hidden" else np.diff(out, axis=1) >= 1
    assert len(np.unique(kept.reshape(-1, 8), axis=0)) > 9
    assert layer.noisy
    assert not custom().noisy


def test_batch_normalization_uses_all_steps_at_once():
    norm = BatchNormLayer(dense(4, 2, W=np.eye(4)[:, :2]), name="norm")
    layer = CustomRecurrentLayer(None, norm, dense(2, 2, W=np.zeros((2, 2))), None)
    params, state = layer.init(jax.random.key(0), (None, 5, 4))
    assert sorted(state) == [
        "hid_init",
        "input_to_hidden_norm_inv_std",
        "input_to_hidden_norm_mean",
    ]
    out, new = layer.apply(params, state, jnp.asarray(x, jnp.float32), ctx=Context(True))
    rows = x[:, :, :2].reshape(-1, 2)
    expected = (x[:, :, :2] - rows.mean(0)) / np.sqrt(rows.var(0) + 1e-4)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(new["input_to_hidden_norm_mean"], 0.1 * rows.mean(0), rtol=1e-4)
    assert new["hid_init"] is state["hid_init"]


@pytest.fixture(scope="module")
def net():
    layer = CustomRecurrentLayer(
        InputLayer((None, 5, 4), name="input"),
        dense(4, 2, W="glorot_normal"),
        dense(2, 2, name="keep"),
        name="own",
    )
    X, y = x.astype(np.float32), np.zeros(3)
    return NeuralNet(
        DenseLayer(layer, 1), regression=True, max_epochs=1, train_split=None, random_state=0,
        verbose=0, own_l2=0.1,
    ).fit(X, y)  # fmt: skip


def test_the_net_owns_the_parameters_of_inner_layers(net):
    names = [p.name for p in net.layers_["own"].get_params()]
    assert names == [
        "own.hid_init",
        "own.input_to_hidden_dense1_W",
        "own.input_to_hidden_dense1_b",
        "own.hidden_to_hidden_keep_W",
        "own.hidden_to_hidden_keep_b",
    ]
    assert net.layers_["own"].hidden_to_hidden_keep_W.shape == (2, 2)
    assert [p.name for p in net.layers_["own"].get_params(regularizable=True)] == names[1::2]
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict(x), net.predict(x))


def test_initial_values_of_inner_layers_compile_nothing(net):
    X, y = x.astype(np.float32), np.zeros(3)
    expected = net.predict(X)
    counts = compile_counts()
    np.testing.assert_array_equal(clone(net).fit(X, y).predict(X), expected)
    other = clone(net).set_params(own_hidden_to_hidden=dense(2, 2, W=0.5, name="keep")).fit(X, y)
    assert compile_counts() == counts
    assert not np.array_equal(other.predict(X), expected)


@pytest.mark.parametrize("form", ["entry", "keyword"])
def test_a_list_of_layers_takes_graphs(form):
    given = {"input_to_hidden": dense(4, 2), "hidden_to_hidden": dense(2, 2)}
    own = (CustomRecurrentLayer, {"name": "own", **(given if form == "entry" else {})})
    keywords = {f"own_{name}": layer for name, layer in given.items()} if form == "keyword" else {}
    net = NeuralNet(
        [InputLayer((None, 5, 4)), own, DenseLayer(None, 1)], regression=True, verbose=0, **keywords
    ).initialize()
    assert net.layers_["own"].output_shape == (None, 5, 2)


@pytest.mark.parametrize("entry", [False, True])
def test_inner_layers_share_parameters(entry):
    one = dense(4, 4)
    outer = DenseLayer(InputLayer((None, 5, 4), name="input"), 4, num_leading_axes=2, name="outer")
    given = {"input_to_hidden": one, "hidden_to_hidden": dense(4, 4, W=one.W.T, b=outer.b)}
    own = CustomRecurrentLayer(outer, *given.values(), name="own")
    after = DenseLayer(own, 4, W=one.W, num_leading_axes=2, name="after")
    layers = after
    if entry:
        layers = [outer, (CustomRecurrentLayer, {"name": "own", "incoming": outer, **given})]
        layers += [
            (DenseLayer, {"name": "after", "num_units": 4, "W": one.W, "num_leading_axes": 2})
        ]
    net = NeuralNet(layers, regression=True, verbose=0, random_state=0).initialize()
    value = np.arange(16.0).reshape(4, 4)
    net.layers_["own"].input_to_hidden_dense1_W.set_value(value)
    net.layers_["outer"].b.set_value(np.ones(4))
    np.testing.assert_array_equal(net.layers_["own"].hidden_to_hidden_dense1_W, value.T)
    np.testing.assert_array_equal(net.layers_["own"].hidden_to_hidden_dense1_b, np.ones(4))
    np.testing.assert_array_equal(net.layers_["after"].W, value)


def raised(build):
    with pytest.raises(ValueError) as caught:
        build()
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (DenseLayer(None, 2), "input_to_hidden: DenseLayer must be given layers as its inputs"),
        (
            DenseLayer((None, 4), 2),
            "exactly one InputLayer, as in DenseLayer(InputLayer((None, 4))",
        ),
        (
            ElemwiseSumLayer([dense(4, 2), dense(4, 2)]),
            "input_to_hidden must be a layer that is fed by exactly one InputLayer",
        ),
        (
            DenseLayer(DenseLayer(InputLayer((None, 4)), 2, name="a"), 2, name="a"),
            "input_to_hidden must have layers of different names, got ('input0', 'a', 'a')",
        ),
    ],
)
def test_graphs_that_cannot_be(given, message):
    assert message in raised(lambda: CustomRecurrentLayer(None, given, dense(2, 2)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"input_to_hidden": dense(3, 2)},
            "input_to_hidden: InputLayer must have the shape (None, 4)",
        ),
        (
            {"hidden_to_hidden": dense(3, 2)},
            "hidden_to_hidden: InputLayer must have the shape (None, 2), got (None, 3)",
        ),
        (
            {"hidden_to_hidden": dense(2, 3)},
            "must return the shape of input_to_hidden, (None, 2), got (None, 3)",
        ),
        (
            {"hidden_to_hidden": BatchNormLayer(dense(2, 2))},
            "hidden_to_hidden must have no layer that keeps state, got hidden_to_hidden_batch",
        ),
        ({"input_to_hidden": dense(4, 0)}, "layer 'dense1' (DenseLayer): num_units must be a pos"),
        (
            {"input_to_hidden": dense(4, 2, l2=0.1)},
            "layer 'dense1' (DenseLayer): l2 must be None, got 0.1; set it on the layer outside",
        ),
        (
            {"input_to_hidden": dense(4, 2, W=np.ones((2, 2)))},
            "input_to_hidden_dense1_W must have shape (4, 2), got (2, 2)",
        ),
        ({"input_to_hidden": 3}, "input_to_hidden must be a layer with an InputLayer of its own"),
        (
            {"input_to_hidden": DenseLayer(NormalizationLayer(InputLayer((None, 4))), 2)},
            "layer 'normalization1' (NormalizationLayer) must be outside",
        ),
    ],
)
def test_what_does_not_fit_is_named(fields, message):
    graphs = {"input_to_hidden": dense(4, 2), "hidden_to_hidden": dense(2, 2)} | fields
    layer = CustomRecurrentLayer(InputLayer((None, 5, 4)), **graphs, name="own")
    net = NeuralNet(DenseLayer(layer, 1), regression=True)
    found = raised(net.initialize)
    assert message in found
    assert "layer 'own' (CustomRecurrentLayer)" in found


def test_normalization_without_state_is_fine():
    layer = CustomRecurrentLayer(None, dense(4, 2), LayerNormLayer(dense(2, 2)))
    assert layer.output_shape((None, 5, 4)) == (None, 5, 2)
    sliced = CyclicSliceLayer(InputLayer((None, 2, 4, 4)))
    layer = CustomRecurrentLayer(None, sliced, sliced)
    assert any("must be outside" in problem for problem in layer.check())
    with pytest.raises(LayerError, match="input must have shape"):
        custom().output_shape((None, 5))


@pytest.mark.parametrize("copied", [False, True])
def test_copies_have_inner_parameters_of_their_own(copied):
    """Layers made of the same graphs share parameters, as in Lasagne."""
    graphs = dense(4, 4, W=0.5), dense(4, 4)
    one = CustomRecurrentLayer(InputLayer((None, 5, 4)), *graphs, hid_init=0.1, name="one")
    two = CustomRecurrentLayer(one, *graphs, name="two")
    if copied:
        two = dataclasses.replace(copy.copy(one), incoming=one, name="two")
    net = NeuralNet(DenseLayer(two, 1), regression=True, verbose=0).initialize()
    net.layers_["one"].input_to_hidden_dense1_W.set_value(np.ones((4, 4)))
    found = net.layers_["two"].input_to_hidden_dense1_W.get_value()
    assert (found == (0.5 if copied else 1.0)).all()
    assert len(net.get_all_params()) == (12 if copied else 8)

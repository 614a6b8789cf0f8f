import functools
import pickle
from dataclasses import replace
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet, compile_counts
from skconv.errors import LayerError
from skconv.init import Constant
from skconv.layers import (
    ConcatLayer,
    Context,
    DenseLayer,
    Gate,
    GRULayer,
    InputLayer,
    LSTMLayer,
    RecurrentLayer,
)
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.network.target_info import TargetInfo
from skconv.nonlinearities import linear, rectify, softmax, tanh
from skconv.ops import platform

rng = np.random.default_rng(0)
x = rng.normal(size=(3, 5, 4))
mask = np.array([[1.0] * 5, [1, 1, 0, 0, 0], [0, 1, 0, 1, 1]])


def logistic(z):
    return 1 / (1 + np.exp(-z))


def recurrent(params, x, carry):
    (hid,) = carry
    return (np.tanh(x @ params["W_in_to_hid"] + hid @ params["W_hid_to_hid"] + params["b"]),)


def lstm(params, x, carry):
    cell, hid = carry

    def gate(name, cell=None):
        z = x @ params[f"W_in_to_{name}"] + hid @ params[f"W_hid_to_{name}"] + params[f"b_{name}"]
        seen = params.get(f"W_cell_to_{name}")
        return z if seen is None else z + seen * cell

    new = logistic(gate("forgetgate", cell)) * cell
    new = new + logistic(gate("ingate", cell)) * np.tanh(gate("cell"))
    return new, logistic(gate("outgate", new)) * np.tanh(new)


def gru(params, x, carry):
    (hid,) = carry

    def of(source, name):
        return (x if source == "in" else hid) @ params[f"W_{source}_to_{name}"]

    reset, update = (
        logistic(of("in", name) + of("hid", name) + params[f"b_{name}"])
        for name in ("resetgate", "updategate")
    )
    name = "hidden_update"
    new = np.tanh(of("in", name) + reset * of("hid", name) + params[f"b_{name}"])
    return ((1 - update) * hid + update * new,)


KINDS = [
    (RecurrentLayer, {"nonlinearity": tanh}, recurrent),
    (LSTMLayer, {}, lstm),
    (LSTMLayer, {"peepholes": False}, lstm),
    (GRULayer, {}, gru),
]


def formula(layer, step):
    """One sequence and one time after the other, as the papers write it."""

    def run(params, x, mask=None):
        rows = []
        for i, row in enumerate(x):
            carry = tuple(params[name] for name in layer.starts)
            out = np.zeros((len(row), layer.num_units))
            times = range(len(row))
            for t in reversed(times) if layer.backwards else times:
                if mask is None or mask[i, t]:
                    carry = step(params, row[t].ravel()[None], carry)
                out[t] = carry[-1][0]
            rows.append(carry[-1][0] if layer.only_return_final else out)
        return np.array(rows)

    return run


def drawn(layer, *shapes):
    specs = layer.param_specs(*shapes)
    return {name: rng.normal(size=spec.shape) for name, spec in specs.items()}


@pytest.mark.parametrize(("cls", "fields", "step"), KINDS)
@pytest.mark.parametrize(
    ("masked", "backwards", "final"),
    [(False, False, False), (True, False, True), (True, True, False)],
)
def test_steps_follow_the_formula(follows, cls, fields, step, masked, backwards, final):
    layer = cls(
        num_units=2,
        learn_init=True,
        backwards=backwards,
        only_return_final=final,
        mask_input="mask" if masked else None,
        **fields,
    )
    params = drawn(layer, (None, 5, 4))
    follows(layer, formula(layer, step), params, x, *([mask] if masked else []))


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
@pytest.mark.parametrize(("cls", "fields", "step"), KINDS)
def test_further_axes_are_features(monkeypatch, forward, cls, fields, step, backend):
    monkeypatch.setattr(platform, "device", lambda: SimpleNamespace(platform=backend))
    layer = cls(num_units=2, **fields)
    params = drawn(layer, (None, 5, 2, 2))
    found = forward(layer, params, x.reshape(3, 5, 2, 2))
    np.testing.assert_allclose(found, formula(layer, step)(params, x), atol=1e-12)


def test_nonlinearities_may_be_others(forward):
    gates = {f"nonlinearity_{gate}": None for gate in ("ingate", "forgetgate", "cell", "outgate")}
    layer = LSTMLayer(num_units=1, **gates, nonlinearity=rectify, peepholes=False)
    names = [name for name in layer.param_specs((None, 1, 1)) if name.startswith("W_in")]
    params = {name: np.zeros(spec.shape) for name, spec in layer.param_specs((None, 1, 1)).items()}
    params |= {name: np.full((1, 1), i + 2.0) for i, name in enumerate(names)}
    params["cell_init"] = np.full((1, 1), 7.0)
    # ingate 2, forgetgate 3, cell 4, outgate 5
    assert forward(layer, params, np.ones((1, 1, 1))).item() == 5 * (3 * 7 + 2 * 4)
    assert forward(layer, params, -np.ones((1, 1, 1))).item() == 0


def test_parameters_come_in_lasagnes_order():
    names = list(LSTMLayer(num_units=2).param_specs((None, 5, 4)))
    gates = ("ingate", "forgetgate", "cell", "outgate")
    assert names == [
        *(name for g in gates for name in (f"W_in_to_{g}", f"W_hid_to_{g}", f"b_{g}")),
        *("W_cell_to_ingate", "W_cell_to_forgetgate", "W_cell_to_outgate"),
        *("cell_init", "hid_init"),
    ]
    gates = ("updategate", "resetgate", "hidden_update")
    assert list(GRULayer(num_units=2).param_specs((None, 5, 4))) == [
        *(name for g in gates for name in (f"W_in_to_{g}", f"W_hid_to_{g}", f"b_{g}")),
        "hid_init",
    ]
    assert list(RecurrentLayer(num_units=2).param_specs((None, 5, 4))) == [
        "hid_init",
        "W_in_to_hid",
        "b",
        "W_hid_to_hid",
    ]


@pytest.mark.parametrize("learn", [True, False])
def test_where_sequences_start_is_learnt_on_request(learn):
    layer = LSTMLayer(num_units=2, learn_init=learn, cell_init=Constant(0.5))
    params, state = layer.init(jax.random.key(0), (None, 5, 4))
    kept = params if learn else state
    np.testing.assert_array_equal(kept["cell_init"], [[0.5, 0.5]])
    assert ("hid_init" in params, "hid_init" in state) == (learn, not learn)
    out, new = layer.apply(params, state, jnp.asarray(x, jnp.float32), ctx=Context(True))
    assert new is state
    other = {**kept, "hid_init": jnp.ones((1, 2))}
    changed, _ = layer.apply(
        {**params, **other}, {}, jnp.asarray(x, jnp.float32), ctx=Context(True)
    )
    assert (changed != out).all()


def test_what_penalties_act_on():
    specs = RecurrentLayer(num_units=2, learn_init=True).param_specs((None, 5, 4))
    penal = {name for name, spec in specs.items() if spec.regularizable}
    assert penal == {"W_in_to_hid", "W_hid_to_hid"}


def test_recurrent_layers_can_do_without_biases(forward):
    params = drawn(RecurrentLayer(num_units=2), (None, 5, 4))
    expected = forward(RecurrentLayer(num_units=2), {**params, "b": np.zeros(2)}, x)
    bare = RecurrentLayer(num_units=2, b=None)
    assert "b" not in bare.param_specs((None, 5, 4))
    del params["b"]
    np.testing.assert_array_equal(forward(bare, params, x), expected)


@pytest.mark.parametrize("cls", [RecurrentLayer, LSTMLayer, GRULayer])
def test_gradients_are_clipped_at_each_step(float64, cls):
    params = drawn(cls(num_units=2), (None, 5, 4))

    @jax.jit
    @jax.grad
    def slope(x, limit, scale):
        layer = cls(num_units=2, grad_clipping=limit)
        return scale * layer.apply(params, {}, x, ctx=Context(True))[0].sum()

    np.testing.assert_array_equal(slope(x, 0.0, 1.0), slope(x, 1e9, 1.0))
    W = np.concatenate([value for name, value in params.items() if name.startswith("W_in")], 1)
    bound = 1e-3 * np.abs(W).sum(1)
    assert (np.abs(slope(x, 1e-3, 1e6)) <= bound + 1e-15).all()
    assert (np.abs(slope(x, 0.0, 1e6)) > bound).any()


def clipped_gru_slopes(params, x, weights, limit):
    """Slopes of the weighted output of a step of a GRU, each sum's slope bounded as in Lasagne."""
    gates = ("updategate", "resetgate", "hidden_update")
    W_in, W_hid = (np.hstack([params[f"W_{s}_to_{g}"] for g in gates]) for s in ("in", "hid"))
    hid = np.repeat(params["hid_init"], len(x), axis=0)
    fed = np.split(x @ W_in + np.hstack([params[f"b_{gate}"] for gate in gates]), 3, axis=1)
    of_hid = np.split(hid @ W_hid, 3, axis=1)
    update, reset = logistic(fed[0] + of_hid[0]), logistic(fed[1] + of_hid[1])
    new = np.tanh(fed[2] + reset * of_hid[2])
    d_update = weights * (new - hid) * update * (1 - update)
    d_new = np.clip(weights * update * (1 - new**2), -limit, limit)
    d_reset = d_new * of_hid[2] * reset * (1 - reset)
    d_fed = np.clip(np.hstack([d_update, d_reset, d_new]), -limit, limit)
    d_hid = np.clip(np.hstack([d_update, d_reset, d_new * reset]), -limit, limit)
    return d_fed @ W_in.T, x.T @ d_fed, hid.T @ d_hid


def test_each_sum_of_a_gru_has_its_slope_clipped(float64):
    """The formula equals torch's gradients, with hooks that clamp those of the three sums."""
    layer = GRULayer(num_units=2, learn_init=True)
    params, weights = drawn(layer, (None, 1, 4)), rng.normal(size=(3, 2))
    one_step = rng.normal(size=(3, 1, 4))

    @jax.jit
    @functools.partial(jax.grad, argnums=(0, 1))
    def slopes(params, x, limit):
        clipping = replace(layer, grad_clipping=limit)
        return (clipping.apply(params, {}, x, ctx=Context(True))[0][:, 0] * weights).sum()

    for limit in (0.01, 0.1):
        by_params, by_x = slopes(params, one_step, limit)
        expected = clipped_gru_slopes(params, one_step[:, 0], weights, limit)
        np.testing.assert_allclose(by_x[:, 0], expected[0], rtol=1e-10)
        for source, own in zip(("in", "hid"), expected[1:], strict=True):
            found = [by_params[f"W_{source}_to_{gate}"] for gate in layer.gates]
            np.testing.assert_allclose(np.hstack(found), own, rtol=1e-10)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            [(None, 5)],
            r"^input must have shape \(n, time, features\), got \(None, 5\); give sequences of "
            r"single numbers a feature axis: X\[:, :, None\]$",
        ),
        (
            [(None, 5, 4), (None, 6)],
            r"^mask_input must have shape \(n, 5\) for sequences of shape \(None, 5, 4\), "
            r"got \(None, 6\)$",
        ),
        (
            [(None, 5, 4), (None, 5, 4)],
            r"^mask_input must have shape \(n, 5\) .*, got \(None, 5, 4\)$",
        ),
    ],
)
@pytest.mark.parametrize("cls", [RecurrentLayer, LSTMLayer, GRULayer])
def test_shapes_that_do_not_fit(cls, shapes, message):
    with pytest.raises(LayerError, match=message):
        cls(num_units=2, mask_input=[None, "mask"][len(shapes) - 1]).output_shape(*shapes)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (LSTMLayer(), r"num_units is missing$"),
        (GRULayer(num_units=0), r"num_units must be a positive integer, got 0$"),
        (
            LSTMLayer(num_units=2, grad_clipping=-1),
            r"grad_clipping must be a finite number >= 0.0, got -1",
        ),
        (GRULayer(num_units=2, nonlinearity_resetgate=3), r"nonlinearity_resetgate must be a fun"),
        (
            LSTMLayer(num_units=2, b_cell=None),
            r"b_cell must be an initializer, a number, an array or",
        ),
    ],
)
def test_fields_that_cannot_be(layer, message):
    listed = [("input", InputLayer((None, 5, 4))), ("own", layer), ("end", DenseLayer(num_units=2))]
    with pytest.raises(ValueError, match=rf"^layer 'own' \(.*\):? {message}"):
        build_network(read_layers(listed), {})


def test_both_directions_side_by_side():
    layers = [
        ("input", InputLayer((None, 5, 4))),
        ("ahead", LSTMLayer(num_units=2)),
        ("back", LSTMLayer(num_units=3, backwards=True)),
        ("both", ConcatLayer(axis=2)),
    ]
    given = {"back": {"incoming": "input"}, "both": {"incomings": ["ahead", "back"]}}
    network = build_network(read_layers(layers), given)
    assert network.node("both").output_shape == (None, 5, 5)
    made = network.init(jax.random.key(0))
    params, state = jax.tree.map(lambda a: rng.normal(size=a.shape), made)
    with jax.enable_x64(True):
        (found,), _ = network.apply(params, state, {"input": x}, {}, Context(False))
        (turned,), _ = network.apply(params, state, {"input": x[:, ::-1]}, {}, Context(False))
    for name, part in (("ahead", found[..., :2]), ("back", found[..., 2:])):
        layer = network.node(name).layer
        expected = formula(layer, lstm)({**params[name], **state[name]}, x)
        np.testing.assert_allclose(part, expected, atol=1e-12)
    assert not np.allclose(found, turned[:, ::-1])


def test_the_output_bends_after_the_units():
    layers = [("input", InputLayer((None, 5, 4))), ("out", RecurrentLayer(only_return_final=True))]
    network = build_network(
        read_layers(layers), {}, tasks=[TargetInfo(lambda shape: 3, lambda shape, axis: softmax)]
    )
    layer = network.node("out").layer
    assert (layer.num_units, layer.nonlinearity) == (3, rectify)
    (head,) = network.heads
    assert head.ending is network.nonlinearity(head) is softmax
    params, state = network.init(jax.random.key(0))
    given = params, state, {"input": x.astype(np.float32)}, {}, Context(False)
    (logits,), _ = network.apply(*given, logits=["out"])
    (out,), _ = network.apply(*given)
    assert (logits >= 0).all()
    np.testing.assert_allclose(softmax(logits), out, rtol=1e-6)
    bare = build_network(read_layers(layers), {"out": {"num_units": 3}})
    assert bare.nonlinearity(bare.heads[0]) is linear


@pytest.fixture(scope="module")
def sequences():
    """Sequences of several lengths, padded with noise, that are told apart by their first sign."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 8, 1)).astype(np.float32)
    seen = (np.arange(8) < rng.integers(2, 9, size=(200, 1))).astype(np.float32)
    return {"input": X, "mask": seen}, (X[:, 0, 0] > 0).astype(int)


@pytest.fixture(scope="module")
def trained(sequences):
    net = NeuralNet(
        [
            ("input", InputLayer),
            ("mask", InputLayer),
            ("lstm", LSTMLayer),
            ("output", DenseLayer),
        ],
        lstm_incoming="input",
        lstm_mask_input="mask",
        lstm_num_units=8,
        lstm_only_return_final=True,
        lstm_backwards=True,
        lstm_grad_clipping=5.0,
        update_learning_rate=0.1,
        batch_iterator_train=20,
        max_epochs=30,
        random_state=0,
    )
    return net.fit(*sequences)


def test_a_net_learns_from_sequences_with_a_mask(trained, sequences):
    X, y = sequences
    assert trained.score(X, y) > 0.95
    noisy = np.where(X["mask"][:, :, None] > 0, X["input"], 9.0)
    np.testing.assert_array_equal(
        trained.predict_proba({**X, "input": noisy}), trained.predict_proba(X)
    )


def test_copies_of_a_net_keep_the_mask(trained, sequences):
    X, y = sequences
    again = pickle.loads(pickle.dumps(trained))
    np.testing.assert_array_equal(again.predict_proba(X), trained.predict_proba(X))
    assert again.layers_["lstm"].incomings == ("input", "mask")
    counts = compile_counts()
    np.testing.assert_array_equal(
        clone(trained).set_params(lstm_grad_clipping=5).fit(X, y).predict_proba(X),
        trained.predict_proba(X),
    )
    assert compile_counts() == counts


def test_a_number_for_each_time_step():
    """The running sum of the first feature, by the same weights at each step."""
    X = np.random.default_rng(0).normal(size=(96, 6, 3))
    y = X[:, :, 0].cumsum(axis=1)
    net = NeuralNet(
        [("input", InputLayer), ("gru", GRULayer), ("output", DenseLayer)],
        gru_num_units=8,
        output_num_leading_axes=2,
        regression=True,
        update="adam",
        update_learning_rate=0.03,
        batch_iterator_train=32,
        train_split=None,
        max_epochs=40,
        random_state=0,
    ).fit(X, y)
    assert net.layers_["output"].output_shape == (None, 6, 1)
    assert net.layers_["output"].W.shape == (8, 1)
    assert net.predict(X).shape == y.shape
    assert net.score(X, y) > 0.9
    counts = compile_counts()
    net.fit(X, y[:, :, None])
    assert net.predict(X).shape == (96, 6, 1)
    assert compile_counts() == counts


GATE = Gate(W_in=Constant(0.1), W_hid=0.2, W_cell=0.3, b=Constant(0.4), nonlinearity=None)
PARTS = {"W_in_to": Constant(0.1), "W_hid_to": 0.2, "W_cell_to": 0.3, "b": Constant(0.4)}


def parts_of(layer, gate):
    fields = ("W_in_to", "W_hid_to", "W_cell_to", "b", "nonlinearity")
    return {field: getattr(layer, f"{field}_{gate}", "none") for field in fields}


@pytest.mark.parametrize(
    ("cls", "gate"),
    [(cls, gate) for cls in (LSTMLayer, GRULayer) for gate in cls.gates],
)
def test_a_gate_sets_its_parts(cls, gate):
    default = cls(num_units=2)
    net = NeuralNet(
        [("input", InputLayer((None, 5, 4))), ("own", cls), ("end", DenseLayer)],
        own_num_units=2, end_num_units=1, regression=True, verbose=0, **{f"own_{gate}": GATE},
    )  # fmt: skip
    for layer in (
        cls(num_units=2, **{gate: GATE}),
        cls(None, 2, *[GATE if name == gate else getattr(cls, name) for name in GATES[cls]]),
        read_layers([(cls, {"num_units": 2, gate: GATE})])[0].given,
        net.initialize().layers_["own"].layer,
        clone(net).initialize().layers_["own"].layer,
    ):
        layer = cls(**layer) if isinstance(layer, dict) else layer
        expected = {
            name: value for name, value in PARTS.items() if hasattr(default, f"{name}_{gate}")
        }
        found = parts_of(layer, gate)
        assert found.pop("nonlinearity") is None
        assert {name: value for name, value in found.items() if value != "none"} == expected
        for other in set(cls.gates) - {gate}:
            assert parts_of(layer, other) == parts_of(default, other)


GATES = {
    LSTMLayer: ("ingate", "forgetgate", "cell", "outgate"),
    GRULayer: ("resetgate", "updategate", "hidden_update"),
}


def test_parts_come_before_their_gate():
    layer = LSTMLayer(num_units=2, ingate=GATE, b_ingate=0.7)
    assert (layer.b_ingate, layer.W_hid_to_ingate) == (0.7, 0.2)
    layers = [("input", InputLayer((None, 5, 4))), ("own", layer), ("end", DenseLayer(num_units=1))]
    given = {"own": {"b_ingate": 0.8, "ingate": Gate(b=0.1), "nonlinearity_ingate": "tanh"}}
    built = build_network(read_layers(layers), given).node("own").layer
    assert (built.b_ingate, built.W_hid_to_ingate) == (0.8, Gate().W_hid)
    assert built.nonlinearity_ingate is tanh


def test_a_gate_has_lasagnes_defaults():
    """Even as a cell, whose own default is the hyperbolic tangent."""
    assert LSTMLayer(num_units=2, cell=Gate()).nonlinearity_cell is Gate().nonlinearity
    assert LSTMLayer(num_units=2).nonlinearity_cell is tanh


def test_gates_draw_parameters_of_their_own_unless_they_are_shared():
    shared = Gate(W_in=Constant(0.5))
    times = InputLayer((None, 5, 4))
    one = LSTMLayer(times, 2, ingate=shared, forgetgate=shared, name="one")
    two = LSTMLayer(one, 4, ingate=Gate(W_hid=one.W_in_to_cell), name="two")
    layers = DenseLayer(LSTMLayer(two, 2, cell=Gate(W_in=one.W_in_to_cell)), 1)
    with pytest.raises(ValueError, match=r"W_hid_to_ingate must have the shape \(4, 2\)"):
        NeuralNet(layers, regression=True).initialize()
    net = NeuralNet(DenseLayer(LSTMLayer(one, 4, cell=Gate(W_hid=one.W_in_to_cell.T, W_in=0.1)), 1))
    with pytest.raises(ValueError, match=r"W_hid_to_cell must have the shape \(2, 4\)"):
        net.initialize()
    three = LSTMLayer(one, 2, cell=Gate(W_hid=one.W_hid_to_cell), name="three")
    net = NeuralNet(DenseLayer(three, 1), regression=True, verbose=0).initialize()
    net.layers_["three"].W_hid_to_cell.set_value(np.full((2, 2), 3.0))
    assert (net.layers_["one"].W_hid_to_cell.get_value() == 3.0).all()
    net.layers_["one"].W_in_to_ingate.set_value(np.ones((4, 2)))
    assert (net.layers_["one"].W_in_to_forgetgate.get_value() == 0.5).all()


@pytest.mark.parametrize("given", [0.5, Gate, {"b": 1.0}])
def test_other_values_are_no_gates(given):
    message = r"ingate must be a Gate, as in ingate=Gate\(b=1.0\), got"
    with pytest.raises(ValueError, match=message):
        LSTMLayer(num_units=2, ingate=given)
    with pytest.raises(ValueError, match=rf"^layer 'own' \(LSTMLayer\): {message}"):
        read_layers([(LSTMLayer, {"name": "own", "ingate": given})])
    layers = [("input", InputLayer((None, 5, 4))), ("own", LSTMLayer), ("end", DenseLayer)]
    with pytest.raises(ValueError, match=rf"layer 'own' \(LSTMLayer\): {message}"):
        build_network(read_layers(layers), {"own": {"ingate": given}, "end": {"num_units": 1}})


def test_initial_values_of_gates_compile_nothing():
    X, y = x.astype(np.float32), np.zeros(3)
    net = NeuralNet(
        [("input", InputLayer), ("own", GRULayer), ("end", DenseLayer)], own_num_units=2,
        own_resetgate=Gate(b=0.5), regression=True, max_epochs=1, train_split=None, verbose=0,
    ).fit(X, y)  # fmt: skip
    counts = compile_counts()
    net.set_params(own_resetgate=Gate(b=1.5, W_in=np.ones((4, 2)))).fit(X, y)
    assert compile_counts() == counts

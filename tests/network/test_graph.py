import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import correlate2d

from skconv.errors import LayerError
from skconv.estimator.heads import read_heads
from skconv.init import Constant, GlorotUniform
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Context,
    Conv2DLayer,
    CustomRecurrentLayer,
    DenseLayer,
    DropoutLayer,
    ElemwiseSumLayer,
    FlattenLayer,
    InputLayer,
    MaxPool2DLayer,
)
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.network.target_info import TargetInfo
from skconv.nonlinearities import linear, rectify, softmax

rng = np.random.default_rng(0)
rows = ("input", InputLayer((None, 4)))


def built(layers, given=None, ending=None, **kwargs):
    return build_network(
        read_layers(layers), given or {}, tasks=[TargetInfo(ending=ending)], **kwargs
    )


def dense(name, units=4, **fields):
    return (DenseLayer, {"name": name, "num_units": units, **fields})


def draw(network):
    """Parameters of normal numbers, in double precision."""
    params, state = network.init(jax.random.key(0))
    return jax.tree.map(lambda a: rng.normal(size=a.shape), params), state


def applied(network, params, x, state=None, train=False, runtime=None, to=None, logits=False):
    """Compute one output in double precision."""
    to = [to or network.heads[0].name]
    ctx = Context(train, jax.random.key(0) if train else None)
    inputs = x if isinstance(x, dict) else {"input": x}
    with jax.enable_x64(True):
        (out,), new = network.apply(
            params, state or {}, inputs, runtime or {}, ctx, to=to, logits=to if logits else ()
        )
    return np.asarray(out), new


def features(x, W, b):
    maps = [
        [sum(correlate2d(c, w, "valid") for c, w in zip(i, f, strict=True)) for f in W] for i in x
    ]
    return np.maximum(np.array(maps) + b[:, None, None], 0)


def softmaxed(z):
    return np.exp(z) / np.exp(z).sum(1, keepdims=True)


@pytest.fixture
def convnet():
    layers = [
        ("input", InputLayer((None, 2, 6, 5))),
        ("conv", Conv2DLayer(num_filters=3, filter_size=2)),
        ("flat", FlattenLayer()),
        dense("fc", 4),
    ]
    return built(layers, ending=lambda shape, axis: softmax)


def test_images_are_channels_first_for_the_user(convnet):
    params, _ = draw(convnet)
    x = rng.normal(size=(3, 2, 6, 5))
    maps = features(x, **params["conv"])
    logits = maps.reshape(3, -1) @ params["fc"]["W"] + params["fc"]["b"]
    expected = {"conv": maps, "flat": maps.reshape(3, -1), "fc": softmaxed(logits)}
    for name, value in expected.items():
        out, _ = applied(convnet, params, x, to=name)
        np.testing.assert_allclose(out, value, atol=1e-12)
    out, _ = applied(convnet, params, x, logits=True)
    np.testing.assert_allclose(out, logits, atol=1e-12)


def test_layers_of_several_layouts_meet():
    layers = [
        ("input", InputLayer((None, 2, 4, 4))),
        ("conv", Conv2DLayer(num_filters=3, filter_size=1)),
        ("both", ConcatLayer(incomings=["conv", "input"])),
        ("noise", DropoutLayer()),
        ("pool", MaxPool2DLayer(pool_size=2)),
    ]
    network = built(layers)
    params, _ = draw(network)
    x = rng.normal(size=(3, 2, 4, 4))
    both = np.concatenate([features(x, **params["conv"]), x], axis=1)
    expected = both.reshape(3, 5, 2, 2, 2, 2).max((3, 5))
    out, _ = applied(network, params, x)
    np.testing.assert_allclose(out, expected, atol=1e-12)


def test_logits_leave_out_the_nonlinearity_of_the_layer_asked_for(convnet):
    params, _ = draw(convnet)
    x = rng.normal(size=(3, 2, 6, 5))
    out, _ = applied(convnet, params, x, to="conv", logits=True)
    assert (out < 0).any()
    np.testing.assert_allclose(np.maximum(out, 0), features(x, **params["conv"]), atol=1e-12)


@pytest.mark.parametrize("ending", [None, lambda shape, axis: softmax])
def test_logits_of_an_output_without_nonlinearity(ending):
    network = built([rows, dense("fc"), ("drop", DropoutLayer())], ending=ending)
    params, _ = draw(network)
    x = rng.normal(size=(3, 4))
    hidden = np.maximum(x @ params["fc"]["W"] + params["fc"]["b"], 0)
    np.testing.assert_allclose(applied(network, params, x, logits=True)[0], hidden, atol=1e-12)
    expected = hidden if ending is None else softmaxed(hidden)
    np.testing.assert_allclose(applied(network, params, x)[0], expected, atol=1e-12)
    np.testing.assert_allclose(applied(network, params, x, to="fc")[0], hidden, atol=1e-12)


def test_the_ending_acts_on_channels():
    layers = [("input", InputLayer((None, 2, 3, 3))), ("drop", DropoutLayer())]
    x = rng.normal(size=(1, 2, 3, 3))
    out, _ = applied(built(layers, ending=lambda shape, axis: softmax), {}, x)
    np.testing.assert_allclose(out, softmaxed(x), atol=1e-12)


def test_state_flows_through_apply():
    network = built([rows, ("norm", BatchNormLayer(alpha=0.25)), dense("fc", 2)])
    params, state = network.init(jax.random.key(0))
    assert {name: list(own) for name, own in state.items()} == {"norm": ["mean", "inv_std"]}
    x = jnp.asarray(rng.normal(size=(6, 4)), jnp.float32)
    _, new = network.apply(params, state, {"input": x}, {}, Context(True))
    np.testing.assert_allclose(new["norm"]["mean"], x.mean(0) / 4, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(state["norm"]["mean"], np.zeros(4))
    _, same = network.apply(params, new, {"input": x}, {}, Context(False))
    assert same["norm"] is new["norm"]


def test_only_what_the_layer_needs_is_computed():
    branches = [dense("a"), dense("b"), dense("c", incoming="input")]
    network = built([rows, *branches, ("sum", ElemwiseSumLayer(incomings=["b", "c"]))])
    params, _ = draw(network)
    out, _ = applied(network, {"c": params["c"]}, rng.normal(size=(3, 4)), to="c")
    assert out.shape == (3, 4)


def test_several_inputs():
    layers = [
        ("a", InputLayer((None, 2))),
        ("b", InputLayer((None, 3))),
        ("both", ConcatLayer(incomings=["b", "a"])),
    ]
    x = {"a": rng.normal(size=(4, 2)), "b": rng.normal(size=(4, 3))}
    out, _ = applied(built(layers), {}, x)
    np.testing.assert_array_equal(out, np.concatenate([x["b"], x["a"]], axis=1))


def test_runtime_values_take_the_place_of_fields():
    network = built([rows, ("drop", DropoutLayer(p=0.5))])
    assert network.runtime() == {"input": {}, "drop": {"p": 0.5}}
    x = np.ones((50, 4))
    out, _ = applied(network, {}, x, train=True, runtime={"drop": {"p": np.float32(0)}})
    np.testing.assert_array_equal(out, x)
    out, _ = applied(network, {}, x, train=True)
    assert set(np.unique(out)) == {0.0, 2.0}


def test_each_layer_draws_its_own_noise():
    drops = [("a", DropoutLayer()), ("b", DropoutLayer(incoming="input"))]
    network = built([rows, *drops, ("both", ConcatLayer(incomings=["a", "b"]))])
    x = np.ones((50, 4))
    a, b = (applied(network, {}, x, train=True, to=name)[0] for name in "ab")
    assert (a != b).any()


def test_initial_weights_follow_from_the_key_and_differ_by_layer():
    network = built([rows, dense("a"), dense("b", b=1.5)])
    first, again, other = (network.init(jax.random.key(k))[0] for k in (0, 0, 1))
    np.testing.assert_array_equal(first["a"]["W"], again["a"]["W"])
    assert (first["a"]["W"] != other["a"]["W"]).all()
    assert (first["a"]["W"] != first["b"]["W"]).all()
    np.testing.assert_array_equal(first["b"]["b"], np.full(4, 1.5))


def test_a_parameter_that_cannot_be_drawn_names_its_layer():
    network = built([rows, dense("fc", b=GlorotUniform())])
    message = r"^layer 'fc' \(DenseLayer\): b: shape must have two or more axes for GlorotUniform"
    with pytest.raises(LayerError, match=message):
        network.init(jax.random.key(0))


def test_errors_of_a_layer_carry_its_name():
    network = built([rows, dense("fc")])
    with pytest.raises(KeyError) as caught:
        applied(network, {}, np.ones((2, 4)))
    assert caught.value.__notes__[0] == "in layer 'fc' (DenseLayer)"


def test_unknown_layers():
    network = built([rows, dense("hidden")])
    assert network.node("hidden").name == "hidden"
    with pytest.raises(ValueError, match=r"^unknown layer 'hiden'\. Did you mean 'hidden'\?$"):
        network.node("hiden")


def test_places_list_parameters_and_state_in_order():
    network = built([rows, ("norm", BatchNormLayer()), dense("fc", 2)])
    assert network.parameter_shapes() == {
        ("norm", "beta"): (4,),
        ("norm", "gamma"): (4,),
        ("norm", "mean"): (4,),
        ("norm", "inv_std"): (4,),
        ("fc", "W"): (4, 2),
        ("fc", "b"): (2,),
    }
    params, _ = network.init(jax.random.key(0))
    assert [a.shape for a in network.regularizable(params)] == [(4,), (4, 2)]


def test_the_structure_holds_no_arrays_and_computes_the_same():
    network = built([rows, dense("fc", W=np.ones((4, 4))), dense("out", W="fc", b=None)])
    bare = network.structure()
    assert bare.key == network.key
    assert bare.node("fc").layer.W == bare.node("fc").specs["W"].init == Constant()
    assert bare.node("out").layer.b is None
    params, _ = draw(network)
    x = rng.normal(size=(3, 4))
    out, again = (applied(n, params, x)[0] for n in (network, bare))
    np.testing.assert_array_equal(out, again)


def test_the_key_holds_what_programs_depend_on():
    key = built([rows, dense("fc")]).key
    assert built([rows, dense("fc", W=np.ones((4, 4)))]).key == key
    assert built([rows, dense("other")]).key != key
    assert built([rows, dense("fc", b=None)]).key != key
    assert built([rows, dense("fc", nonlinearity=None)]).key != key
    assert built([("input", InputLayer((None, 5))), dense("fc")]).key != key
    assert built([rows, dense("fc")], ending=lambda shape, axis: softmax).key != key


def test_the_initial_key_holds_what_weights_are_drawn_from():
    def inner(W):
        return DenseLayer(InputLayer((None, 4)), 4, W=W, nonlinearity=None)

    def recurrent(*values):
        layer = CustomRecurrentLayer(None, *map(inner, values))
        return built([("input", InputLayer((None, 5, 4))), ("steps", layer)])

    def plain(W):
        return built([rows, dense("fc", W=W)])

    for make, values in (plain, [2.0]), (recurrent, [1.0, 2.0]), (recurrent, [2.0, 1.0]):
        one, again = (make(*[1.0] * len(values)) for _ in range(2))
        assert one.initial_key == again.initial_key != make(*values).initial_key
        assert one.key == make(*values).key


def end_of(network):
    return network.nonlinearity(network.heads[0])


def test_what_the_output_ends_in():
    assert end_of(built([rows, dense("fc")])) is rectify
    assert end_of(built([rows, ("drop", DropoutLayer())])) is linear
    softened = built([rows, ("drop", DropoutLayer())], ending=lambda shape, axis: softmax)
    assert end_of(softened) is softmax


def two_heads(outputs=("b", "a"), aux=(), units=3):
    layers = [rows, dense("a", units), dense("hidden", incoming="input"), dense("b", 2)]
    heads = read_heads(outputs, aux, ["input", "a", "hidden", "b"])
    return build_network(read_layers(layers), {}, heads=heads, tasks=[TargetInfo(), TargetInfo()])


def test_several_outputs_are_computed_in_one_pass_in_their_order():
    network = two_heads()
    assert network.outputs == {"b": (None, 2), "a": (None, 3)}
    params, _ = draw(network)
    x = rng.normal(size=(5, 4))
    with jax.enable_x64(True):
        outs, _ = network.apply(params, {}, {"input": x}, {}, Context(False), logits=["a"])
    assert [out.shape for out in outs] == [(5, 2), (5, 3)]
    np.testing.assert_allclose(outs[0], applied(network, params, x, to="b")[0])
    logits = x @ params["a"]["W"] + params["a"]["b"]
    np.testing.assert_allclose(outs[1], logits, atol=1e-12)
    assert (logits < 0).any()


def test_the_outputs_are_part_of_the_key():
    key = two_heads(units=2).key
    assert two_heads(units=2).key == key
    assert two_heads(["a", "b"], units=2).key != key
    assert two_heads(["b"], ["a"], units=2).key != key


def test_which_layers_feed_others():
    network = two_heads()
    fed = [name for name in ("input", "a", "hidden", "b") if network.feeds_others(name)]
    assert fed == ["input", "hidden"]


def penalised(**fields):
    """Two layers that share W, of which the second has penalties."""
    return built(
        [rows, dense("a", l2=0.5), ("norm", BatchNormLayer()), dense("b", W="a", **fields)]
    )


def test_penalties_of_layers_act_on_their_regularizable_parameters():
    network = penalised(l1=0.1, l2=0.2)
    numbers = network.runtime()
    scale = {"grad_scale": 1.0}
    assert numbers["a"] == {"l2": 0.5} | scale
    assert numbers["b"] == {"l1": 0.1, "l2": 0.2} | scale
    params, _ = draw(network)
    W = params["a"]["W"]
    runtime = {"a": {"l2": 3.0}, "b": {"l1": 4.0, "l2": 5.0}}
    expected = 3 * (W**2).sum() + 4 * np.abs(W).sum() + 5 * (W**2).sum()
    with jax.enable_x64(True):
        assert float(network.penalty(params, runtime)) == pytest.approx(expected)
    assert network.penalty(params, {}) == 0


def test_factors_of_gradients_act_on_all_parameters_that_a_layer_uses():
    network = penalised(grad_scale=2.0)
    params, _ = draw(network)
    scaled = network.scale_gradients(
        params, {"b": {"grad_scale": 2.0}, "norm": {"grad_scale": 0.0}}
    )
    factors = {"a": {"W": 2, "b": 1}, "norm": {"beta": 0, "gamma": 0}, "b": {"b": 2}}
    for layer, own in factors.items():
        for name, factor in own.items():
            np.testing.assert_array_equal(scaled[layer][name], factor * params[layer][name])
    assert network.scale_gradients(params, {}) == params


def test_a_factor_of_zero_holds_what_a_layer_has_and_shares():
    network = penalised()
    params, state = draw(network)
    runtime = {"b": {"grad_scale": 0.0}, "norm": {"grad_scale": np.float32(0.5)}}
    moved = jax.tree.map(lambda array: array + 1, params)
    held = network.freeze_unscaled(params, moved, runtime)
    by = {("a", "W"): 0, ("a", "b"): 1, ("b", "b"): 0, ("norm", "beta"): 1}
    for (layer, name), before in by.items():
        np.testing.assert_allclose(held[layer][name], params[layer][name] + before, rtol=1e-6)
    renewed = jax.tree.map(lambda array: array + 1, state)
    kept = network.freeze_unscaled(state, renewed, {"norm": {"grad_scale": 0.0}})
    jax.tree.map(np.testing.assert_array_equal, kept, state)
    assert network.freeze_unscaled(state, renewed, {}) == renewed


def test_factors_of_gradients_are_one_where_nothing_is_said():
    scales = {name: own.get("grad_scale") for name, own in penalised().runtime().items()}
    assert scales == {"input": None, "a": 1.0, "norm": 1.0, "b": 1.0}
    assert penalised(grad_scale=0.5).key == penalised().key


def test_optional_numbers_are_no_part_of_the_key_but_their_presence_is():
    assert penalised(l1=0.1).key == penalised(l1=0.2).key
    assert penalised(l1=0.1).key != penalised().key != penalised(l2=0.1).key


def test_outputs_that_are_given_are_not_computed(convnet):
    params, _ = draw(convnet)
    maps = rng.normal(size=(3, 3, 5, 4))
    ctx = Context(False)
    with jax.enable_x64(True):
        (seen, out), _ = convnet.apply(
            params, {}, {}, {}, ctx, to=["conv", "fc"], given={"conv": maps}
        )
    np.testing.assert_array_equal(seen, maps)
    logits = maps.reshape(3, -1) @ params["fc"]["W"] + params["fc"]["b"]
    np.testing.assert_allclose(out, softmaxed(logits), atol=1e-12)
    done = softmaxed(rng.normal(size=(3, 4)))
    (again,), _ = convnet.apply(params, {}, {}, {}, ctx, to=["fc"], given={"fc": done})
    np.testing.assert_array_equal(again, done)


def test_multiply_adds_count_the_positions_of_a_row():
    sequences = (InputLayer, {"name": "input", "shape": (None, 6, 4)})
    flat, steps = (
        build_network(read_layers([sequences, dense("fc", 3, num_leading_axes=axes)]), {})
        for axes in (1, 2)
    )
    assert flat.multiply_adds() == 24 * 3
    assert steps.multiply_adds() == 6 * 4 * 3

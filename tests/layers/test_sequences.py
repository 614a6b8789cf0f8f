"""States that start from the output of another layer, and further inputs, for all kinds."""

import jax
import numpy as np
import pytest

from skconv import NeuralNet
from skconv.errors import LayerError
from skconv.layers import (
    Context,
    DenseLayer,
    GRULayer,
    InputLayer,
    LSTMLayer,
    RecurrentLayer,
    sequences,
)
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers

from .test_recurrent import KINDS, drawn, formula, mask, rng, x

CLASSES = [RecurrentLayer, LSTMLayer, GRULayer]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("cls", "fields", "step"), KINDS)
def test_each_row_starts_from_what_is_fed(forward, cls, fields, step, masked):
    fed = {"hid_init": rng.normal(size=(3, 2))}
    if cls is LSTMLayer:
        fed["cell_init"] = rng.normal(size=(3, 2))
    given = {name.replace("init", "input"): "other" for name in fed}
    layer = cls(num_units=2, mask_input="mask" if masked else None, **given, **fields)
    shapes = [(None, 5, 4), *([(None, 5)] if masked else []), *([(None, 2)] * len(fed))]
    params = drawn(layer, *shapes)
    assert not fed.keys() & params.keys()
    found = forward(layer, params, x, *([mask] if masked else []), *fed.values())
    for i, row in enumerate(x):
        starts = {name: values[i : i + 1] for name, values in fed.items()}
        seen = mask[i : i + 1] if masked else None
        expected = formula(layer, step)(params | starts, row[None], seen)
        np.testing.assert_allclose(found[i], expected[0], atol=1e-12)


def test_a_state_may_start_from_a_parameter_and_another_from_a_layer():
    layer = LSTMLayer(num_units=2, learn_init=True, cell_input="cells")
    specs = layer.param_specs((None, 5, 4), (None, 2))
    assert "cell_init" not in specs
    assert specs["hid_init"].trainable


def decoders():
    """The same net three times: with instances, entries, and keywords."""
    images = InputLayer((None, 5, 4), name="input")
    seen = InputLayer((None, 3), name="seen")
    start = DenseLayer(seen, 2, name="start")
    last = LSTMLayer(images, 2, hid_init=start, cell_init=start, name="last")
    end = DenseLayer(last, 1, name="end")
    entries = [
        (InputLayer, {"name": "input", "shape": (None, 5, 4)}),
        (InputLayer, {"name": "seen", "shape": (None, 3)}),
        (DenseLayer, {"name": "start", "num_units": 2}),
    ]
    final = (DenseLayer, {"name": "end", "num_units": 1})
    lstm = {"name": "last", "incoming": "input", "num_units": 2}
    named = {"hid_input": "start", "cell_input": "start"}
    return {
        "instances": (end, {}),
        "entries": ([*entries, (LSTMLayer, lstm | named), final], {}),
        "keywords": (
            [*entries, (LSTMLayer, lstm), final],
            {f"last_{name}": value for name, value in named.items()},
        ),
    }


@pytest.mark.parametrize("form", decoders())
def test_layers_that_states_start_from_are_given_in_any_form(form):
    layers, keywords = decoders()[form]
    net = NeuralNet(layers, **keywords, regression=True, random_state=0, verbose=0).initialize()
    assert net.layers_["last"].incomings == ("input", "start", "start")
    assert [p.name for p in net.layers_["last"].get_params()][-1] == "last.W_cell_to_outgate"
    rows = np.random.default_rng(0)
    X = {"input": rows.normal(size=(4, 5, 4)), "seen": rows.normal(size=(4, 3))}
    found = net.get_output("last", X)
    start = np.asarray(net.get_output("start", X))
    weights = {p.place[1]: p.get_value() for p in net.layers_["last"].get_params()}
    layer, step = LSTMLayer(num_units=2), KINDS[1][2]
    for i, row in enumerate(X["input"]):
        starts = dict.fromkeys(("hid_init", "cell_init"), start[i : i + 1])
        expected = formula(layer, step)(weights | starts, row[None])
        np.testing.assert_allclose(found[i], expected[0], atol=1e-5)


def test_gradients_reach_the_layer_that_a_state_starts_from(float64):
    layer = GRULayer(num_units=2, hid_input="start")
    params = drawn(layer, (None, 5, 4), (None, 2))
    apply = jax.jit(lambda h: layer.apply(params, {}, x, h, ctx=Context(True))[0].sum())
    h, direction = rng.normal(size=(2, 3, 2))
    slope = (jax.jit(jax.grad(apply))(h) * direction).sum()
    ends = [apply(h + step * direction) for step in (1e-5, -1e-5)]
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / 2e-5, rtol=1e-6)
    assert abs(slope) > 1e-6


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    ("fed", "message"),
    [
        ((None, 3), r"^hid_input must have shape \(n, 2\), as the state has, got \(None, 3\)$"),
        ((None, 5, 2), r"got \(None, 5, 2\); a recurrent layer with only_return_final=True has"),
    ],
)
def test_states_of_other_shapes_are_refused(cls, fed, message):
    with pytest.raises(LayerError, match=message):
        cls(num_units=2, hid_input="other").output_shape((None, 5, 4), fed)


@pytest.mark.parametrize("start", ["hid", "cell"])
def test_a_state_starts_from_one_of_both(start):
    given = {f"{start}_init": 0.5, f"{start}_input": "seen", "incoming": "input"}
    layers = [
        ("input", InputLayer((None, 5, 4))),
        ("seen", InputLayer((None, 2))),
        ("last", LSTMLayer),
        ("end", DenseLayer(num_units=1)),
    ]
    with pytest.raises(ValueError, match=rf"{start}_init must be left out if {start}_input is"):
        build_network(read_layers(layers), {"last": {"num_units": 2, **given}})


def test_inputs_that_the_fields_do_not_name():
    with pytest.raises(LayerError, match=r"as many further inputs as \['mask_input'\], got 1"):
        GRULayer(num_units=2, mask_input="mask").output_shape((None, 5, 4))


def test_gradients_of_all_steps_only():
    assert sequences.all_steps(-1) is None
    assert sequences.all_steps(3) == "-1, which stands for all steps"
    assert sequences.features_of((None, None, 3, 4)) == 12

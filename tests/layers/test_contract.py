"""Every layer keeps the contract of layers, whatever it does."""

import copy
import dataclasses
import math
import pickle
from functools import partial

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet, layers
from skconv.layers import Context
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.network.program_values import as_float32
from skconv.nonlinearities import tanh
from skconv.utils.fields import kind_of
from tests.foreign_modules import LinenConv

IMAGES = (None, 4, 6, 6)
SEQUENCES = (None, 4, 6)
TIMES = (None, 4)
VOLUMES = (None, 4, 6, 4, 4)
CONV = {"num_filters": 4, "filter_size": 3}


def larger(x, y):
    return jnp.maximum(x, y)


def smaller(x, y):
    return jnp.minimum(x, y)


def halved(x):
    return x / 2


EXAMPLES = {
    "BatchNormLayer": ({}, IMAGES),
    "BiasLayer": ({}, IMAGES),
    "ClassTokenLayer": ({"num_tokens": 2}, SEQUENCES),
    "ConcatLayer": ({"cropping": (None, None, "center")}, IMAGES, (None, 2, 4, 6)),
    "Conv1DLayer": (CONV, SEQUENCES),
    "Conv2DLayer": ({**CONV, "num_groups": 2, "stride": 2}, IMAGES),
    "Conv3DLayer": (CONV, VOLUMES),
    "CustomRecurrentLayer": (
        {
            "input_to_hidden": layers.DenseLayer(
                layers.InputLayer((None, 6)), 3, nonlinearity=tanh
            ),
            "hidden_to_hidden": layers.DenseLayer(
                layers.InputLayer((None, 3)), 3, nonlinearity=None
            ),
            "mask_input": "in1",
        },
        SEQUENCES,
        TIMES,
    ),
    "CyclicPoolLayer": ({"group": "dihedral"}, IMAGES),
    "CyclicRollLayer": ({}, IMAGES),
    "CyclicSliceLayer": ({}, IMAGES),
    "CyclicStackLayer": ({}, IMAGES),
    "DenseLayer": ({"num_units": 3, "num_leading_axes": 2}, IMAGES),
    "DepthwiseConv2DLayer": ({"filter_size": 3, "depth_multiplier": 2}, IMAGES),
    "DilatedConv2DLayer": ({**CONV, "dilation": 2}, IMAGES),
    "DimshuffleLayer": ({"pattern": (0, 2, "x", 3, 1)}, IMAGES),
    "DropoutLayer": ({"shared_axes": 2}, IMAGES),
    "DropoutLocationsLayer": ({"p": 0.3}, IMAGES),
    "ElemwiseMergeLayer": ({"merge_function": larger}, IMAGES, IMAGES),
    "ElemwiseSumLayer": ({"coeffs": (1.0, 2.0)}, IMAGES, IMAGES),
    "EmbeddingLayer": ({"input_size": 7, "output_size": 3}, (None, 5)),
    "ExpressionLayer": ({"function": halved}, IMAGES),
    "FeaturePoolLayer": ({"pool_size": 2}, IMAGES),
    "FeatureWTALayer": ({"pool_size": 2}, IMAGES),
    "FlattenLayer": ({}, IMAGES),
    "GaussianNoiseLayer": ({"sigma": 0.2}, IMAGES),
    "GRULayer": ({"num_units": 3, "mask_input": "in1"}, SEQUENCES, TIMES),
    "GlobalPoolLayer": ({}, IMAGES),
    "GroupNormLayer": ({"num_groups": 2}, IMAGES),
    "InputLayer": ({"shape": IMAGES}, IMAGES),
    "InstanceNormLayer": ({}, IMAGES),
    "InverseLayer": ({"layer": "other"}, IMAGES, IMAGES, IMAGES),
    "LSTMLayer": ({"num_units": 3, "learn_init": True}, SEQUENCES),
    "LayerNormLayer": ({}, IMAGES),
    "LocalResponseNormalization2DLayer": ({}, IMAGES),
    "LocallyConnected1DLayer": (CONV, SEQUENCES),
    "LocallyConnected2DLayer": ({**CONV, "channelwise": True}, IMAGES),
    "LocallyConnected3DLayer": (CONV, VOLUMES),
    "MaxPool1DLayer": ({"pool_size": 2}, SEQUENCES),
    "MaxPool2DLayer": ({"pool_size": 3, "stride": 2, "pad": 1}, IMAGES),
    "MaxPool3DLayer": ({"pool_size": 2}, VOLUMES),
    "ModuleLayer": ({"module": LinenConv()}, IMAGES),
    "MultiHeadAttentionLayer": (
        {"num_heads": 2, "num_units": 4, "mask_input": "in2", "p": 0.3},
        SEQUENCES,
        (None, 5, 3),
        (None, 5),
    ),
    "NINLayer": ({"num_units": 3, "untie_biases": True}, IMAGES),
    "NonlinearityLayer": ({}, IMAGES),
    "NormalizationLayer": ({}, IMAGES),
    "PadLayer": ({"width": ((1, 2), 0), "val": 1.0}, IMAGES),
    "ParametricRectifierLayer": ({}, IMAGES),
    "Pool1DLayer": ({"pool_size": 4, "ignore_border": False, "mode": "average"}, SEQUENCES),
    "Pool2DLayer": ({"pool_size": 2, "pad": 1, "mode": "average_inc_pad"}, IMAGES),
    "Pool3DLayer": ({"pool_size": 2, "stride": 1, "mode": "average_exc_pad"}, VOLUMES),
    "RandomizedRectifierLayer": ({}, IMAGES),
    "RecurrentLayer": (
        {"num_units": 3, "mask_input": "in1", "grad_clipping": 9.0},
        SEQUENCES,
        TIMES,
    ),
    "ReshapeLayer": ({"shape": ([0], 2, -1)}, IMAGES),
    "ScaleLayer": ({"shared_axes": (0, 1)}, IMAGES),
    "SeparableConv2DLayer": (CONV, IMAGES),
    "SliceLayer": ({"indices": slice(1, 3), "axis": 2}, IMAGES),
    "SpatialDropoutLayer": ({}, IMAGES),
    "SpatialPyramidPoolingLayer": ({"pool_dims": [3, 1]}, IMAGES),
    "SqueezeExciteLayer": ({"ratio": 2}, IMAGES),
    "StandardizationLayer": ({"axes": "spatial"}, IMAGES),
    "StochasticDepthLayer": ({}, IMAGES),
    "TPSTransformerLayer": (
        {"localization_network": "in1", "control_points": 4},
        IMAGES,
        (None, 8),
    ),
    "TransformerLayer": (
        {"localization_network": "in1", "downsample_factor": 1.5},
        IMAGES,
        (None, 6),
    ),
    "TransposedConv2DLayer": ({**CONV, "stride": 2, "crop": 1}, IMAGES),
    "TransposedConv3DLayer": ({**CONV, "stride": 2, "crop": "same"}, VOLUMES),
    "Upscale1DLayer": ({"scale_factor": 2}, SEQUENCES),
    "Upscale2DLayer": ({"scale_factor": (2, 3), "mode": "dilate"}, IMAGES),
    "Upscale3DLayer": ({"scale_factor": 2}, VOLUMES),
}

CHANGED = {
    "BatchNormLayer": {"axes": 0},
    "NormalizationLayer": {"axes": 0},
    "BiasLayer": {"shared_axes": 0},
    "ClassTokenLayer": {"num_tokens": 1},
    "ConcatLayer": {"cropping": (None, None, "upper")},
    "CustomRecurrentLayer": {"only_return_final": True},
    "CyclicPoolLayer": {"pool_function": jnp.max},
    "CyclicRollLayer": {"group": "dihedral"},
    "CyclicSliceLayer": {"group": "dihedral"},
    "CyclicStackLayer": {"group": "dihedral"},
    "DenseLayer": {"num_leading_axes": 1},
    "DepthwiseConv2DLayer": {"depth_multiplier": 1},
    "DimshuffleLayer": {"pattern": (0, 1, 3, 2)},
    "DropoutLayer": {"rescale": False},
    "DropoutLocationsLayer": {"rescale": False},
    "ElemwiseMergeLayer": {"merge_function": smaller},
    "ElemwiseSumLayer": {"coeffs": 0.5},
    "EmbeddingLayer": {"output_size": 4},
    "ExpressionLayer": {"function": jnp.cos},
    "FeaturePoolLayer": {"axis": 2},
    "FeatureWTALayer": {"axis": 2},
    "FlattenLayer": {"outdim": 3},
    "GRULayer": {"backwards": True},
    "GlobalPoolLayer": {"pool_function": jnp.max},
    "GroupNormLayer": {"num_groups": 4},
    "InputLayer": {"shape": (None, 2, 4, 5)},
    "LSTMLayer": {"peepholes": False},
    "LayerNormLayer": {"axes": 1},
    "ModuleLayer": {"data_format": "channels_first"},
    "MultiHeadAttentionLayer": {"num_heads": 4},
    "NINLayer": {"untie_biases": False},
    "NonlinearityLayer": {"nonlinearity": None},
    "PadLayer": {"val": 2.0},
    "ParametricRectifierLayer": {"shared_axes": 0},
    "RandomizedRectifierLayer": {"shared_axes": 0},
    "RecurrentLayer": {"only_return_final": True},
    "ReshapeLayer": {"shape": (None, 4, 36)},
    "ScaleLayer": {"shared_axes": 0},
    "SeparableConv2DLayer": {"num_filters": 3},
    "SliceLayer": {"indices": 0},
    "SpatialDropoutLayer": {"rescale": False},
    "SpatialPyramidPoolingLayer": {"implementation": "kaiming"},
    "SqueezeExciteLayer": {"num_hidden": 3},
    "StandardizationLayer": {"axes": "features"},
    "StochasticDepthLayer": {"rescale": False},
    "TPSTransformerLayer": {"border_mode": "wrap"},
    "TransformerLayer": {"downsample_factor": 2},
    **{f"TransposedConv{n}DLayer": {"flip_filters": False} for n in (2, 3)},
    "LocalResponseNormalization2DLayer": {"n": 3},
    **{f"Conv{n}DLayer": {"flip_filters": True} for n in (1, 2, 3)},
    "DilatedConv2DLayer": {"dilation": 1},
    **{f"LocallyConnected{n}DLayer": {"flip_filters": True} for n in (1, 2, 3)},
    **{f"MaxPool{n}DLayer": {"ignore_border": False} for n in (1, 2, 3)},
    **{f"Pool{n}DLayer": {"mode": "max"} for n in (1, 2, 3)},
    **{f"Upscale{n}DLayer": {"scale_factor": 3} for n in (1, 2, 3)},
}
"""Another structure for each layer that has more than one."""

SLICED = {"CyclicPoolLayer", "CyclicRollLayer", "CyclicStackLayer"}
"""Layers that take several copies of each row."""

HIDDEN = {
    "InstanceNormLayer": {"num_groups"},
    "LayerNormLayer": {"num_groups"},
}
"""Fields that a subclass has settled."""


@pytest.fixture(params=EXAMPLES)
def name(request):
    return request.param


@pytest.fixture
def layer(name):
    cls = getattr(layers, name)
    bent = {"nonlinearity": tanh} if hasattr(cls, "nonlinearity") else {}
    return cls(**bent, **EXAMPLES[name][0])


@pytest.fixture
def shapes(name):
    return EXAMPLES[name][1:]


def copies_of(layer):
    if type(layer).__name__ not in SLICED:
        return ()
    return ({"cyclic": 4, "dihedral": 8}[layer.group],)


def laid(shape, layer):
    shape = (3 * math.prod(copies_of(layer)), *shape[1:])
    return (shape[0], *shape[2:], shape[1]) if layer.layout == "channels_last" else shape


def drawn(layer, shapes, dtype=jnp.float32, seed=0):
    """Weights and a batch of whole numbers, which embeddings take as well."""
    made = layer.init(jax.random.key(seed), *shapes)
    params, state = jax.tree.map(lambda value: jnp.asarray(value, dtype), made)
    rng = np.random.default_rng(seed)
    xs = [jnp.asarray(rng.integers(0, 7, laid(shape, layer)), dtype) for shape in shapes]
    return params, state, xs


def applied(layer, params, state, xs, *, train=True):
    key = jax.random.key(0) if train else None
    ctx = Context(train, key, functions={"other": halved})
    return layer.apply(params, state, *xs, ctx=ctx)


def test_every_public_layer_is_here(public_layers):
    assert set(EXAMPLES) == public_layers


@pytest.mark.parametrize("train", [True, False])
def test_the_output_has_the_shape_that_is_promised(layer, shapes, train):
    params, state, xs = drawn(layer, shapes)
    out, new = jax.eval_shape(lambda *args: applied(layer, *args, train=train), params, state, xs)
    rows = 3 * math.prod(layer.copies(copies_of(layer)))
    promised = (rows, *layer.output_shape(*shapes)[1:])
    last = layer.layout == "channels_last" and len(promised) > 2
    assert out.shape == ((rows, *promised[2:], promised[1]) if last else promised)
    assert jax.tree.structure(new) == jax.tree.structure(state)


def test_the_number_of_rows_may_be_symbolic(layer, shapes):
    """As in an export for any number of rows; copies of rows are a multiple of eight."""
    params, state, xs = drawn(layer, shapes)
    (n,) = jax.export.symbolic_shape("n")
    rows = [jax.ShapeDtypeStruct((8 * n, *x.shape[1:]), x.dtype) for x in xs]
    exported = jax.export.export(jax.jit(partial(applied, layer, train=False)))
    (out, *_) = exported(params, state, rows).out_avals
    given, returned = copies_of(layer), layer.copies(copies_of(layer))
    assert out.shape[0] == 8 * math.prod(returned) // math.prod(given) * n


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_the_type_stays(layer, shapes, dtype):
    with jax.enable_x64(True):
        params, state, xs = drawn(layer, shapes, dtype)
        out, new = jax.eval_shape(lambda *args: applied(layer, *args), params, state, xs)
    assert {value.dtype for value in jax.tree.leaves((out, new))} == {jnp.dtype(dtype)}


def test_gradients_are_finite_and_reach_every_parameter(layer, shapes):
    params, state, xs = drawn(layer, shapes)
    xs = [x - 3.0 for x in xs] if not isinstance(layer, layers.EmbeddingLayer) else xs

    @jax.jit
    def slopes(params, xs):
        def total(params, xs):
            return jnp.square(applied(layer, params, state, xs)[0] + 1.0).sum()

        return jax.grad(total, argnums=(0, 1))(params, xs)

    of_params, of_xs = slopes(params, xs)
    assert all(np.isfinite(slope).all() for slope in jax.tree.leaves((of_params, of_xs)))
    assert all(np.any(slope) for slope in jax.tree.leaves(of_params))


def test_several_nets_at_once_are_the_same_as_one_by_one(layer, shapes):
    both = [drawn(layer, shapes, seed=seed) for seed in (0, 1)]
    together = jax.tree.map(lambda *values: jnp.stack(values), *both)
    apply = jax.jit(lambda args: applied(layer, *args)[0])
    found = jax.jit(jax.vmap(lambda args: applied(layer, *args)[0]))(together)
    for one, args in zip(found, both, strict=True):
        np.testing.assert_allclose(one, apply(args), rtol=1e-5, atol=1e-5)


def test_numbers_of_runtime_fields_compile_nothing(layer, shapes):
    fields = [f for f in dataclasses.fields(layer) if kind_of(f) == "runtime"]
    params, state, xs = drawn(layer, shapes)
    traces = []

    @jax.jit
    def apply(numbers):
        traces.append(numbers)
        return applied(dataclasses.replace(layer, **numbers), params, state, xs)[0]

    for factor in (1.0, 0.5):
        apply({f.name: np.float32(factor * getattr(layer, f.name)) for f in fields})
    assert len(traces) == 1


def test_copies_are_equal_and_hash_alike(name, layer):
    layer = dataclasses.replace(layer, name="a")
    for other in (copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other == layer
        assert hash(other) == hash(layer)
        assert other.name == "a"
    assert name not in CHANGED or dataclasses.replace(layer, **CHANGED[name]) != layer


def test_layers_with_one_structure_have_no_fields_for_another(name, layer):
    fields = [f.name for f in dataclasses.fields(layer) if kind_of(f) == "structural"]
    assert (name in CHANGED) == bool(set(fields) - {"name"} - HIDDEN.get(name, set()))


def test_fields_are_of_known_kinds(layer):
    kinds = {kind_of(f) for f in dataclasses.fields(layer)}
    assert kinds <= {"structural", "runtime", "optional", "initial", "graph"}
    assert type(layer).__dataclass_params__.frozen


def test_older_names_stand_for_fields(layer):
    fields = {f.name for f in dataclasses.fields(layer)}
    assert set(layer.aliases.values()) <= fields
    assert not set(layer.aliases) & fields


def feeding(layer, shapes):
    """List what may feed a layer, and which of it does besides what its own fields name."""
    name = type(layer).__name__
    named = [value for value in EXAMPLES[name][0].values() if isinstance(value, str)]
    merges = isinstance(layer, layers.MergeLayer)
    others = [
        (layers.InputLayer, {"name": f"in{i}", "shape": shape})
        for i, shape in enumerate(shapes)
        if i == 0 or merges or f"in{i}" in named
    ]
    if "other" in named:
        halving = {"name": "other", "function": halved, "incoming": "in0"}
        others.append((layers.ExpressionLayer, halving))
    if copies_of(layer):
        slicing = {"name": "sliced", "group": layer.group, "incoming": "in0"}
        return [*others, (layers.CyclicSliceLayer, slicing)], {"incoming": "sliced"}
    feeds = [f"in{i}" for i in range(len(shapes)) if f"in{i}" not in named]
    return others, {"incomings": feeds} if merges else {"incoming": "in0"}


def following(layer):
    """List what makes one row of each again."""
    copies = layer.copies(copies_of(layer))
    return [(layers.CyclicPoolLayer, {"group": layer.group})] if copies else []


def network(layer, shapes):
    if isinstance(layer, layers.InputLayer):
        return build_network(read_layers([layer]), {})
    others, fed = feeding(layer, shapes)
    return build_network(
        read_layers([*others, ("layer", layer), *following(layer)]), {"layer": fed}
    )


def test_only_structure_changes_the_key_of_a_network(name, layer, shapes):
    key = network(layer, shapes).key
    again = network(copy.deepcopy(layer), shapes).key
    assert again == key
    assert hash(again) == hash(key)
    for field in dataclasses.fields(layer):
        if kind_of(field) == "runtime":
            other = {field.name: getattr(layer, field.name) * 0.9}
            assert network(dataclasses.replace(layer, **other), shapes).key == key
        if kind_of(field) == "initial":
            assert network(dataclasses.replace(layer, **{field.name: 0.25}), shapes).key == key
    if name in CHANGED:
        assert network(dataclasses.replace(layer, **CHANGED[name]), shapes).key != key


def test_networks_of_bfloat16_keep_the_types_of_weights_and_outputs(layer, shapes):
    """The layer is no output, as those have the full precision anyway."""
    after = [] if isinstance(layer, layers.InputLayer) else following(layer)
    feeds, fed = ([], {}) if isinstance(layer, layers.InputLayer) else feeding(layer, shapes)
    last = (layers.ExpressionLayer, {"function": halved, "name": "last"})
    specs = read_layers([*feeds, ("layer", layer), *after, last])
    whole = dataclasses.replace(build_network(specs, {"layer": fed}), compute_dtype="bfloat16")

    def train(params, state, xs):
        runtime = as_float32(whole.runtime())

        def loss(params):
            ctx = Context(True, jax.random.key(0))
            outs, new = whole.apply(params, state, xs, runtime, ctx)
            return jnp.square(outs[0]).sum(), (outs, new)

        return jax.value_and_grad(loss, has_aux=True)(params)

    def floats(shape):
        return jax.ShapeDtypeStruct(shape, jnp.float32)

    made = {}, {}
    for (owner, param), spec in whole.places():
        made[0 if spec.trainable else 1].setdefault(owner, {})[param] = floats(spec.shape)
    xs = {name: floats((3, *shape[1:])) for name, shape in whole.inputs.items()}
    (_, (outs, new)), slopes = jax.eval_shape(train, *made, xs)
    assert {value.dtype for value in jax.tree.leaves((outs, new, slopes))} == {jnp.float32.dtype}


def test_optional_numbers_are_for_layers_with_parameters(layer, shapes):
    optional = [f.name for f in dataclasses.fields(layer) if kind_of(f) == "optional"]
    assert optional[:3] == ["l1", "l2", "grad_scale"]
    found = layer.param_specs(*shapes).values()
    for field in optional[:3]:
        able = any(s.trainable and (s.regularizable or field == "grad_scale") for s in found)
        one, other = (dataclasses.replace(layer, **{field: value}) for value in (0.5, 0.25))
        if able:
            key = network(one, shapes).key
            assert key == network(other, shapes).key
            assert (key == network(layer, shapes).key) == (field == "grad_scale")
        else:
            message = (
                rf"\): {field} must be None for a layer without parameters that it acts on, "
                r"got 0\.5; layers with such parameters: "
            )
            with pytest.raises(ValueError, match=message):
                network(one, shapes)


def test_keywords_of_a_net_reach_the_layer(name, layer, shapes):
    others, fed = ([], {}) if name == "InputLayer" else feeding(layer, shapes)
    fields = {f"own_{key}": value for key, value in EXAMPLES[name][0].items()}
    own = (getattr(layers, name), {"name": "own", **fed})
    last = (layers.DenseLayer, {"num_units": 2})
    net = NeuralNet([*others, own, *following(layer), last], **fields)
    again = clone(net).set_params(**net.get_params())
    assert {key: again.get_params()[key] for key in fields} == fields
    made = again.initialize().layers_["own"].layer
    assert {key: getattr(made, key) for key in EXAMPLES[name][0]} == {
        key: getattr(layer, key) for key in EXAMPLES[name][0]
    }

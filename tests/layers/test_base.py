import copy
import pickle
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import skconv.layers
from skconv.building import build
from skconv.errors import LayerError
from skconv.init import Array, Constant
from skconv.layers import Context, DenseLayer, InputLayer, Layer, MergeLayer
from skconv.layers.base import UNSET, each_axis, initial, kind_of, need_rank, runtime, structural
from skconv.layers.spec import read
from skconv.nonlinearities import tanh

FIELDS = {
    "Conv2DLayer": {"num_filters": 2, "filter_size": 3, "pad": "same", "nonlinearity": tanh},
    "DenseLayer": {"num_units": 3, "nonlinearity": tanh},
    "InputLayer": {"shape": (None, 2, 4, 4)},
    "MaxPool2DLayer": {"pool_size": 2},
    "NonlinearityLayer": {"nonlinearity": tanh},
    "Pool2DLayer": {"pool_size": 2, "mode": "average"},
    "ReshapeLayer": {"shape": ([0], 4, 8)},
}
CHANGED = {
    "Conv2DLayer": {"stride": 2},
    "ConcatLayer": {"axis": 2},
    "DenseLayer": {"nonlinearity": None},
    "DropoutLayer": {"rescale": False},
    "ElemwiseSumLayer": {"coeffs": 0.5},
    "FlattenLayer": {"outdim": 3},
    "InputLayer": {"shape": (None, 2, 4, 5)},
    "MaxPool2DLayer": {"ignore_border": False},
    "NonlinearityLayer": {"nonlinearity": None},
    "Pool2DLayer": {"mode": "max"},
    "ReshapeLayer": {"shape": (None, 4, 8)},
    "BatchNormLayer": {"axes": 0},
}
CONCRETE = [
    cls
    for cls in (getattr(skconv.layers, name) for name in skconv.layers.__all__)
    if isinstance(cls, type) and issubclass(cls, Layer) and cls not in (Layer, MergeLayer)
]
every_layer = pytest.mark.parametrize("cls", CONCRETE, ids=lambda cls: cls.__name__)


def example(cls, **fields):
    return cls(**FIELDS.get(cls.__name__, {}), **fields)


def network(layer):
    if isinstance(layer, InputLayer):
        return build(read([layer]), {})
    entries = [("input", InputLayer((None, 2, 4, 4))), ("layer", layer)]
    feeds = {"incomings": ["input", "input"]} if isinstance(layer, MergeLayer) else {}
    return build(read(entries), {"layer": feeds})


def started(layer, dtype=jnp.float32):
    """Parameters, state, inputs in the layer's layout, and a step's context."""
    count = 2 if isinstance(layer, MergeLayer) else 1
    params, state = layer.init(jax.random.key(0), *[(None, 2, 4, 4)] * count)
    x = jax.random.normal(jax.random.key(1), (3, 2, 4, 4))
    x = jnp.moveaxis(x, 1, -1) if layer.layout == "channels_last" else x
    params, state, inputs = jax.tree.map(lambda a: a.astype(dtype), (params, state, [x] * count))
    return params, state, inputs, Context(True, jax.random.key(2))


@every_layer
def test_copies_are_equal_and_hash_alike(cls):
    layer = example(cls, name="a")
    for other in (copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other == layer
        assert hash(other) == hash(layer)
        assert other.name == "a"
    assert replace(layer, **CHANGED[cls.__name__]) != layer


@every_layer
def test_fields_are_of_known_kinds(cls):
    kinds = {kind_of(f) for f in cls.__dataclass_fields__.values()}
    assert kinds <= {"structural", "runtime", "initial", "graph"}
    assert cls.__dataclass_params__.frozen


@every_layer
def test_only_structure_changes_the_key_of_a_network(cls):
    layer = example(cls)
    key = network(layer).key
    assert network(copy.deepcopy(layer)).key == key
    assert hash(network(copy.deepcopy(layer)).key) == hash(key)
    for field in cls.__dataclass_fields__.values():
        if kind_of(field) == "runtime":
            other = replace(layer, **{field.name: getattr(layer, field.name) / 2})
            assert network(other).key == key
        if kind_of(field) == "initial":
            assert network(replace(layer, **{field.name: 0.25})).key == key
    assert network(replace(layer, **CHANGED[cls.__name__])).key != key


@every_layer
def test_apply_keeps_the_dtype(cls):
    layer = example(cls)
    for dtype in ("bfloat16", "float64"):
        with jax.enable_x64(dtype == "float64"):
            params, state, inputs, ctx = started(layer, dtype)
            out, new = layer.apply(params, state, *inputs, ctx=ctx)
            predicted, _ = layer.apply(params, state, *inputs, ctx=Context(False))
        found = {a.dtype for a in (out, predicted, *jax.tree.leaves(new))}
        assert found == {jnp.dtype(dtype)}


@every_layer
def test_layers_map_and_differentiate(cls):
    layer = example(cls)
    params, state, inputs, ctx = started(layer)

    @jax.jit
    def apply(params, inputs):
        return layer.apply(params, state, *inputs, ctx=ctx)[0]

    several = jax.tree.map(lambda a: jnp.stack([a, a + 1]), (params, inputs))
    mapped = jax.jit(jax.vmap(apply))(*several)
    for i in range(2):
        one = apply(*jax.tree.map(lambda a, i=i: a[i], several))
        np.testing.assert_allclose(mapped[i], one, rtol=1e-4, atol=1e-5)
    slopes = jax.jit(jax.grad(lambda *args: (apply(*args) ** 2).sum(), argnums=(0, 1)))(
        params, inputs
    )
    assert all(np.isfinite(a).all() and np.any(a) for a in jax.tree.leaves(slopes))


@every_layer
def test_older_names_stand_for_fields(cls):
    assert set(cls.aliases.values()) <= set(cls.__dataclass_fields__)
    assert not set(cls.aliases) & set(cls.__dataclass_fields__)


def test_unset_survives_copies():
    for other in (copy.copy(UNSET), copy.deepcopy(UNSET), pickle.loads(pickle.dumps(UNSET))):
        assert other is UNSET
    assert repr(UNSET) == "<unset>"


@pytest.mark.parametrize("make", [np.asarray, jnp.asarray])
def test_arrays_as_initial_values_compare_by_their_numbers(make):
    layer = DenseLayer(num_units=2, W=make([[1.0, 2.0]]))
    assert isinstance(layer.W, Array)
    assert layer == DenseLayer(num_units=2, W=make([[1.0, 2.0]]))
    assert layer != DenseLayer(num_units=2, W=make([[1.0, 3.0]]))


def test_init_draws_each_parameter_from_a_key_of_its_own():
    keys = []

    def recorded(key, shape, dtype):
        keys.append(tuple(jax.random.key_data(key).tolist()))
        return jnp.zeros(shape, dtype)

    params, state = DenseLayer(num_units=3, W=recorded, b=recorded).init(
        jax.random.key(0), (None, 4)
    )
    assert {name: (a.shape, a.dtype.name) for name, a in params.items()} == {
        "W": ((4, 3), "float32"),
        "b": ((3,), "float32"),
    }
    assert state == {}
    assert len(set(keys)) == 2


def test_init_leaves_shared_parameters_to_their_keeper():
    params, _ = DenseLayer(num_units=3, W="other").init(jax.random.key(0), (None, 4))
    assert list(params) == ["b"]


def test_init_names_the_parameter_that_cannot_be_drawn():
    layer = DenseLayer(num_units=3, b=np.zeros(2))
    message = r"^b: an array of shape \(2,\) was given, \(3,\) is needed$"
    with pytest.raises(LayerError, match=message):
        layer.init(jax.random.key(0), (None, 4))


def test_kinds_of_fields():
    for field, kind in (
        (structural(1), "structural"),
        (runtime(1.0), "runtime"),
        (initial(Constant()), "initial"),
    ):
        assert kind_of(field) == kind
    assert runtime(1.0).metadata["check"]("a") == "a number"


def test_one_number_stands_for_all_axes():
    assert each_axis(3, 2, "stride") == each_axis((3, 3), 2, "stride") == (3, 3)
    with pytest.raises(LayerError, match=r"^stride=\(3,\) has 1 numbers, 2 are needed$"):
        each_axis((3,), 2, "stride")


def test_only_a_missing_axis_is_taken_for_the_channels():
    with pytest.raises(LayerError, match=r"got \(None, 4\)$"):
        need_rank((None, 4), 4, "(n, channels, height, width)")
    with pytest.raises(LayerError, match=r"; give images a channel axis: X\[:, None\]$"):
        need_rank((None, 8, 8), 4, "(n, channels, height, width)")

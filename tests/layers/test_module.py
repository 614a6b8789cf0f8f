"""Modules of Flax and Equinox in nets."""

import pickle

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import skconv
from skconv import NeuralNet
from skconv.layers import Context, DenseLayer, InputLayer, ModuleLayer
from tests.compiling import compiled
from tests.foreign_modules import EquinoxNet, LinenConv, LinenNet, NnxNet

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype("float32")
y = (X.sum(1) > 0).astype(int)


def make_equinox(key):
    return EquinoxNet(key)


MODULES = {
    "linen": LinenNet(),
    "nnx": NnxNet(nnx.Rngs(0)),
    "equinox": make_equinox,
}
BIASES = {
    "linen": {"BatchNorm_0_bias", "Dense_0_bias"},
    "nnx": {"norm_bias", "dense_bias"},
    "equinox": {"norm_bias", "dense_bias"},
}
WEIGHTS = {
    "linen": {"BatchNorm_0_scale", "Dense_0_kernel"},
    "nnx": {"norm_scale", "dense_kernel"},
    "equinox": {"norm_weight", "dense_weight"},
}
STATE = {
    "linen": {"BatchNorm_0_mean", "BatchNorm_0_var"},
    "nnx": {"norm_mean", "norm_var"},
    "equinox": {"norm_ema_first_time_index", "norm_ema_state_index_0", "norm_ema_state_index_1"},
}


def net_of(module, **keywords):
    layers = [("input", InputLayer), ("mod", ModuleLayer(module)), ("output", DenseLayer)]
    return NeuralNet(layers, **{"max_epochs": 2, "random_state": 0, **keywords})


def values_of(net):
    return {name: one.get_value() for one in net.get_all_params() for name in [one.name]}


def same(one, other):
    return all((one[name] == other[name]).all() for name in one.keys() | other.keys())


@pytest.fixture(scope="module", params=MODULES)
def library(request):
    return request.param


@pytest.fixture(scope="module")
def module(library):
    return MODULES[library]


@pytest.fixture(scope="module")
def fitted(module):
    return net_of(module).fit(X, y)


def test_parameters_and_state_have_names_and_tags(fitted, library):
    def names(**tags):
        return {one.name.split(".")[1] for one in fitted.layers_["mod"].get_params(**tags)}

    assert names(regularizable=True) == WEIGHTS[library]
    assert names(trainable=True) == WEIGHTS[library] | BIASES[library]
    assert names(trainable=False) == STATE[library]


def test_a_fit_trains_the_module_and_renews_its_state(fitted, module):
    start = values_of(net_of(module, input_shape=(None, 4), output_num_units=2).initialize())
    end = values_of(fitted)
    assert start.keys() == end.keys()
    assert not any((start[name] == end[name]).all() for name in start)


def test_fits_start_afresh(fitted):
    before = values_of(fitted)
    assert same(values_of(clone(fitted).fit(X, y)), before)


def test_predictions_do_not_depend_on_other_rows(fitted):
    proba = fitted.predict_proba(X)
    np.testing.assert_allclose(fitted.predict_proba(X[:7]), proba[:7], atol=1e-6)
    np.testing.assert_array_equal(fitted.predict_proba(X), proba)


def test_searches_and_copies_of_the_module_share_a_program(fitted, module):
    before = skconv.compile_counts()["train"]
    grid = {"update_learning_rate": [0.01, 0.02, 0.03]}
    GridSearchCV(net_of(module), grid, cv=2).fit(X, y)
    assert skconv.compile_counts()["train"] - before <= 1
    layers = [("input", InputLayer), ("mod", ModuleLayer), ("output", DenseLayer)]
    by_keyword = NeuralNet(layers, mod_module=module, max_epochs=2, random_state=0)
    _, compiles = compiled(GridSearchCV(by_keyword, grid, cv=2).fit, X, y)
    assert compiles == 0


def test_files_and_pickles(fitted, module, tmp_path):
    proba = fitted.predict_proba(X)
    for path in (tmp_path / "weights.npz", tmp_path / "weights.safetensors"):
        fitted.save_params_to(path)
        other = net_of(module, input_shape=(None, 4), output_num_units=2).initialize()
        other.load_params_from(path)
        np.testing.assert_array_equal(other.predict_proba(X), proba)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), proba)


def test_frozen_modules_compute_as_at_prediction(module):
    layer = ModuleLayer(module, grad_scale=0.0)
    params, state = layer.init(jax.random.key(0), (None, 4))
    state = {name: jnp.ones_like(value) for name, value in state.items()}
    still, _ = layer.apply(params, state, X, ctx=Context(train=False))
    for scale, equal in ((0.0, True), (1.0, False)):
        layer = ModuleLayer(module, grad_scale=scale)
        out, new = layer.apply(params, state, X, ctx=Context(True, jax.random.key(1)))
        assert np.allclose(out, still, atol=1e-5) is equal
        assert same(new, state) is equal


def test_dropout_follows_the_random_key(module):
    layer = ModuleLayer(module)
    params, state = layer.init(jax.random.key(0), (None, 4))
    one, again, other = (
        layer.apply(params, state, X, ctx=Context(True, jax.random.key(seed)))[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert 0.2 < np.mean((one == 0) != (other == 0)) < 0.5
    assert len(np.unique(np.asarray(one) == 0, axis=0)) > 10
    assert layer.noisy


def test_noise_at_prediction_is_the_same_for_all_rows(module):
    layer = ModuleLayer(module)
    params, state = layer.init(jax.random.key(0), (None, 4))
    noisy, new = layer.apply(params, state, X, ctx=Context(False, jax.random.key(1)))
    still, _ = layer.apply(params, state, X, ctx=Context(False))
    dropped = (np.asarray(noisy) == 0) & (np.asarray(still) > 0)
    kept = np.asarray(noisy) > 0
    assert not (dropped.any(axis=0) & kept.any(axis=0)).any()
    assert dropped.any()
    np.testing.assert_allclose(noisy[kept], 2 * still[kept], rtol=1e-5)
    assert same(new, state)


def logits_of(library, net):
    """Return the function from parameters by name and X to logits in training, and parameters."""
    layer = net.layers_["mod"]
    trained = {one.place[1]: jnp.asarray(one.get_value()) for one in layer.get_params(True)}
    if library == "linen":
        module = LinenNet(units=2, p=0.0)
        stats = {"mean": jnp.zeros(2), "var": jnp.ones(2)}

        def logits(values):
            params = {"Dense_0": {}, "BatchNorm_0": {}}
            for name, value in values.items():
                params[name.rpartition("_")[0]][name.rpartition("_")[2]] = value
            variables = {"params": params, "batch_stats": {"BatchNorm_0": stats}}
            return module.apply(variables, X, train=True, mutable=["batch_stats"])[0]

    elif library == "nnx":

        def logits(values):
            module = NnxNet(nnx.Rngs(0), units=2, p=0.0)
            for name, value in values.items():
                part, own = name.split("_")
                getattr(getattr(module, part), own)[...] = value
            return module(X)

    else:
        module, state = eqx.nn.make_with_state(EquinoxNet)(jax.random.key(0), 2, 0.0)

        def logits(values):
            def where(net):
                return [getattr(getattr(net, part), own) for part, own in map(split, values)]

            def split(name):
                return name.split("_")

            made = eqx.tree_at(where, module, list(values.values()))
            mapped = jax.vmap(made, in_axes=(0, None), out_axes=(0, None), axis_name="rows")
            return mapped(X, state)[0]

    return logits, trained


SMALL = {
    "linen": lambda: LinenNet(units=2, p=0.0),
    "nnx": lambda: NnxNet(nnx.Rngs(3), units=2, p=0.0),
    "equinox": lambda: EquinoxNet(jax.random.key(3), units=2, p=0.0),
}


def test_a_step_is_that_of_a_loop_written_by_hand(library):
    layers = [("input", InputLayer((None, 4))), ("mod", ModuleLayer(SMALL[library]()))]
    net = NeuralNet(
        layers,
        update=optax.sgd,
        update_learning_rate=0.1,
        batch_iterator_train=len(X),
        train_split=None,
        max_epochs=1,
        random_state=0,
    )
    logits, start = logits_of(library, net.initialize())
    update = optax.sgd(0.1)

    def loss(values):
        return optax.softmax_cross_entropy_with_integer_labels(logits(values), y).mean()

    change, _ = update.update(jax.grad(loss)(start), update.init(start))
    expected = optax.apply_updates(start, change)
    net.fit(X, y)
    for name, value in expected.items():
        np.testing.assert_allclose(
            getattr(net.layers_["mod"], name).get_value(), value, atol=1e-6, err_msg=name
        )


@pytest.mark.parametrize("library", ["linen", "nnx", "equinox"])
def test_images_are_laid_out_as_the_library_does(library):
    images = rng.normal(size=(3, 2, 6, 5)).astype("float32")
    module = {
        "linen": LinenConv(),
        "nnx": nnx.Conv(2, 5, (3, 3), padding="VALID", rngs=nnx.Rngs(0)),
        "equinox": eqx.nn.Conv2d(2, 5, 3, key=jax.random.key(0)),
    }[library]
    layer = ModuleLayer(module)
    assert layer.output_shape((None, 2, 6, 5)) == (None, 5, 4, 3)
    params, state = layer.init(jax.random.key(0), (None, 2, 6, 5))
    out, _ = layer.apply(params, state, jnp.asarray(images), ctx=Context(False))
    last = np.moveaxis(images, 1, -1)
    if library == "linen":
        variables = {"params": {"Conv_0": {name[7:]: own for name, own in params.items()}}}
        expected = np.moveaxis(module.apply(variables, last), -1, 1)
    elif library == "nnx":
        expected = np.moveaxis(module(last), -1, 1)
    else:
        expected = jax.vmap(module)(images)
    np.testing.assert_allclose(out, expected, atol=1e-5)


def test_signals_are_channels_last_if_the_layer_says_so():
    module = linen.Conv(5, (3,), padding="VALID")
    assert ModuleLayer(module).output_shape((None, 7, 2)) == (None, 5, 5)
    last = ModuleLayer(module, data_format="channels_last")
    assert last.output_shape((None, 2, 7)) == (None, 5, 5)
    assert last.param_specs((None, 2, 7))["kernel"].shape == (3, 2, 5)


def test_indices_arrive_as_integers():
    layer = ModuleLayer(linen.Embed(300, 2), input_size=300)
    assert layer.index_size == 300
    params, state = layer.init(jax.random.key(0), (None, 3))
    x = np.array([[0.0, 257.0, 299.0]], "float32")
    out, _ = layer.apply(params, state, jnp.asarray(x), ctx=Context(True))
    np.testing.assert_array_equal(out[0], params["embedding"][jnp.array([0, 257, 299])])
    layers = [("input", InputLayer), ("mod", layer), ("output", DenseLayer)]
    with pytest.raises(ValueError, match="X must hold integers from 0 to 299 where layer 'mod'"):
        NeuralNet(layers, max_epochs=0).fit(X, y)


def test_lower_precision():
    full, half = (
        net_of(linen.Dense(8), input_shape=(None, 4), output_num_units=2, compute_dtype=dtype)
        .initialize()
        .get_output("mod", X)
        for dtype in ("float32", "bfloat16")
    )
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, full, atol=0.05)
    assert (half != full).any()


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (LinenNet, "layer 'mod' .ModuleLayer.: module must be a module of Flax or Equinox, or a"),
        (3, "module must be a module of Flax or Equinox, or a function .* got 3"),
        (
            eqx.nn.MLP(5, 3, 8, 1, key=jax.random.key(0)),
            r"layer 'mod' .ModuleLayer.: module failed for input of shape \(None, 4\): dot_general",
        ),
        (
            linen.Sequential([lambda x: (x, x)]),
            r"module failed for input of shape \(None, 4\): it must return an array, got tuple",
        ),
        (
            linen.Sequential([lambda x: x.mean(axis=0)]),
            r"module must keep the batch axis of \(None, 4\), got \(4,\)",
        ),
        (linen.Embed(4, 2), r"\(None, 4\): Input type must be an integer or unsigned integer"),
    ],
)
def test_errors_come_before_training(module, message):
    with pytest.raises(ValueError, match=message):
        net_of(module).fit(X, y)


def test_modules_may_be_given_as_keyword_or_after_a_layer():
    module = linen.Dense(3)
    assert ModuleLayer(module) == ModuleLayer(module=module)
    after = ModuleLayer(DenseLayer(InputLayer((None, 4)), 5), module)
    assert after.output_shape == (None, 3)
    assert after.param_specs((None, 5))["kernel"].shape == (5, 3)


def test_weights_must_be_finite():
    module = eqx.nn.Linear(4, 2, key=jax.random.key(0))
    module = eqx.tree_at(lambda own: own.bias, module, jnp.full(2, jnp.nan))
    with pytest.raises(ValueError, match=r"module must start from finite numbers, .* for bias"):
        net_of(module).fit(X, y)

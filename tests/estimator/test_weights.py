import copy
import functools
import pickle
import re

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skconv import NeuralNet
from skconv.layers import BatchNormLayer, DenseLayer, DropoutLayer, InputLayer
from skconv.network.npz_file import NpzFile
from skconv.network.weight_files import save_arrays
from skconv.updates.rules import adam, sgd

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)
y = (X @ rng.normal(size=(5, 3))).argmax(axis=1)

LAYERS = [
    ("input", InputLayer),
    (DenseLayer, {"name": "hidden", "num_units": 4}),
    ("norm", BatchNormLayer),
    ("dropout", DropoutLayer),
    ("output", DenseLayer),
]

make_net = functools.partial(
    NeuralNet,
    layers=LAYERS,
    batch_iterator_train=16,
    batch_iterator_test=16,
    max_epochs=2,
    update=adam,
    update_learning_rate=0.01,
    random_state=0,
)


@pytest.fixture(scope="module")
def fitted():
    return make_net().fit(X, y)


@pytest.fixture
def other():
    return make_net(input_shape=(None, 5), output_num_units=3, random_state=7)


def weights(net):
    return {p.name: p.get_value() for p in net.get_all_params()}


def assert_same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_an_unfitted_net_has_no_weights():
    net = make_net()
    for read in (lambda: net.layers_, lambda: net.network_, net.get_all_params):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            read()


def test_weights_are_listed_by_layer_as_copies(fitted):
    values = fitted.get_all_params_values()
    assert list(values) == ["input", "hidden", "norm", "dropout", "output"]
    assert [a.shape for a in values["hidden"]] == [(5, 4), (4,)]
    assert [len(values[name]) for name in ("input", "norm", "dropout")] == [0, 4, 0]
    before = weights(fitted)
    values["hidden"][0][:] = 0
    assert_same(weights(fitted), before)


@pytest.mark.parametrize("name", ["net.npz", "net.safetensors"])
def test_files_hold_the_weights_and_the_state(fitted, other, tmp_path, name):
    fitted.save_params_to(tmp_path / name)
    other.load_params_from(str(tmp_path / name))
    assert_same(weights(other), weights(fitted))
    assert not np.array_equal(weights(other)["norm.mean"], np.zeros(4))
    np.testing.assert_array_equal(other.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("form", ["net", "lists", "arrays"])
def test_weights_come_from_a_net_or_a_dict_of_either_form(fitted, other, form):
    source = {"net": fitted, "lists": fitted.get_all_params_values(), "arrays": weights(fitted)}
    other.load_params_from(source[form])
    assert_same(weights(other), weights(fitted))


def assert_refused(net, source, *messages, error=ValueError, **options):
    before = weights(net)
    with pytest.raises(error) as caught:
        net.load_params_from(source, **options)
    for message in messages:
        assert message in str(caught.value)
    assert_same(weights(net), before)
    assert not net._model.loaded


def test_every_fault_is_told_and_nothing_is_loaded(fitted):
    source = weights(fitted) | {"hidden.W": np.zeros((4, 4)), "hiden.b": np.zeros(4)}
    source["output.b"] = np.array([0, np.nan, 0])
    del source["norm.mean"], source["norm.gamma"]
    assert_refused(
        fitted,
        source,
        "4 problems:",
        "parameter 'hidden.W' must have shape (5, 4), got (4, 4)",
        "the network has no parameter 'hiden.b'. Did you mean 'hidden.b'?",
        "parameter 'output.b' must hold finite numbers",
        "parameters are missing: norm.gamma, norm.mean",
    )


def test_unknown_layers_are_named(fitted):
    assert_refused(fitted, {"hiden": [np.zeros(3)]}, "the network has no parameter 'hiden.0'.")
    assert_refused(fitted, {"hidden": np.zeros(3)}, "the network has no parameter 'hidden'.")
    assert_refused(
        fitted, {"hidden": [np.zeros(3)]}, "source must have 2 arrays for layer 'hidden', got 1"
    )


def test_weights_come_from_nets_dicts_and_paths_only(fitted):
    message = "source must be a net, a dict or a path, got list"
    assert_refused(fitted, [np.zeros(3)], message, error=TypeError)


@pytest.mark.parametrize("name", ["net.npz", "net.safetensors"])
@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.95])
def test_a_truncated_file_is_refused(fitted, tmp_path, name, kept):
    path = tmp_path / name
    fitted.save_params_to(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if kept < 1 else kept])
    assert_refused(fitted, path, f"{path} must be a complete {path.suffix} file: ")


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(fitted, tmp_path):
    assert_refused(fitted, tmp_path / "no.npz", "no.npz", error=FileNotFoundError)
    message = "a weight file must have the suffix .safetensors or .npz, got 'net.h5'"
    assert_refused(fitted, tmp_path / "net.h5", message)
    with pytest.raises(ValueError, match=message):
        fitted.save_params_to(tmp_path / "net.h5")
    assert list(tmp_path.iterdir()) == []


def test_without_strict_the_names_that_both_have_are_taken(fitted, other):
    other.initialize()
    before = weights(other)
    deeper = make_net(
        layers=[*LAYERS[:2], (DenseLayer, {"name": "extra", "num_units": 4}), *LAYERS[4:]],
        max_epochs=0,
    ).fit(X, y)
    for source in (deeper, deeper.get_all_params_values()):
        other.load_params_from(source, strict=False)
        common = {name: a for name, a in weights(deeper).items() if name in before}
        assert set(common) == {"hidden.W", "hidden.b", "output.W", "output.b"}
        assert_same(weights(other), before | common)
    with pytest.raises(ValueError, match=r"the network has no parameter 'extra\.W'"):
        other.load_params_from(deeper)


@pytest.mark.parametrize("by_layer", [False, True])
def test_without_strict_other_shapes_are_skipped_and_named(fitted, by_layer):
    head = make_net(input_shape=(None, 5), output_num_units=2, random_state=7).initialize()
    before = weights(head)
    message = (
        "load_params_from skips parameters of another shape: output.W has shape (4, 2), got (4, 3);"
        " output.b has shape (2,), got (3,)"
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$") as caught:
        head.load_params_from(fitted.get_all_params_values() if by_layer else fitted, strict=False)
    assert caught[0].filename == __file__
    loaded = {name: a for name, a in weights(fitted).items() if not name.startswith("output")}
    assert_same(weights(head), before | loaded)


def test_without_strict_layers_with_other_parameters_are_skipped(fitted, other):
    before = weights(other.initialize())
    source = fitted.get_all_params_values()
    message = "skips a layer: source must have 4 arrays for layer 'norm', got 3$"
    with pytest.warns(UserWarning, match=message):
        other.load_params_from(source | {"norm": source["norm"][1:]}, strict=False)
    kept = {name: a for name, a in before.items() if name.startswith("norm")}
    assert_same(weights(other), weights(fitted) | kept)


@pytest.mark.parametrize(
    "source", [{"b": [np.zeros(3)]}, {"b.W": np.zeros(3)}, {}, {"hidden.W": np.zeros((4, 4))}]
)
@pytest.mark.filterwarnings("ignore:load_params_from skips parameters of another shape")
def test_without_strict_nothing_to_load_is_refused(fitted, source):
    message = "source must have parameters with names and shapes of this net, which has the layers"
    assert_refused(fitted, source, f"{message} hidden, norm, output, got those", strict=False)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"nonsense.W": np.zeros((5, 4))}, "the network has no parameter 'nonsense.W'"),
        ({"hidden.b": np.full(4, np.nan)}, "parameter 'hidden.b' must hold finite numbers"),
        ({0: np.zeros(3)}, "source must have names as keys, got 0"),
    ],
)
def test_a_failed_load_leaves_an_unbuilt_net_unbuilt(other, source, message):
    before = dict(vars(other))
    with pytest.raises(ValueError, match=message):
        other.load_params_from(source)
    assert vars(other) == before
    with pytest.raises(NotFittedError):
        other.predict(X)


def test_a_failed_load_draws_no_seed(fitted):
    random_state = np.random.RandomState(0)
    net = make_net(input_shape=(None, 5), output_num_units=3, random_state=random_state)
    with pytest.raises(ValueError, match="the network has no parameter"):
        net.load_params_from({"nonsense.W": np.zeros(3)})
    assert random_state.randint(1000) == np.random.RandomState(0).randint(1000)


def test_initialize_that_fails_leaves_the_net_unbuilt(other, monkeypatch):
    monkeypatch.setattr(other, "_fitted", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        other.initialize()
    assert not hasattr(other, "_model")
    assert not hasattr(other, "train_history_")


@pytest.mark.parametrize("twice", [{"hidden.W": np.zeros((5, 4))}, {"hidden.b": np.zeros(4)}])
def test_a_parameter_that_is_given_twice_is_refused(fitted, twice):
    source = fitted.get_all_params_values() | twice
    message = f"source must have each parameter once, got '{next(iter(twice))}' twice"
    assert_refused(fitted, source, message)
    assert_refused(fitted, source, message, strict=False)


def test_at_most_ten_names_are_listed(fitted):
    source = {f"x{i}.W": np.zeros(1) for i in range(1000)} | weights(fitted)
    assert_refused(fitted, source, "11 problems:", "\n - 990 more unknown parameters")
    wide = make_net(
        layers=[("input", InputLayer), *[(f"d{i}", DenseLayer) for i in range(12)]],
        input_shape=(None, 5),
        **{f"d{i}_num_units": 3 for i in range(12)},
    ).initialize()
    with pytest.raises(ValueError, match=r"missing: d0.W, (d\d\.\w, ){8}d4.b and 14 more$"):
        wide.load_params_from({})
    shapes = {name: np.zeros(9) for name in weights(wide)}
    with pytest.raises(ValueError, match=r"(?s)^11 problems:.*\n - 14 more parameters like these$"):
        wide.load_params_from(shapes)
    with pytest.raises(ValueError, match=r"has the layers d0, (d\d, ){8}d9 and 2 more, got"):
        wide.load_params_from({"x.W": np.zeros(9)}, strict=False)


def test_what_was_loaded_is_said(fitted, other, tmp_path, capsys):
    other.load_params_from(fitted)
    assert capsys.readouterr().out == ""
    other.set_params(verbose=1)
    fitted.save_params_to(tmp_path / "a.npz")
    other.load_params_from(tmp_path / "a.npz")
    other.load_params_from({"hidden.W": np.ones((5, 4)), "x.b": np.ones(1)}, strict=False)
    assert capsys.readouterr().out == (
        f"Loaded 8 arrays with 55 numbers from {tmp_path / 'a.npz'}.\n"
        "Loaded 1 arrays with 20 numbers from a dict; unchanged: hidden.b, norm.beta, norm.gamma, "
        "norm.mean, norm.inv_std, output.W, output.b.\n"
    )


def test_of_a_file_only_what_the_net_has_is_read(fitted, tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez(path, **weights(fitted), **{"x.W": np.zeros(3)})
    before, read = weights(fitted), []
    monkeypatch.setattr(
        NpzFile, "read_into", lambda self, array, values: read.append(array.name) or values.fill(0)
    )
    message = re.escape(f"{path} must hold the weights of this net: the network has no parameter")
    with pytest.raises(ValueError, match=f"^{message} 'x\\.W'"):
        fitted.load_params_from(path)
    assert read == []
    copy.deepcopy(fitted).load_params_from(path, strict=False)
    assert read == list(before)


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_bfloat16_is_loaded_and_float8_is_refused_by_name(fitted, other, tmp_path, suffix):
    source = {name: value.astype(jnp.bfloat16) for name, value in weights(fitted).items()}
    save_arrays(source, path := tmp_path / f"a.{suffix}")
    other.load_params_from(path)
    assert_same(weights(other), {name: v.astype(np.float32) for name, v in source.items()})
    other.load_params_from({name: jnp.asarray(value) for name, value in source.items()})
    assert_same(weights(other), {name: v.astype(np.float32) for name, v in source.items()})
    source["hidden.b"] = np.zeros(4, jnp.float8_e4m3fn)
    save_arrays(source, path)
    given = "void8" if suffix == "npz" else "float8_e4m3fn"
    for one, found in ((path, given), (source, "float8_e4m3fn")):
        message = f"hidden.b' must hold integers, or floats of .*, got {found}; convert it to"
        with pytest.raises(ValueError, match=message):
            other.load_params_from(one)


class Tensor:
    """A tensor as torch has them."""

    def __init__(self, value, dtype, numpy=True):
        self.value, self.dtype, self.numpy = value, dtype, numpy

    def detach(self):
        return Tensor(self.value, self.dtype)

    def cpu(self):
        return self

    def float(self):
        return Tensor(self.value, "torch.float32")

    def __array__(self, dtype=None, copy=None):
        if not self.numpy or self.dtype != "torch.float32":
            raise TypeError("Got unsupported ScalarType")
        return self.value


@pytest.mark.parametrize("dtype", ["torch.float32", "torch.bfloat16"])
def test_tensors_with_gradients_and_in_bfloat16_are_loaded(fitted, other, dtype):
    source = weights(fitted)
    other.load_params_from({k: Tensor(v, dtype, numpy=False) for k, v in source.items()})
    assert_same(weights(other), source)
    source["hidden.b"] = Tensor(source["hidden.b"], "torch.float8_e5m2")
    with pytest.raises(ValueError, match=r"'hidden.b' must hold integers.* got torch.float8_e5m2"):
        other.load_params_from(source)


@pytest.mark.parametrize("read", ["get_all_params", "layers_"])
def test_parameters_are_listed_by_kind(fitted, read):
    def names(**kinds):
        if read == "get_all_params":
            return [p.name for p in fitted.get_all_params(**kinds)]
        return [p.name for layer in fitted.layers_.values() for p in layer.get_params(**kinds)]

    assert names(regularizable=True) == ["hidden.W", "norm.gamma", "output.W"]
    biases = ["hidden.b", "norm.beta", "output.b"]
    assert sorted(names(trainable=True, regularizable=False)) == sorted(biases)
    assert sorted(names(trainable=False)) == ["norm.inv_std", "norm.mean"]
    assert len(names()) == 8


@pytest.mark.parametrize("protocol", [0, 1, 2, pickle.HIGHEST_PROTOCOL])
def test_pickles_are_refused_with_what_to_write(fitted, other, tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    with open("net.params", "wb") as file:
        pickle.dump(fitted.get_all_params_values(), file, protocol)
    written = "pickle.load(open('net.params', 'rb'), encoding='latin1')"
    with pytest.raises(ValueError, match=re.escape(f"load_params_from({written})")):
        other.load_params_from("net.params")
    with open("net.params", "rb") as file:
        other.load_params_from(pickle.load(file, encoding="latin1"))
    assert_same(weights(other), weights(fitted))


def test_loading_into_a_new_net_needs_the_shapes_of_input_and_output():
    source = {"hidden.b": np.zeros(4)}
    with pytest.raises(ValueError, match=r"layer 'input' \(InputLayer\): shape is missing"):
        make_net().load_params_from(source)


def test_fit_goes_on_from_loaded_weights(fitted, other):
    other.load_params_from(fitted)
    other.fit(X, y, epochs=0)
    assert_same(weights(other), weights(fitted))


def test_fit_starts_afresh_once_the_loaded_weights_were_trained(fitted, other):
    other.load_params_from(fitted)
    other.fit(X, y, epochs=1).fit(X, y, epochs=0)
    fresh = make_net(random_state=7).fit(X, y, epochs=0)
    assert_same(weights(other), weights(fresh))


def test_two_short_trainings_equal_a_long_one():
    long = make_net(max_epochs=4).fit(X, y)
    short = make_net(warm_start=True).fit(X, y, epochs=2).fit(X, y, epochs=2)
    assert_same(weights(short), weights(long))
    losses = [[row["valid_loss"] for row in net.train_history_] for net in (short, long)]
    assert losses[0] == losses[1]
    loaded = make_net().fit(X, y)
    loaded.load_params_from(loaded)
    assert_same(weights(loaded.fit(X, y)), weights(long))


def test_another_update_starts_with_a_state_of_its_own():
    """The first step of adam has the length of the learning rate, whatever came before."""
    net = make_net(update=sgd, warm_start=True, batch_iterator_train=40, train_split=None)
    before = weights(net.fit(X, y))
    after = weights(net.set_params(update=adam).fit(X, y, epochs=1))
    step = np.abs(after["output.b"] - before["output.b"])
    np.testing.assert_allclose(step, np.full(3, 0.01), rtol=1e-3)


def test_layer_instances_show_the_weights_of_the_net_that_has_them():
    out = DenseLayer(InputLayer((None, 5)), 3, name="output")
    net = NeuralNet(out, max_epochs=1, random_state=0)
    drawn = out.W.get_value()
    net.initialize()
    np.testing.assert_array_equal(out.W.get_value(), drawn)
    out.W.set_value(drawn + 1)
    np.testing.assert_array_equal(net.layers_["output"].W.get_value(), drawn + 1)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        other.layers_["output"].W.set_value(np.zeros((5, 3)))
        np.testing.assert_array_equal(other.layers.W.get_value(), 0)
    np.testing.assert_array_equal(out.W.get_value(), drawn + 1)
    np.testing.assert_array_equal(clone(net).layers.W.get_value(), drawn)


def test_a_fit_that_fails_leaves_instances_in_the_net_that_they_were_in():
    out = DenseLayer(InputLayer((None, 5)), 3, name="output")
    net = NeuralNet(out, max_epochs=1, random_state=0).initialize()
    before = net.layers_["output"].W.get_value()

    def fail(net, history):
        raise RuntimeError("now")

    net.set_params(on_training_started=fail)
    with pytest.raises(RuntimeError, match="now"):
        net.fit(X, y)
    out.W.set_value(before + 1)
    np.testing.assert_array_equal(net.layers_["output"].W.get_value(), before + 1)


def test_a_flat_list_is_no_source_but_named():
    with pytest.raises(TypeError, match=r"got list; for one flat list of arrays, as Lasagne's mod"):
        make_net().load_params_from([np.zeros(3)])

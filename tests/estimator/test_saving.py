import copy
import json
import pickle
import zipfile

import numpy as np
import optax
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv import NeuralNet, NeuralNetClassifier, compile_counts, models, objectives
from skconv import layers as library
from skconv.config.decoding import Decoder
from skconv.config.encoding import Encoder
from skconv.config.names import Names
from skconv.errors import Problems
from skconv.estimator.saving import TARGETS
from skconv.handlers import EarlyStopping, RememberBestWeights
from skconv.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    GlobalPoolLayer,
    InputLayer,
    MergeLayer,
    StandardizationLayer,
)
from skconv.models.pretrained import Pretrained
from skconv.targets.inference import infer
from skconv.targets.outputs import Outputs
from skconv.utils.digests import digest
from skconv.utils.loss_contracts import LossInfo, contract_of

from ..layers.test_contract import EXAMPLES as LAYERS
from ..layers.test_contract import SLICED, halved, larger
from ..nets import IMAGES, KINDS, X, make_net, three_headed, y
from ..nets import TARGETS as SEVERAL

FRAME = pd.DataFrame(X, columns=list("abcde"))


ADAM = {"update": optax.adam, "update_learning_rate": 0.01}

ONCE = {"random_state": 0, "max_epochs": 1, "train_split": None}
"""Without a validation set, `fit` and `partial_fit` share a program."""


class Own(NeuralNetClassifier):
    pass


def own_loss(predictions, targets):
    return (predictions - targets) ** 2


def one_epoch():
    return make_net(**ONCE)


def free_sized():
    """Convolutions of images of any size, with statistics of the data and running ones."""
    layers = [
        ("input", InputLayer((None, 2, None, None))),
        ("scale", StandardizationLayer),
        ("conv", Conv2DLayer(num_filters=3, filter_size=3)),
        ("norm", BatchNormLayer),
        ("pool", GlobalPoolLayer),
        ("noise", DropoutLayer),
        ("output", DenseLayer),
    ]
    return NeuralNet(layers, **ADAM, **ONCE)


def numbers():
    stopping = EarlyStopping(verbose=0)
    return NeuralNet(hidden_layer_sizes=(5,), regression=True, on_epoch_finished=[stopping], **ONCE)


FITS = {
    "labels": (one_epoch, X, np.array(list("abc"))[y]),
    "numbers": (numbers, FRAME, 5 + 3 * X[:, 0]),
    "several": (three_headed, X, SEVERAL),
    "images": (free_sized, IMAGES, KINDS),
}


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """Nets that are fitted once, and the files that they are in."""
    folder, found = tmp_path_factory.mktemp("nets"), {}

    def fitted(name):
        if name not in found:
            make, X, y = FITS[name]
            net = make().fit(X, y)
            path = folder / f"{name}.skconv"
            skconv.save(net, path)
            found[name] = net, path
        return found[name]

    return fitted


@pytest.fixture
def labels(fits):
    return fits("labels")


def through(net, folder, trusted=None):
    path = folder / "net.skconv"
    skconv.save(net, path, trusted)
    return skconv.load(path, trusted)


def assert_equal(one, other):
    """Compare arrays, and lists and dicts of them, bit by bit."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_equal(a, b)
    else:
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", FITS)
def test_a_net_predicts_bit_by_bit_as_before_and_goes_on(name, fits):
    net, path = fits(name)
    _, X, y = FITS[name]
    other = skconv.load(path)
    assert type(other) is type(net)
    assert vars(other).keys() == vars(net).keys()
    assert_equal(other.predict(X), net.predict(X))
    if name != "numbers":
        assert_equal(other.predict_proba(X), net.predict_proba(X))
        assert_equal(other.classes_, net.classes_)
    assert other.score(X, y) == net.score(X, y)
    assert repr(other.train_history_) == repr(net.train_history_)
    assert other.n_features_in_ == net.n_features_in_
    assert digest(other._outputs) == digest(net._outputs)
    assert (other._model.adapted, other._model.seed) == (net._model.adapted, net._model.seed)
    expected = copy.deepcopy(net).partial_fit(X, y)
    before = compile_counts()
    other.partial_fit(X, y)
    assert compile_counts() == before
    assert_equal(other.get_all_params_values(), expected.get_all_params_values())
    assert len(other.train_history_) == len(net.train_history_) + 1


def test_names_of_features_come_back(fits):
    _, path = fits("numbers")
    other = skconv.load(path)
    assert other.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="feature names"):
        other.predict(FRAME.rename(columns={"a": "z"}))


def test_a_warm_start_continues(labels):
    net, path = labels
    expected = copy.deepcopy(net).set_params(warm_start=True, max_epochs=1).fit(*FITS["labels"][1:])
    other = skconv.load(path).set_params(warm_start=True, max_epochs=1).fit(*FITS["labels"][1:])
    assert_equal(other.get_all_params_values(), expected.get_all_params_values())
    assert other.train_history_[-1]["epoch"] == 2


def test_the_file_has_weights_for_other_programs(labels, tmp_path):
    net, path = labels
    with zipfile.ZipFile(path) as file:
        names = file.namelist()
        file.extract("weights.safetensors", tmp_path)
        config, state = (json.loads(file.read(f"{name}.json")) for name in ("config", "state"))
        rows = [json.loads(line) for line in file.read("history.jsonl").splitlines()]
    assert names == [
        *("config.json", "state.json", "history.jsonl", "weights.safetensors"),
        "update.safetensors",
    ]
    other = make_net(input_shape=(None, 5), output_num_units=3)
    other.load_params_from(tmp_path / "weights.safetensors")
    assert_equal(other.get_all_params_values(), net.get_all_params_values())
    assert digest(NeuralNet.from_config(config).get_params()) == digest(one_epoch().get_params())
    assert state["inputs"] == {"input": [5]}
    assert state["versions"].keys() == {"skconv", "jax", "optax"}
    assert [row["train_loss"] for row in rows] == [row["train_loss"] for row in net.train_history_]
    assert rows[0]["valid_loss"] == {"float": "nan"}
    assert not any(data in path.read_bytes() for data in (b"pickle", pickle.PROTO + b"\4"))


def test_a_net_without_weights_comes_back_and_an_initialized_one(tmp_path):
    net = make_net(input_shape=(None, 5), output_num_units=3)
    assert not hasattr(through(net, tmp_path), "_model")
    other = through(net.initialize(), tmp_path)
    assert_equal(other.predict_proba(X), net.predict_proba(X))
    assert_equal(other.classes_, net.classes_)
    assert other.train_history_ == []


def layer_net(name):
    """Return a net with a layer of the contract between its inputs and its output."""
    fields, *shapes = LAYERS[name]
    inputs = [f"in{i}" for i in range(len(shapes))]
    free = [one for one in inputs if one not in fields.values()]
    cls = getattr(library, name)
    fed = {"incomings": free} if issubclass(cls, MergeLayer) else {"incoming": free[0]}
    entries = [(one, InputLayer(shape)) for one, shape in zip(inputs, shapes, strict=True)]
    return NeuralNet([*entries, ("layer", cls(**fields, **fed))], regression=True, random_state=0)


def test_nets_of_all_layers_come_back(tmp_path):
    left_out = {"InputLayer", "InverseLayer", "CyclicSliceLayer", *SLICED}
    names = [name for name in LAYERS if name not in left_out]
    assert len(names) > 50
    for name in names:
        net = layer_net(name).initialize()
        other = through(net, tmp_path, [halved, larger])
        assert other.network_.key == net.network_.key, name
        assert other.network_.runtime() == net.network_.runtime(), name
        assert_equal(other.get_all_params_values(), net.get_all_params_values())


def test_nets_of_instances_come_back_with_large_arrays_and_shared_parameters(tmp_path):
    hidden = DenseLayer(InputLayer((None, 40)), 40, W=np.arange(1600.0).reshape(40, 40))
    net = NeuralNet(DenseLayer(hidden, 40, W=hidden.W.T), random_state=0).initialize()
    other = through(net, tmp_path)
    assert other.network_.transposed == net.network_.transposed
    assert other.network_.transposed
    assert_equal(other.get_all_params_values(), net.get_all_params_values())
    shared = other.layers.incoming
    np.testing.assert_array_equal(shared.W.get_value(), net.layers.incoming.W.get_value())
    assert_equal(other.initialize().get_all_params_values(), net.get_all_params_values())


def test_pretrained_weights_come_back(tmp_path):
    small = make_net(input_shape=(None, 5), output_num_units=3).initialize()
    pretrained = Pretrained.from_net(small, "here")
    net = make_net(pretrained=pretrained)
    other = through(net, tmp_path).pretrained
    assert (type(other), other.source) == (Pretrained, "here")
    assert_equal(dict(other.weights), dict(pretrained.weights))
    assert digest(dict(other.network)) == digest(dict(pretrained.network))


def test_small_published_networks_come_back(tmp_path):
    net = NeuralNet(**models.lenet5((1, 32, 32), 10), random_state=0).initialize()
    other = through(net, tmp_path)
    assert other.network_.key == net.network_.key
    assert_equal(other.get_all_params_values(), net.get_all_params_values())


def loss_info(loss):
    return LossInfo(loss.__name__, contract_of(loss))


@pytest.mark.parametrize(
    ("target", "options"),
    [
        (["a", "b", "c"], {}),
        (np.array([True, False]), {}),
        ([[1, 0, 1], [0, 1, 0]], {}),
        ([[0.5, 0.5], [0.1, 0.9]], {}),
        (np.arange(3.0), {"regression": True}),
        (np.arange(6, dtype=np.float32).reshape(3, 2), {"regression": True, "ignored": np.nan}),
        (np.arange(2 * 9).reshape(2, 3, 3) % 3, {}),
        (np.arange(3.0), {"regression": True, "loss": loss_info(objectives.gaussian_nll)}),
        (np.arange(3.0), {"regression": True, "loss": loss_info(objectives.pinball_loss)}),
        ([[1.0, 1], [2.0, 0]], {"regression": True, "loss": loss_info(objectives.cox_loss)}),
        (["a", "-", "c"], {"ignored": "-"}),
        (
            np.array([(1, 2.0)], [("a", int), ("b", float)]),
            {"regression": True, "loss": LossInfo("own", None, True)},
        ),
    ],
    ids=range(12),
)
def test_targets_of_all_kinds_come_back(target, options):
    options = {"regression": False, **options}
    outputs = Outputs((None,), (infer(np.asarray(target), **options),), (LossInfo(),))
    names, problems, arrays = Names(further=TARGETS), Problems(), {}
    plain = json.loads(json.dumps(Encoder(names, problems, arrays).encode(outputs, "targets")))
    problems.raise_any()
    other = Decoder(names, problems, arrays).decode(plain, "targets")
    problems.raise_any()
    assert type(other.targets[0]) is type(outputs.targets[0])
    assert digest(other) == digest(outputs)


@pytest.mark.parametrize("name", ["patience", "finish", "__class__"])
def test_parameters_and_methods_of_handlers_are_not_learned(fits, tmp_path, name):
    path = rewritten(
        fits("numbers")[1], tmp_path / "net.skconv", "state.json", with_values(handlers=[{name: 3}])
    )
    with pytest.raises(ValueError, match=f"EarlyStopping must learn attributes, got '{name}'"):
        skconv.load(path)


def test_a_class_and_functions_of_the_user_must_be_trusted(tmp_path):
    path = tmp_path / "net.skconv"
    net = Own([("input", InputLayer), ("output", DenseLayer)], scores_valid=[("own", own_loss)])
    with pytest.raises(TypeError, match=r"^scores_valid\[0\]\[1\] must be .*trusted="):
        skconv.save(net, path)
    assert not path.exists()
    skconv.save(net, path, [own_loss])
    with pytest.raises(ValueError) as info:
        skconv.load(path)
    for name in ("own_loss", "Own"):
        assert f"if you trust it, write trusted=['{__name__}.{name}']" in str(info.value)
    assert str(info.value).startswith(f"{path} must hold a net: 2 problems:\n - ")
    assert type(skconv.load(path, [own_loss, f"{__name__}.Own"])) is Own


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_num_units": 5}, r"got others for layer 'hidden' \(DenseLayer\).*; set its param"),
        ({"outputs": ["hidden"]}, "^net must have the parameters that it was fitted with"),
        ({"more_params": {"nothing_at_all": 3}, "layers": [("a", 3)]}, "or fit it again: "),
    ],
    ids=range(3),
)
def test_a_net_whose_layers_have_changed_is_refused(labels, tmp_path, changes, message):
    net = copy.deepcopy(labels[0])
    vars(net).update(changes)
    if "hidden_num_units" in changes:
        net.layers = [("input", InputLayer), ("hidden", DenseLayer), *net.layers[2:]]
    with pytest.raises(ValueError, match=message):
        skconv.save(net, tmp_path / "net.skconv")
    assert not list(tmp_path.iterdir())


def test_numbers_that_were_set_after_the_fit_count_in_the_next_one(labels, tmp_path):
    net = copy.deepcopy(labels[0]).set_params(noise_p=0.1)
    other = through(net, tmp_path)
    assert other.noise_p == 0.1
    assert other.network_.runtime() == net.network_.runtime()
    assert other.network_.runtime()["noise"]["p"] == 0.5


def test_weights_of_the_file_are_loaded_by_another_net(labels, tmp_path):
    net, path = labels
    other = make_net(input_shape=(None, 5), output_num_units=3)
    other.load_params_from(path)
    assert_equal(other.get_all_params_values(), net.get_all_params_values())
    skconv.save(make_net(), tmp_path / "net.skconv")
    with pytest.raises(ValueError, match=r"net\.skconv must .* it has no 'weights\.safetensors'"):
        other.load_params_from(tmp_path / "net.skconv")


def test_a_net_with_another_update_rule_starts_that_one_anew(labels, tmp_path):
    net = copy.deepcopy(labels[0]).set_params(update="adam")
    other = through(net, tmp_path)
    assert other._model.opt is None


def test_handlers_come_back_with_what_they_have_learned(fits):
    net, path = fits("numbers")
    (expected,), (handler,) = net.on_epoch_finished, skconv.load(path).on_epoch_finished
    assert type(handler) is EarlyStopping
    assert handler.best_valid is not None
    learned = {name: getattr(handler, name) for name in expected.get_state()}
    assert_equal(learned, expected.get_state())


def test_pipelines_are_for_skops(tmp_path):
    with pytest.raises(TypeError, match=r"^net must be a NeuralNet, got Pipeline; skops\.io\.dump"):
        skconv.save(make_pipeline(StandardScaler(), NeuralNet()), tmp_path / "net.skconv")


def test_an_existing_file_is_replaced_and_a_missing_folder_named(labels, tmp_path):
    net, path = labels
    target = tmp_path / "net.skconv"
    target.write_text("before")
    skconv.save(net, str(target))
    assert target.read_bytes() == path.read_bytes()
    with pytest.raises(FileNotFoundError, match=r"the folder of net\.skconv must exist"):
        skconv.save(net, tmp_path / "none" / "net.skconv")
    with pytest.raises(FileNotFoundError):
        skconv.load(tmp_path / "none.skconv")


def rewritten(path, target, name, change):
    """Write a file with another member; None leaves it out."""
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(target, "w") as other:
        for own in file.namelist():
            data = file.read(own)
            data = change(data) if own == name else data
            if data is not None:
                other.writestr(own, data)
    return target


def with_values(**values):
    return lambda data: json.dumps({**json.loads(data), **values})


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "config.json",
            with_values(format=2),
            "format must be a number from 1 to 1, got 2; the config",
        ),
        ("config.json", lambda data: "[]", "'config.json' must hold a dict"),
        ("config.json", lambda data: None, "it has no 'config.json'"),
        (
            "config.json",
            with_values(params={}),
            "layers must be input, .* by the parameters, got input, hidden, noise, output",
        ),
        ("state.json", lambda data: None, "it has no 'state.json'"),
        ("state.json", lambda data: "3", "TypeError"),
        (
            "state.json",
            with_values(seed=-1),
            "counts and sizes must be non-negative integers, got '-1'",
        ),
        ("state.json", with_values(epoch="x"), "counts and sizes must be"),
        (
            "state.json",
            with_values(inputs={"input": [6]}),
            r"parameter 'hidden\.W' must have shape \(6, 4\), got \(5, 4\)",
        ),
        ("state.json", with_values(inputs={"other": [5]}), "."),
        ("state.json", with_values(inputs={"input": [10**15]}), "."),
        ("state.json", with_values(outputs=3), "targets must be those of outputs"),
        (
            "state.json",
            with_values(outputs={"object": "Outputs"}),
            r"targets \(Outputs\): .*missing",
        ),
        (
            "state.json",
            with_values(features={"a": 1}),
            "features must be n_features_in_ and feature",
        ),
        ("state.json", with_values(features={"feature_names_in_": 3}), "must be arrays of names"),
        ("state.json", with_values(adapted=["x.W"]), "KeyError: 'x.W'"),
        (
            "state.json",
            with_values(numbers={"noise": {"p": 2.0}, "input": {}}),
            "layers must be input, hidden, noise, output by the parameters, got noise, input",
        ),
        ("state.json", with_values(numbers=3), "layers must be .* got int"),
        ("state.json", with_values(handlers=[None]), "handlers must have 0 states"),
        ("weights.safetensors", lambda data: None, "it has no 'weights.safetensors'"),
        ("weights.safetensors", lambda data: data[:-4], "it must have"),
        (
            "update.safetensors",
            lambda data: None,
            "the state of the update rule must fit, got another",
        ),
        (
            "history.jsonl",
            lambda data: b"3\n",
            "train_history_ must have a dict with an epoch in each",
        ),
        ("history.jsonl", lambda data: b"{}\n{", "Expecting property name"),
    ],
    ids=range(24),
)
def test_a_file_whose_parts_are_damaged_is_refused(labels, tmp_path, name, change, message):
    path = rewritten(labels[1], tmp_path / "damaged.skconv", name, change)
    with pytest.raises(ValueError, match=rf"damaged\.skconv must (?s:.*)({message})"):
        skconv.load(path)


def test_weights_of_another_net_are_refused(fits, tmp_path):
    def others(data):
        with zipfile.ZipFile(fits("several")[1]) as file:
            return file.read("weights.safetensors")

    path = rewritten(fits("labels")[1], tmp_path / "net.skconv", "weights.safetensors", others)
    with pytest.raises(ValueError, match=r"net\.skconv must hold a net: .* problems:") as info:
        skconv.load(path)
    assert "the network has no parameter 'kind.W'" in str(info.value)


def test_the_state_of_another_version_of_optax_is_left_out_with_a_warning(labels, tmp_path):
    path = rewritten(labels[1], tmp_path / "a", "update.safetensors", lambda data: None)
    versions = {"skconv": "0.1.0", "jax": "0.1", "optax": "0.0.1"}
    path = rewritten(path, tmp_path / "b", "state.json", with_values(versions=versions))
    with pytest.warns(UserWarning, match=r"the file was written with optax 0\.0\.1, and this is"):
        other = skconv.load(path)
    assert other._model.opt is None
    assert_equal(other.predict_proba(X), labels[0].predict_proba(X))


def test_nothing_that_a_file_names_is_run(labels, tmp_path):
    marker = tmp_path / "marker"
    planted = {"object": "os.system", "params": {"command": f"touch {marker}"}}
    for name in ("config.json", "state.json"):
        key = {"config.json": "params", "state.json": "outputs"}[name]
        path = rewritten(
            labels[1], tmp_path / "net.skconv", name, with_values(**{key: {"layers": planted}})
        )
        with pytest.raises(ValueError, match=r"if you trust it, write trusted=\['os\.system'\]"):
            skconv.load(path)
    assert not marker.exists()


def test_handlers_that_refer_to_each_other_still_do(tmp_path):
    best = RememberBestWeights(verbose=0)
    net = make_net(on_epoch_finished=[best], on_training_finished=[best.restore])
    other = through(net, tmp_path)
    assert other.on_training_finished[0].remember is other.on_epoch_finished[0]

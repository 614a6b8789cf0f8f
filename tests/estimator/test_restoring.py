import copy
import zipfile

import pytest

import skconv
from skconv import compile_counts
from skconv.handlers import EarlyStopping
from skconv.utils.digests import digest

from ..nets import X
from .saved_nets import (
    FITS,
    FRAME,
    assert_equal,
    in_file,
    rewritten,
    through,
    with_values,
)


@pytest.fixture
def labels(tmp_path):
    return in_file("labels", tmp_path)


@pytest.mark.parametrize("name", FITS)
def test_a_net_predicts_bit_by_bit_as_before_and_goes_on(name, tmp_path):
    net, path = in_file(name, tmp_path)
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


def test_names_of_features_come_back(tmp_path):
    _, path = in_file("numbers", tmp_path)
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


def test_numbers_that_were_set_after_the_fit_count_in_the_next_one(labels, tmp_path):
    net = copy.deepcopy(labels[0]).set_params(noise_p=0.1)
    other = through(net, tmp_path)
    assert other.noise_p == 0.1
    assert other.network_.runtime() == net.network_.runtime()
    assert other.network_.runtime()["noise"]["p"] == 0.5


def test_handlers_come_back_with_what_they_have_learned(tmp_path):
    net, path = in_file("numbers", tmp_path)
    (expected,), (handler,) = net.on_epoch_finished, skconv.load(path).on_epoch_finished
    assert type(handler) is EarlyStopping
    assert handler.best_valid is not None
    learned = {name: getattr(handler, name) for name in expected.get_state()}
    assert_equal(learned, expected.get_state())


@pytest.mark.parametrize("name", ["patience", "finish", "__class__"])
def test_parameters_and_methods_of_handlers_are_not_learned(tmp_path, name):
    path = rewritten(
        in_file("numbers", tmp_path)[1],
        tmp_path / "net.skconv",
        "state.json",
        with_values(handlers=[{name: 3}]),
    )
    with pytest.raises(ValueError, match=f"EarlyStopping must learn attributes, got '{name}'"):
        skconv.load(path)


def test_the_state_of_another_version_of_optax_is_left_out_with_a_warning(labels, tmp_path):
    path = rewritten(labels[1], tmp_path / "a", "update.safetensors", lambda data: None)
    versions = {"skconv": "0.1.0", "jax": "0.1", "optax": "0.0.1"}
    path = rewritten(path, tmp_path / "b", "state.json", with_values(versions=versions))
    with pytest.warns(UserWarning, match=r"the file was written with optax 0\.0\.1, and this is"):
        other = skconv.load(path)
    assert other._model.opt is None
    assert_equal(other.predict_proba(X), labels[0].predict_proba(X))


def test_weights_of_another_net_are_refused(tmp_path):
    def others(data):
        with zipfile.ZipFile(in_file("several", tmp_path)[1]) as file:
            return file.read("weights.safetensors")

    path = rewritten(
        in_file("labels", tmp_path)[1], tmp_path / "net.skconv", "weights.safetensors", others
    )
    with pytest.raises(ValueError, match=r"net\.skconv must hold a net: .* problems:") as info:
        skconv.load(path)
    assert "the network has no parameter 'kind.W'" in str(info.value)


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

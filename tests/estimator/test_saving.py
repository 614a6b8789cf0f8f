import copy
import json
import pickle
import zipfile

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv import NeuralNet, NeuralNetClassifier
from skconv.layers import (
    DenseLayer,
    InputLayer,
)
from skconv.utils.digests import digest

from ..nets import make_net
from .saved_nets import (
    assert_equal,
    in_file,
    one_epoch,
    through,
)


class Own(NeuralNetClassifier):
    pass


def own_loss(predictions, targets):
    return (predictions - targets) ** 2


@pytest.fixture
def labels(tmp_path):
    return in_file("labels", tmp_path)


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
    assert not (tmp_path / "net.skconv").exists()


def test_labels_may_be_dates(tmp_path):
    X = np.eye(4, dtype=np.float32)
    y = np.array(["2020-01-01", "2021-06-01"] * 2, "datetime64[D]")
    net = NeuralNetClassifier(max_epochs=0, train_split=None, random_state=0).fit(X, y)
    other = through(net, tmp_path)
    assert other.classes_.dtype == "datetime64[D]"
    np.testing.assert_array_equal(other.predict(X), net.predict(X))


def test_pipelines_are_for_skops(tmp_path):
    with pytest.raises(TypeError, match=r"^net must be a NeuralNet, got Pipeline; skops\.io\.dump"):
        skconv.save(make_pipeline(StandardScaler(), NeuralNet()), tmp_path / "net.skconv")
    with pytest.raises(
        TypeError, match=r"^path must be a path, got a net; write skconv\.save\(net"
    ):
        skconv.save(tmp_path / "net.skconv", NeuralNet())


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


def test_a_net_with_another_update_rule_starts_that_one_anew(labels, tmp_path):
    net = copy.deepcopy(labels[0]).set_params(update="adam")
    other = through(net, tmp_path)
    assert other._model.opt is None

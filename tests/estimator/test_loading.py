import numpy as np
import pytest

import skconv
from skconv import NeuralNet, models
from skconv import layers as library
from skconv.compat import nets as compat
from skconv.handlers import RememberBestWeights
from skconv.layers import (
    DenseLayer,
    InputLayer,
    MergeLayer,
)
from skconv.models.pretrained import Pretrained
from skconv.utils.digests import digest

from ..foreign_modules import LinenConv
from ..layers.test_contract import EXAMPLES as LAYERS
from ..layers.test_contract import SLICED, halved, larger
from ..nets import X, make_net
from .saved_nets import assert_equal, in_file, rewritten, through, with_values


@pytest.fixture
def labels(tmp_path):
    return in_file("labels", tmp_path)


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
        other = through(net, tmp_path, [halved, larger, LinenConv])
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


def test_weights_of_the_file_are_loaded_by_another_net(labels, tmp_path):
    net, path = labels
    other = make_net(input_shape=(None, 5), output_num_units=3)
    other.load_params_from(path)
    assert_equal(other.get_all_params_values(), net.get_all_params_values())
    skconv.save(make_net(), tmp_path / "net.skconv")
    with pytest.raises(ValueError, match=r"net\.skconv must .* it has no 'weights\.safetensors'"):
        other.load_params_from(tmp_path / "net.skconv")


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


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("a.npz", r"; weights are loaded by net\.load_params_from\(path\)$"),
        ("a.skops", r"; skops\.io\.load\(path\) loads files of skops$"),
        ("a.pkl", r"; joblib\.load\(path\) loads pickles, and runs their code$"),
        ("a.skconv", "it is too short$"),
    ],
)
def test_files_of_other_formats_are_refused_with_what_loads_them(tmp_path, name, hint):
    (tmp_path / name).write_text("")
    with pytest.raises(ValueError, match=rf"{name} must be a complete \.skconv file: .*{hint}"):
        skconv.load(tmp_path / name)


def test_nets_in_the_way_of_nolearn_come_back(tmp_path):
    net = compat.NeuralNet(
        [("input", InputLayer), ("output", DenseLayer)],
        input_shape=(None, 5),
        output_num_units=3,
        update_learning_rate=0.1,
        verbose=0,
    )
    other = through(net.initialize(), tmp_path)
    assert type(other) is compat.NeuralNet
    assert_equal(other.get_all_params_values(), net.get_all_params_values())

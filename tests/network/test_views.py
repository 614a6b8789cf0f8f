import copy
import pickle

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.layers import ConcatLayer, DenseLayer, InputLayer
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.network.model import Model
from skconv.network.views import enter_net, keep_weights, layers_of, name_of

from .nets import LAYERS, make_net

rng = np.random.default_rng(0)

NAMES = [
    *("hidden.W", "hidden.b", "norm.beta", "norm.gamma", "norm.mean", "norm.inv_std"),
    *("output.W", "output.b"),
]


@pytest.fixture
def net():
    return make_net().initialize()


def test_layers_by_name_index_and_slice(net):
    layers = net.layers_
    assert list(layers) == ["input", "hidden", "norm", "dropout", "output"]
    assert len(layers) == 5
    assert layers[1].name == layers["hidden"].name == "hidden"
    assert layers[-1].name == "output"
    assert list(layers[1:3]) == ["hidden", "norm"]
    assert list(layers[1:3][1:]) == ["norm"]
    assert "norm" in layers
    assert [layer.name for layer in layers.values()] == list(layers)


def test_an_unknown_layer_has_a_nearest_match(net):
    with pytest.raises(KeyError, match=r"unknown layer 'hiden'\. Did you mean 'hidden'\?"):
        net.layers_["hiden"]
    assert "hiden" not in net.layers_
    with pytest.raises(IndexError):
        net.layers_[5]


def test_a_layer_has_its_fields_shapes_and_parameters(net):
    hidden, norm = net.layers_["hidden"], net.layers_["norm"]
    assert hidden.num_units == 4
    assert hidden.incomings == ("input",)
    assert hidden.input_shapes == ((None, 5),)
    assert hidden.output_shape == (None, 4)
    assert isinstance(hidden.layer, DenseLayer)
    assert hidden.W.shape == (5, 4)
    assert [p.name for p in hidden.get_params()] == ["hidden.W", "hidden.b"]
    assert [p.name for p in norm.get_params(trainable=True)] == ["norm.beta", "norm.gamma"]
    assert [p.name for p in norm.get_params(trainable=False)] == ["norm.mean", "norm.inv_std"]
    assert not hasattr(hidden, "num_unit")
    assert not hasattr(hidden, "_hidden")


def test_a_layer_is_an_instance_of_its_class(net):
    layer = pickle.loads(pickle.dumps(net.layers_["hidden"]))
    assert isinstance(layer, DenseLayer)
    assert not isinstance(layer, InputLayer)
    assert (layer.name, layer.num_units) == ("hidden", net.layers_["hidden"].num_units)
    with pytest.raises(ValueError, match=r"incoming must be the name of a layer, got <DenseLayer"):
        NeuralNet(DenseLayer(layer, 3)).initialize()


def test_layers_and_parameters_show_what_they_are(net):
    assert repr(net.layers_[1:2]) == "Layers([<DenseLayer 'hidden' (None, 4)>])"
    assert repr(net.layers_["hidden"].b) == "Parameter('hidden.b', shape=(4,))"


def test_a_parameter_is_read_and_written(net):
    W = net.layers_["hidden"].W
    new = rng.normal(size=(5, 4))
    W.set_value(new)
    np.testing.assert_array_equal(W.get_value(), new.astype(np.float32))
    assert W.get_value().dtype == np.float32
    np.testing.assert_array_equal(np.asarray(W), W.get_value())
    assert np.asarray(W, dtype=np.float64).dtype == np.float64
    assert W.name == "hidden.W"
    np.testing.assert_array_equal(net.layers_["hidden"].W, W)


def test_state_is_read_and_written_as_parameters_are(net):
    mean = net.layers_["norm"].mean
    assert not mean.trainable
    mean.set_value([1, 2, 3, 4])
    np.testing.assert_array_equal(mean.get_value(), [1, 2, 3, 4])


def test_parameters_share_no_memory_with_the_user(net):
    b = net.layers_["hidden"].b
    memory = np.zeros(4096, np.uint8)
    aligned = memory[-memory.ctypes.data % 64 :][:16].view(np.float32)
    b.set_value(aligned)
    aligned[:] = 7
    np.testing.assert_array_equal(b, np.zeros(4))
    copied = pickle.loads(pickle.dumps(net)).layers_["hidden"].b
    copied.get_value()[:] = 7
    np.testing.assert_array_equal(copied, np.zeros(4))


def test_parameters_come_in_the_order_of_the_layers(net):
    assert [p.name for p in net.get_all_params()] == NAMES
    trainable = [p.name for p in net.get_all_params(trainable=True)]
    assert trainable == [name for name in NAMES if name not in ("norm.mean", "norm.inv_std")]
    state = [p.name for p in net.get_all_params(trainable=False)]
    assert state == ["norm.mean", "norm.inv_std"]


def test_a_shared_parameter_is_listed_once_and_read_from_both_layers():
    twins = [(DenseLayer, {"name": name, "num_units": 4}) for name in ("one", "two")]
    net = make_net(layers=[*LAYERS[:2], *twins, LAYERS[4]], two_W="one").initialize()
    names = [p.name for p in net.get_all_params()]
    assert names == [*NAMES[:2], "one.W", "one.b", "two.b", *NAMES[-2:]]
    net.layers_["one"].W.set_value(np.eye(4))
    np.testing.assert_array_equal(net.layers_["two"].W, np.eye(4))


def test_a_name_an_index_or_a_view_stands_for_a_layer(net):
    network = net.network_
    assert name_of("norm", network) == name_of(2, network) == "norm"
    assert name_of(-1, network) == "output"
    assert name_of(net.layers_["hidden"], network) == "hidden"
    with pytest.raises(ValueError, match=r"unknown layer 'nrm'\. Did you mean 'norm'\?"):
        name_of("nrm", network)


def test_the_layers_without_names_are_a_list(net):
    layers = net.layers_
    assert layers.values()[0].name == "input"
    assert layers.values()[-1].name == "output"
    assert [layer.name for layer in layers.values()[1:3]] == ["hidden", "norm"]
    assert [layer.name for layer in list(layers[1:].values())] == list(layers)[1:]
    assert len(layers.values()) == 5
    assert (layers.keys()[0], layers.keys()[-1]) == ("input", "output")
    assert layers.items()[1][0] == layers.items()[1][1].name == "hidden"
    assert {"input", "hidden"} <= layers.keys()


@pytest.fixture
def two_inputs():
    left, right = InputLayer((None, 2), name="left"), InputLayer((None, 2), name="right")
    hidden = DenseLayer(left, 2, W=np.eye(2), nonlinearity=None, name="hidden")
    tied = DenseLayer(hidden, 2, W=hidden.W.T, b=None, nonlinearity=None, name="tied")
    layers = ConcatLayer([tied, right], name="both")
    return Model(build_network(read_layers(layers), {}), seed=0).initialize(), layers


def test_views_know_their_inputs(two_inputs):
    layers = layers_of(two_inputs[0])
    both = layers["both"]
    assert [one.name for one in both.input_layers] == ["tied", "right"]
    assert both.input_layer.input_layer.name == "hidden"
    assert layers["hidden"].input_shape == (None, 2)
    assert layers["left"].input_layers == []
    assert both.input_layers[0].graph_key == layers["tied"].graph_key
    assert pickle.loads(pickle.dumps(both)).input_layers[0].name == "tied"


def test_views_find_the_parameter_behind_a_name(two_inputs):
    layers = layers_of(two_inputs[0])
    found, transposed = layers["tied"].find_parameter("W")
    assert (found.name, transposed) == ("hidden.W", True)
    assert found.graph_key == layers["tied"].W.graph_key == layers["hidden"].W.graph_key
    with pytest.raises(ValueError, match=r"^layer 'tied' \(DenseLayer\) has no parameter 'b'$"):
        layers["tied"].find_parameter("b")


def test_views_compute_their_output(two_inputs):
    layers = layers_of(two_inputs[0])
    X = np.array([[1.0, 2.0]], np.float32)
    np.testing.assert_array_equal(layers["tied"].get_output_for(X, deterministic=True), X)
    np.testing.assert_array_equal(layers["both"].get_output_for([X, 3 * X]), [[1, 2, 3, 6]])


def test_instances_enter_a_net_and_leave_it(two_inputs):
    model, last = two_inputs
    enter_net(last, model)
    assert last.in_net.graph_key == layers_of(model)["both"].graph_key
    hidden = last.input_layer.input_layer
    hidden.W.set_value(2 * np.eye(2))
    np.testing.assert_array_equal(model.get(("hidden", "W")), 2 * np.eye(2))
    for other in (copy.copy(hidden), copy.deepcopy(hidden), pickle.loads(pickle.dumps(hidden))):
        assert other.in_net is None
    enter_net([("a", last)], None)
    assert last.in_net is None
    np.testing.assert_array_equal(hidden.W.get_value(), np.eye(2))
    enter_net(None, model)
    enter_net([object()], model)


def test_another_net_may_start_from_the_weights(two_inputs):
    model, last = two_inputs
    keep_weights(last)
    enter_net(last, model)
    hidden = last.input_layer.input_layer
    hidden.W.set_value(3 * np.eye(2))
    keep_weights(last)
    enter_net(last, None)
    np.testing.assert_array_equal(hidden.W.get_value(), 3 * np.eye(2))
    np.testing.assert_array_equal(hidden.W.start, 3 * np.eye(2))
    keep_weights(None)

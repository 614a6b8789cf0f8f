"""Layers."""

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.layers import ConcatLayer, Conv2DLayer, DenseLayer, InputLayer, RecurrentLayer
from skconv.nonlinearities import rectify, sigmoid, softmax

from .nets import LISTED, NAMED, X, make_net, y
from .outcomes import differs, refused, same


def graph():
    hidden = DenseLayer(InputLayer((None, 5)), 4, name="hidden")
    return DenseLayer(hidden, 3, nonlinearity=softmax)


@same
def test_names_and_classes():
    """`layers=[('input', InputLayer), ...]` with keywords `hidden_num_units=4`"""
    net = make_net().initialize()
    assert net.layers_.keys()[:] == ["input", "hidden", "output"]
    assert net.layers_["hidden"].output_shape == (None, 4)


@same
def test_classes_and_dicts():
    """`layers=[(InputLayer, {'shape': (None, 5)}), ...]`; names are `input0`, `dense1`, ..."""
    assert NeuralNet(LISTED).initialize().layers_.keys()[:] == ["input0", "dense1", "dense2"]


@same
def test_keywords_before_dicts():
    """A keyword `dense1_num_units=7` replaces the value in the dict"""
    net = NeuralNet(LISTED, dense1_num_units=7).initialize()
    assert net.layers_["dense1"].num_units == 7


@same
def test_last_layer():
    """`layers=output`, the last layer of a graph of instances; layers without a name get one"""
    net = NeuralNet(graph()).initialize()
    assert net.layers_.keys()[:] == ["input0", "hidden", "dense2"]


@same
def test_tuple_of_layers():
    """`layers` may be a tuple"""
    assert len(make_net(layers=tuple(NAMED)).initialize().layers_) == 3


@differs("keywords of a named instance set its fields, where nolearn raises an error")
def test_keywords_of_instances():
    """Keywords for layers that are instances"""
    net = NeuralNet(graph(), hidden_num_units=7).initialize()
    assert net.layers_["hidden"].num_units == 7


@refused("name it in outputs=['a', 'b']")
def test_list_of_last_layers():
    """`layers=[a, b]`, the last layers of a net with two outputs"""
    hidden = DenseLayer(InputLayer((None, 5)), 4)
    outputs = [DenseLayer(hidden, 3, name="a"), DenseLayer(hidden, 1, name="b")]
    NeuralNet(outputs).initialize()


@same
def test_named_outputs():
    """A list of last layers, each in `layers_` once, with their names in `outputs`"""
    hidden = DenseLayer(InputLayer((None, 5)), 4, name="hidden")
    outputs = [DenseLayer(hidden, 3, name="a"), DenseLayer(hidden, 1, name="b")]
    net = NeuralNet(outputs, outputs=["a", "b"]).initialize()
    assert sorted(net.layers_) == ["a", "b", "hidden", "input0"]


@same
def test_diamond():
    """`hidden2_incoming='input'`, `concat_incomings=['hidden1', 'hidden2']`"""
    net = NeuralNet(
        [
            ("input", InputLayer),
            ("hidden1", DenseLayer),
            ("hidden2", DenseLayer),
            ("concat", ConcatLayer),
            ("output", DenseLayer),
        ],
        input_shape=(None, 5),
        hidden1_num_units=2,
        hidden2_num_units=3,
        hidden2_incoming="input",
        concat_incomings=["hidden1", "hidden2"],
        output_num_units=3,
    ).initialize()
    assert net.layers_["hidden2"].incomings == ("input",)
    assert net.layers_["concat"].output_shape == (None, 5)


@same
def test_mask_by_name():
    """`mask_input` of a recurrent layer by name"""
    net = NeuralNet(
        [
            (InputLayer, {"name": "sequence", "shape": (None, 20, 2)}),
            (InputLayer, {"name": "mask", "shape": (None, 20)}),
            (RecurrentLayer, {"incoming": "sequence", "mask_input": "mask", "num_units": 2}),
        ]
    ).initialize()
    assert net.layers_[-1].incomings[0] == "sequence"
    assert net.layers_[-1].mask_input == "mask"


@same
def test_shared_weights():
    """`b_W='a'` shares the weights of layer `a`"""
    net = NeuralNet(
        [("input", InputLayer), ("a", DenseLayer), ("b", DenseLayer)],
        input_shape=(None, 3),
        a_num_units=3,
        b_num_units=3,
        b_W="a",
    ).initialize()
    assert [p.name for p in net.get_all_params()] == ["a.W", "a.b", "b.b"]
    net.layers_["a"].W.set_value(np.eye(3))
    assert np.array_equal(net.layers_["b"].W.get_value(), np.eye(3))


@refused("write from skconv.layers import DenseLayer, and ('output', DenseLayer)")
def test_classes_by_name():
    """Layer classes by name, `('output', 'lasagne.layers.DenseLayer')`"""
    NeuralNet([("input", InputLayer), ("output", "lasagne.layers.DenseLayer")]).initialize()


@refused("layers must have different names, got 'a' twice")
def test_names_twice():
    """Two layers of one name are an error"""
    NeuralNet([("input", InputLayer), ("a", DenseLayer), ("a", DenseLayer)]).initialize()


@refused("unknown parameter 'yourlayer_ho'", "prefixes are: input, hidden, output")
def test_unused_keyword():
    """A keyword with the prefix of no layer is an error"""
    make_net(yourlayer_ho="ho").initialize()


@refused("Did you mean 'hidden_num_units'?")
def test_unknown_keyword_of_a_layer():
    """A keyword that a layer lacks is an error"""
    make_net(hidden_num_unit=3).initialize()


@same
def test_more_params():
    """`more_params={'hidden_num_units': 9}`"""
    net = make_net(more_params={"hidden_num_units": 9}).initialize()
    assert net.layers_["hidden"].num_units == 9


@differs("a warning names them; nolearn ignores them")
def test_unused_more_params():
    """`more_params` with the prefix of no layer"""
    with pytest.warns(UserWarning, match="no part of the net takes: conv9_num_filters"):
        make_net(more_params={"conv9_num_filters": 9}).initialize()


@refused("write layers as instances, as in batch_norm(DenseLayer(incoming, ...))")
def test_layer_wrapper():
    """`(DenseLayer, {'layer_wrapper': batch_norm})`"""
    NeuralNet([LISTED[0], (DenseLayer, {"num_units": 3, "layer_wrapper": rectify})]).initialize()


@differs("batches may have any size, whatever the shape says")
def test_fixed_batch_size():
    """A batch size in the shape, `input_shape=(128, 5)`"""
    net = make_net(input_shape=(128, 5)).initialize()
    assert net.layers_["input"].output_shape == (None, 5)
    assert net.predict(X).shape == (40,)


@differs("it follows the task: a softmax for labels; nolearn's would be a rectifier")
def test_default_nonlinearity_of_the_output():
    """No `output_nonlinearity`"""
    net = NeuralNet(NAMED, hidden_num_units=4, input_shape=(None, 5), output_num_units=3)
    assert net.initialize().layers_["output"].nonlinearity is softmax
    assert net.layers_["hidden"].nonlinearity is rectify


@refused("nonlinearity must be softmax for categorical_crossentropy, got rectify")
def test_nonlinearity_that_does_not_suit_the_loss():
    """An output with `nonlinearity=rectify` for labels"""
    make_net(output_nonlinearity=rectify).fit(X, y)


@differs("`input_shape` and `output_num_units` follow from the data if they are not given")
def test_shapes_from_data(fitted):
    """`input_shape` and `output_num_units` are required"""
    net = NeuralNet(NAMED, hidden_num_units=4, max_epochs=2, random_state=0).fit(X, y)
    assert net.layers_["input"].output_shape == (None, 5)
    assert net.layers_["output"].num_units == 3


@refused("num_units is missing")
def test_missing_keyword():
    """A required keyword of a layer that is missing is an error"""
    make_net(layers=[*NAMED[:2], ("more", DenseLayer), NAMED[2]]).initialize()


@refused("layers must contain ('name', LayerClass)")
def test_dict_of_layers():
    """`layers={'input': InputLayer, ...}` is an error"""
    NeuralNet(dict(NAMED)).initialize()


@same
def test_attributes_of_layers(image_net):
    """`layers_['conv1'].num_filters`, `.filter_size`, `.nonlinearity`, `.name`, `.output_shape`"""
    conv = image_net.layers_["conv1"]
    assert (conv.name, conv.num_filters, conv.filter_size) == ("conv1", 3, (3, 3))
    assert conv.nonlinearity is rectify
    assert conv.output_shape == (None, 3, 7, 7)


@same
def test_classes_of_layers(image_net):
    """`isinstance(layer, Conv2DLayer)` for the layers of a net"""
    layers = image_net.get_all_layers()
    assert [isinstance(layer, Conv2DLayer) for layer in layers] == [False, True, False, False]


@same
def test_layers_as_a_list(fitted):
    """`layers_[0]`, `layers_[-1]`, `layers_['hidden']`, `layers_[:2]`, `layers_.values()[0]`"""
    layers = fitted.layers_
    assert (layers[0].name, layers[-1].name, layers["hidden"].name) == ("input", "output", "hidden")
    assert layers[:2].keys()[:] == ["input", "hidden"]
    assert layers.values()[1].name == layers.keys()[1] == "hidden"


@same
def test_all_layers(fitted):
    """`get_all_layers()`"""
    assert [layer.name for layer in fitted.get_all_layers()] == ["input", "hidden", "output"]


@refused("write a new layer, and load_params_from(net, strict=False)")
def test_layers_of_another_net(fitted):
    """A layer of a fitted net as `incoming` of a new layer"""
    NeuralNet(DenseLayer(fitted.layers_["hidden"], 3)).initialize()


@same
def test_sigmoid_output():
    """`output_nonlinearity=sigmoid` with `regression=True`"""
    net = make_net(regression=True, output_nonlinearity=sigmoid).initialize()
    assert net.layers_["output"].nonlinearity is sigmoid

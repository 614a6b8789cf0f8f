"""Weights."""

import pickle

import numpy as np
import pytest

from .nets import X, is_same, make_net
from .outcomes import differs, refused, same


@same
def test_all_values(fitted):
    """`get_all_params_values()`, a dict of lists of arrays by layer"""
    values = fitted.get_all_params_values()
    shapes = {name: [array.shape for array in arrays] for name, arrays in values.items()}
    assert shapes == {"input": [], "hidden": [(5, 4), (4,)], "output": [(4, 3), (3,)]}


@same
def test_all_params(fitted):
    """`get_all_params(trainable=True)`, and `get_value()` of each"""
    params = fitted.get_all_params(trainable=True)
    assert [p.get_value().shape for p in params] == [(5, 4), (4,), (4, 3), (3,)]


@same
def test_regularizable(fitted):
    """`get_all_params(regularizable=True)`"""
    params = fitted.get_all_params(regularizable=True)
    assert [p.name for p in params] == ["hidden.W", "output.W"]


@same
def test_values_of_a_layer():
    """`net.layers_['hidden'].W.get_value()` and `.set_value(array)`"""
    weight = make_net().initialize().layers_["hidden"].W
    weight.set_value(np.ones((5, 4)))
    assert (weight.get_value() == 1).all()


@refused("must have shape (5, 4), got (4, 5)")
def test_values_of_another_shape():
    """`set_value` with another shape is an error"""
    make_net().initialize().layers_["hidden"].W.set_value(np.ones((4, 5)))


@same
def test_load_from_a_net(fitted):
    """`load_params_from(net)` of a net that is not initialized"""
    net = make_net()
    net.load_params_from(fitted)
    assert np.array_equal(net.predict(X), fitted.predict(X))


@same
def test_load_from_values(fitted):
    """`load_params_from(net.get_all_params_values())`"""
    net = make_net()
    net.load_params_from(fitted.get_all_params_values())
    assert is_same(net.get_all_params_values(), fitted.get_all_params_values())


@same
def test_files(fitted, tmp_path):
    """`save_params_to(path)` and `load_params_from(path)`"""
    net, path = make_net(), tmp_path / "weights.npz"
    fitted.save_params_to(path)
    net.load_params_from(str(path))
    assert is_same(net.get_all_params_values(), fitted.get_all_params_values())


@refused("a weight file must have the suffix .safetensors or .npz, got 'net.params'")
def test_save_to_a_pickle(fitted, tmp_path):
    """`save_params_to('net.params')`"""
    fitted.save_params_to(tmp_path / "net.params")


@refused("if you trust it, write load_params_from(pickle.load(open(", "got a pickle, 'net.params'")
def test_load_from_a_pickle(fitted, tmp_path):
    """`load_params_from('net.params')`, a pickle"""
    path = tmp_path / "net.params"
    path.write_bytes(pickle.dumps(fitted.get_all_params_values()))
    make_net().load_params_from(path)


@differs("an error, or a warning with `strict=False`; nolearn skips them without a word")
def test_other_shapes(fitted):
    """`load_params_from` with other shapes, as of another output layer"""
    net = make_net(output_num_units=2)
    with pytest.raises(ValueError, match=r"'output.W' must have shape \(4, 2\), got \(4, 3\)"):
        net.load_params_from(fitted)
    with pytest.warns(UserWarning, match="skips parameters of another shape: output.W"):
        net.load_params_from(fitted, strict=False)
    hidden = fitted.get_all_params_values()["hidden"]
    assert np.array_equal(net.layers_["hidden"].W.get_value(), hidden[0])


@differs("an error; with `strict=False` they are skipped, as in nolearn")
def test_other_layers(fitted):
    """`load_params_from` with layers that the net lacks"""
    values = fitted.get_all_params_values() | {"other": [np.zeros(3)]}
    net = make_net()
    with pytest.raises(ValueError, match=r"the network has no parameter 'other\.0'"):
        net.load_params_from(values)
    net.load_params_from(values, strict=False)
    assert is_same(net.get_all_params_values(), fitted.get_all_params_values())


@differs("one line for all of them")
def test_printed_layers(capsys, fitted):
    """`load_params_from` with `verbose=1` prints a line for each parameter"""
    make_net(verbose=1).load_params_from(fitted)
    assert capsys.readouterr().out == "Loaded 4 arrays with 39 numbers from a NeuralNet.\n"


@refused("source must be a net, a dict or a path, got list")
def test_load_from_a_list(fitted):
    """`load_params_from([...])`, a list of arrays"""
    make_net().load_params_from(list(fitted.get_all_params_values().values()))


@refused("Write instead: save_params_to('weights.npz')")
def test_save_weights_to(fitted):
    """`save_weights_to(path)`, which is deprecated"""
    fitted.save_weights_to("weights")


@refused("Write instead: load_params_from('weights.npz')")
def test_load_weights_from(fitted):
    """`load_weights_from(path)`, which is deprecated"""
    fitted.load_weights_from("weights")

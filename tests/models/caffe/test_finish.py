import numpy as np
import pytest

from skconv.layers import BatchNormLayer, BiasLayer, ConcatLayer, ScaleLayer
from skconv.nonlinearities import softmax

from .writer import Writer

BIAS = {"bias_term": True}


def names(made):
    return [name for name, _ in made["layers"]]


@pytest.fixture
def finished(read):
    return lambda net: read(net.text()).network


def test_scales_become_part_of_the_normalization(finished):
    net = Writer(1, 3, 4, 4)
    net.layer("bn", "BatchNorm")
    net.layer("scale", "Scale", scale_param=BIAS)
    net.layer("relu", "ReLU")
    made = finished(net)
    assert names(made) == ["data", "bn", "relu"]
    assert "bn_gamma" not in made
    assert "bn_beta" not in made


def test_a_scale_without_bias_leaves_no_shift(finished):
    net = Writer(1, 3, 4, 4)
    net.layer("bn", "BatchNorm")
    net.layer("scale", "Scale", scale_param={"filler": {"value": 0.5}})
    made = finished(net)
    assert names(made) == ["data", "bn"]
    assert (made["bn_gamma"].val, made["bn_beta"]) == (0.5, None)


def test_what_others_take_stays_as_it_is(finished):
    net = Writer(1, 3, 4, 4)
    net.layer("bn", "BatchNorm")
    net.layer("scale", "Scale", scale_param=BIAS)
    net.layer("both", "Concat", ["bn", "scale"])
    made = finished(net)
    layers = [BatchNormLayer, ScaleLayer, BiasLayer, ConcatLayer]
    assert [cls for _, cls in made["layers"][1:]] == layers
    assert (made["bn_gamma"], made["bn_beta"]) == (None, None)


def test_scales_of_single_pixels_stay_as_they_are(finished):
    net = Writer(1, 3, 4, 4)
    net.layer("bn", "BatchNorm")
    net.layer("scale", "Scale", scale_param={"num_axes": 3})
    assert names(finished(net)) == ["data", "bn", "scale"]


def test_a_softmax_at_the_end_becomes_part_of_the_layer_before(finished):
    net = Writer(1, 3)
    net.fc("fc1", 4)
    net.layer("mid", "Softmax")
    net.fc("fc2", 4)
    net.layer("prob", "Softmax")
    made = finished(net)
    assert names(made) == ["data", "fc1", "mid", "fc2"]
    assert (made["fc1_nonlinearity"], made["fc2_nonlinearity"]) == (None, softmax)


def test_not_if_the_layer_before_has_another_use(finished):
    net = Writer(1, 3)
    net.fc("fc", 4)
    net.layer("prob", "Softmax")
    net.layer("relu", "ReLU", "fc")
    made = finished(net)
    assert names(made) == ["data", "fc", "prob", "relu"]
    assert made["outputs"] == ["prob", "relu"]
    assert made["relu_incoming"] == "fc"


def test_outputs_of_one_position_lose_its_axes(finished):
    net = Writer(1, 3, 4, 4)
    net.conv("conv", 2, 4)
    net.layer("drop", "Dropout")
    net.layer("prob", "Softmax")
    made = finished(net)
    assert names(made) == ["data", "conv", "conv_flat", "conv_relu", "drop", "prob"]
    net = Writer(1, 3, 4, 4)
    net.pool("pool", 4, 1)
    assert names(finished(net)) == ["data", "pool", "pool_flat"]


def test_layers_without_an_output_are_removed(finished):
    net = Writer(1, 3)
    net.fc("fc", 4)
    net.layer("unused", "ReLU", "fc")
    net.layer("quiet", "Silence", "unused", [])
    net.layer("prob", "Softmax", "fc")
    assert names(finished(net)) == ["data", "fc"]


def test_outputs_besides_those_of_losses_are_told(read):
    net = Writer(1, 3)
    net.fc("fc", 4)
    net.layer("loss", "SoftmaxWithLoss", ["fc", "label"])
    net.layer("other", "ReLU", "fc")
    with pytest.warns(UserWarning, match="outputs without a loss are left out: other"):
        made = read(net.text()).network
    assert names(made) == ["data", "fc"]


def test_a_net_must_have_an_output(finished):
    with pytest.raises(ValueError, match="the net must have an output other than its inputs"):
        finished(Writer(1, 3))


def test_order_is_that_of_the_file(finished):
    net = Writer(1, 3)
    tops = [net.fc(f"fc{i}", 4) for i in range(3)]
    net.layer("sum", "Eltwise", tops)
    made = finished(net)
    assert made["sum_incomings"] == tops
    assert not [name for name in made if name.endswith("_incoming")]
    np.testing.assert_equal(names(made), ["data", *tops, "sum"])

import numpy as np

from skconv.layers import DenseLayer, InputLayer
from skconv.network.builder import build_network
from skconv.network.head import SCALE, Head, draw_scale, scale_specs
from skconv.network.layer_list import read_layers
from skconv.nonlinearities import softmax

LAYERS = [("input", InputLayer((None, 3))), ("size", DenseLayer(num_units=2))]


def test_a_head_as_declared_lacks_what_the_network_adds():
    head = Head("size", 1, scaled=True)
    added = head._replace(ending=softmax, unit_axis=-1, settled=softmax)
    assert added.as_declared() == head


def test_outputs_are_scaled_back_by_a_shift_and_a_factor():
    specs = scale_specs((None, 2, 5))
    assert {name: (spec.shape, spec.trainable) for name, spec in specs.items()} == dict.fromkeys(
        SCALE, ((2, 5), False)
    )
    heads = [Head("size", scaled=True)]
    network = build_network(read_layers(LAYERS), {}, heads=heads)
    shift, factor = (draw_scale(network.node("size"))[name] for name in SCALE)
    np.testing.assert_array_equal(shift, [0, 0])
    np.testing.assert_array_equal(factor, [1, 1])
    assert draw_scale(network.node("input")) == {}

from skconv.layers import EmbeddingLayer, GlobalPoolLayer, InputLayer
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.training.entering import inputs_of


def make_inputs(shape):
    layers = [
        InputLayer(shape, name="words"),
        EmbeddingLayer(input_size=9, output_size=2, name="vectors"),
        GlobalPoolLayer(name="output"),
    ]
    return inputs_of(build_network(read_layers(layers), {}, input_shapes={None: (4,)}))


def test_free_inputs_follow_the_rows():
    inputs = make_inputs((None, None))
    assert inputs.shapes == {"words": (None, 4)}
    longer = inputs.fitting({None: (6,)})
    assert longer.shapes == {"words": (None, 6)}
    assert longer.indices["words"][0].positions.tolist() == [0, 1, 2, 3, 4, 5]
    assert longer.outputs == {"output": (None, 6)}


def test_known_inputs_stay():
    inputs = make_inputs((None, 4))
    assert inputs.resize is None
    assert inputs.fitting({None: (6,)}) is inputs

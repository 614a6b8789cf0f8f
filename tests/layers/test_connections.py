import copy
import pickle
from dataclasses import dataclass

import pytest

from skconv.layers import (
    ConcatLayer,
    Conv2DLayer,
    CyclicPoolLayer,
    CyclicSliceLayer,
    DenseLayer,
    FlattenLayer,
    GlobalPoolLayer,
    InputLayer,
    InverseLayer,
    Layer,
    LSTMLayer,
    MaxPool2DLayer,
    NonlinearityLayer,
    RecurrentLayer,
)

IMAGES = (None, 1, 28, 28)


def images(rows=None):
    return InputLayer((rows, 1, 28, 28))


def test_a_layer_knows_the_shape_of_its_output_and_of_its_inputs():
    conv = Conv2DLayer(images(500), 8, 3)
    pool = MaxPool2DLayer(conv, 2)
    assert conv.output_shape == (500, 8, 26, 26)
    assert isinstance(conv.output_shape, tuple)
    assert (conv.input_shape, conv.input_shapes) == ((500, 1, 28, 28), [(500, 1, 28, 28)])
    assert pool.input_layer is conv
    assert DenseLayer(pool, 10).output_shape == (500, 10)
    both = ConcatLayer([pool, pool])
    assert both.output_shape == (500, 16, 13, 13)
    assert both.input_shapes == [pool.output_shape] * 2
    assert both.input_layers == [pool, pool]


def test_the_shape_can_be_called_for_inputs_of_other_shapes():
    conv = Conv2DLayer(images(), 8, 3)
    assert conv.output_shape((None, 1, 9, 7)) == (None, 8, 7, 5)
    assert conv.get_output_shape_for((3, 1, 9, 7)) == (3, 8, 7, 5)
    assert images(500).output_shape() == IMAGES
    merged = ConcatLayer([conv, conv])
    assert merged.get_output_shape_for([(3, 8, 7, 5), (3, 4, 7, 5)]) == (3, 12, 7, 5)
    with pytest.raises(ValueError, match=r"^Conv2DLayer: input must have shape \(n, channels, hei"):
        conv.get_output_shape_for((None, 4))


def test_a_shape_may_stand_for_the_input():
    layer = DenseLayer((20, 7), 3)
    assert (layer.output_shape, layer.input_shape) == ((20, 3), (20, 7))
    assert layer.input_layer is None


def test_sizes_may_be_free():
    conv = Conv2DLayer(InputLayer((None, 3, None, 32)), 8, 5)
    assert conv.output_shape == (None, 8, None, 28)
    assert GlobalPoolLayer(conv).output_shape == (None, 8)


def test_copies_of_rows_count():
    cut = CyclicSliceLayer(images(5))
    assert cut.output_shape == (20, 1, 28, 28)
    assert CyclicPoolLayer(DenseLayer(cut, 3)).output_shape == (5, 3)


def test_further_inputs_come_after_the_incoming_layer():
    steps, mask = InputLayer((None, 5, 3)), InputLayer((None, 5))
    layer = LSTMLayer(steps, 4, mask_input=mask)
    assert layer.input_layers == [steps, mask]
    assert layer.output_shape == (None, 5, 4)
    dense = DenseLayer(images(), 4)
    back = InverseLayer(NonlinearityLayer(dense), dense)
    assert back.input_layers[1:] == [dense, dense.input_layer]
    assert back.output_shape == IMAGES


def test_copies_know_their_shapes():
    layer = DenseLayer(images(), 3)
    assert layer.output_shape == (None, 3)
    for other in (copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other != layer
        assert other.output_shape == (None, 3)
    assert type(pickle.loads(pickle.dumps(layer.output_shape))) is tuple


def test_layers_that_were_given_layers_are_compared_by_identity():
    rows = images()
    one, two = DenseLayer(rows, 3), DenseLayer(rows, 3)
    assert one != two
    assert {one: 1, two: 2} == {two: 2, one: 1}
    assert [one, two].index(two) == 1
    one.W.set_value(two.W.get_value())
    assert {one: 1}[one] == 1
    assert images() == rows
    assert hash(images()) == hash(rows)
    assert DenseLayer(num_units=3) == DenseLayer("hidden", num_units=3) != DenseLayer(num_units=4)
    assert DenseLayer(num_units=3) != one
    assert InputLayer((None, 3)) != FlattenLayer()
    assert ConcatLayer([one, two]) != ConcatLayer([one, two])
    assert ConcatLayer(["a", "b"]) == ConcatLayer(["c", "d"])


def test_graphs_may_be_deep():
    layer = images()
    for _ in range(1200):
        layer = NonlinearityLayer(layer)
    assert layer.output_shape == IMAGES


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            DenseLayer(num_units=3, name="a"),
            r"^layer 'a' \(DenseLayer\) must be given layers as it",
        ),
        (DenseLayer("conv", 3), "^DenseLayer must be given layers as its inputs, as in DenseLayer"),
        (ConcatLayer(["a", "b"]), "^ConcatLayer must be given layers as its inputs"),
        (DenseLayer(images()), "^DenseLayer: num_units is missing$"),
        (DenseLayer(InputLayer(), 3), "^InputLayer: shape is missing$"),
        (
            Conv2DLayer((None, 4), 8, 3, name="b"),
            r"^layer 'b' \(Conv2DLayer\): input must have sha",
        ),
        (RecurrentLayer((None, 4), 3), "^RecurrentLayer: input must have shape"),
    ],
)
def test_shapes_that_are_not_known_say_why(layer, message):
    uses = [
        lambda shape: shape[1],
        len,
        list,
        lambda shape: shape == (None, 3),
        lambda shape: (None, *shape),
        lambda shape: (None,) + shape,  # noqa: RUF005
        lambda shape: shape + (1,),  # noqa: RUF005
    ]
    for use in uses:
        with pytest.raises(ValueError, match=message):
            use(layer.output_shape)
    assert repr(layer.output_shape).startswith("<unknown: ")


@dataclass(frozen=True)
class Halves(Layer):
    def output_shape(self, *input_shapes):
        return (None, input_shapes[0][1] // input_shapes[0][2])


def test_a_layer_of_your_own_may_fail_for_its_inputs():
    layer = Halves(InputLayer((None, 4)))
    assert layer.output_shape((None, 4, 2)) == (None, 2)
    with pytest.raises(ValueError, match=r"^tuple index out of range$"):
        len(layer.output_shape)


def test_layers_without_given_inputs_have_none():
    layer = DenseLayer(num_units=3)
    for name in ("input_shape", "input_shapes", "input_layer", "input_layers"):
        with pytest.raises(ValueError, match=r"^DenseLayer must be given layers as its inputs"):
            getattr(layer, name)
    assert images().input_layers == []

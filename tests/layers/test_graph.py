import pytest

from skconv.layers import (
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    InputLayer,
    get_all_layers,
    get_output_shape,
)


@pytest.fixture
def tree():
    left, right = InputLayer((None, 4), name="left"), InputLayer((None, 6))
    one, two = DenseLayer(left, 2), DenseLayer(right, 3)
    return left, right, one, two, ConcatLayer([one, two])


def same(found, *wanted):
    return list(map(id, found)) == list(map(id, wanted))


def test_all_layers_come_after_their_inputs(tree):
    left, right, one, two, both = tree
    assert same(get_all_layers(both), left, one, right, two, both)
    assert same(get_all_layers([two, one]), right, two, left, one)
    assert same(get_all_layers((one, one)), left, one)
    assert same(get_all_layers(both, treat_as_input=[one]), one, right, two, both)
    assert same(get_all_layers([both, left], treat_as_input=[one]), one, right, two, both, left)
    last = DenseLayer(ConcatLayer([both, one]), 3)
    assert len(get_all_layers(last)) == 7


def test_shapes_of_outputs(tree):
    left, right, one, _, both = tree
    assert get_output_shape(both) == (None, 5)
    assert get_output_shape([one, both]) == [(None, 2), (None, 5)]
    assert get_output_shape(both, {left: (3, 7), right: (3, 6)}) == (3, 5)
    assert get_output_shape(both, {one: (8, 9)}) == (8, 12)
    assert get_output_shape(left, {left: [7, 9]}) == (7, 9)
    layer = Conv2DLayer(InputLayer((None, 1, 28, 28)), 8, 3)
    assert get_output_shape(layer, (5, 1, 9, 9)) == (5, 8, 7, 7)
    assert layer.output_shape == (None, 8, 26, 26)
    assert get_output_shape([], None) == []


def test_what_cannot_be_meant(tree):
    both = tree[-1]
    message = (
        "^input_shapes must be a dict of input layers, because there are 2: left, InputLayer; "
    )
    with pytest.raises(ValueError, match=message):
        get_output_shape(both, (None, 4))
    with pytest.raises(TypeError, match=r"^layer must be a layer or a list of layers, got str$"):
        get_all_layers("output")
    with pytest.raises(TypeError, match=r"^the keys of input_shapes must be a layer or a list"):
        get_output_shape(both, {"left": (None, 4)})
    with pytest.raises(ValueError, match=r"^DenseLayer must be given layers as its inputs"):
        get_all_layers(DenseLayer("hidden", 4))

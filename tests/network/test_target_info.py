import pytest

from skconv.errors import LayerError
from skconv.layers import (
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    FlattenLayer,
    GlobalPoolLayer,
    GRULayer,
    InputLayer,
    MaxPool2DLayer,
)
from skconv.network.target_info import TargetInfo, with_target_units, with_units


@pytest.mark.parametrize(
    ("layer", "given", "shape"),
    [
        (DenseLayer(), (None, 4), (None, None)),
        (DenseLayer(num_leading_axes=2), (None, 5, 4), (None, 5, None)),
        (GRULayer(), (None, 5, 4), (None, 5, None)),
        (Conv2DLayer(filter_size=3), (None, 2, 6, 5), (None, None, 4, 3)),
    ],
)
def test_units_follow_from_the_shape_around_them(layer, given, shape):
    asked = []

    def units(shape):
        asked.append(shape)
        return 7

    known = with_target_units(layer, TargetInfo(units), [given])
    assert asked == [shape]
    assert known.output_shape(given) == tuple(
        7 if i and n is None else n for i, n in enumerate(shape)
    )


def test_units_that_the_user_gives_or_the_layer_lacks_stay():
    info = TargetInfo(lambda shape: 7)
    for layer in (DenseLayer(num_units=3), InputLayer((None, 4))):
        assert with_target_units(layer, info, [(None, 4)]) is layer
    assert with_units(DenseLayer(), TargetInfo(), 3) == DenseLayer()


def test_a_target_of_any_width_needs_units():
    with pytest.raises(LayerError, match=r"^num_units is missing$"):
        with_target_units(DenseLayer(), TargetInfo(lambda shape: None), [(None, 4)])


@pytest.mark.parametrize(
    ("then", "shape"),
    [
        ([GlobalPoolLayer()], (None, None)),
        ([DropoutLayer(), MaxPool2DLayer(pool_size=2)], (None, None, 2, 1)),
        ([MaxPool2DLayer(pool_size=(4, 3)), FlattenLayer()], (None, None)),
    ],
)
def test_later_layers_may_keep_the_units(then, shape):
    asked = []

    def units(shape):
        asked.append(shape)
        return 7

    layer = Conv2DLayer(filter_size=3)
    assert with_target_units(layer, TargetInfo(units), [(None, 2, 6, 5)], then).num_filters == 7
    assert asked == [shape]


def test_later_layers_that_change_the_units():
    info = TargetInfo(lambda shape: 7)
    layer, given = Conv2DLayer(filter_size=3), [(None, 2, 6, 5)]
    with pytest.raises(LayerError, match=r"^num_filters is missing$"):
        with_target_units(layer, info, given, [FlattenLayer()])
    # the later layer reports what does not fit it
    assert with_target_units(layer, info, given, [MaxPool2DLayer(pool_size=9)]).num_filters == 1

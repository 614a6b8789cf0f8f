import pytest

from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    FlattenLayer,
    InputLayer,
    MaxPool2DLayer,
)
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.network.summary import has_windows, summary_lines


def built(*layers):
    return build_network(read_layers(list(layers)), {})


def conv(filters, size, **fields):
    return Conv2DLayer(num_filters=filters, filter_size=size, **fields)


def sights(network):
    return {line.name: (line.filter, line.field) for line in summary_lines(network)}


@pytest.fixture
def tutorial():
    return built(
        ("input", InputLayer((None, 1, 28, 28))),
        ("conv1", conv(32, 3)),
        ("pool1", MaxPool2DLayer(pool_size=2)),
        ("conv2", conv(64, 2)),
        ("pool2", MaxPool2DLayer(pool_size=2)),
        ("hidden", DenseLayer(num_units=500)),
        ("output", DenseLayer(num_units=10)),
    )


def test_the_tutorial_network(tutorial):
    whole = ((28, 28), (28, 28))
    expected = [
        ("input", "InputLayer", "1x28x28", 784, 0, *whole),
        ("conv1", "Conv2DLayer", "32x26x26", 21632, 320, (3, 3), (3, 3)),
        ("pool1", "MaxPool2DLayer", "32x13x13", 5408, 0, (3, 3), (3, 3)),
        ("conv2", "Conv2DLayer", "64x12x12", 9216, 8256, (4, 4), (5, 5)),
        ("pool2", "MaxPool2DLayer", "64x6x6", 2304, 0, (4, 4), (5, 5)),
        ("hidden", "DenseLayer", "500", 500, 1152500, *whole),
        ("output", "DenseLayer", "10", 10, 5010, *whole),
    ]
    table = summary_lines(tutorial)
    assert [tuple(line) for line in table] == expected
    assert sum(line.learnable for line in table) == 1_166_086


def test_capacity_and_coverage(tutorial):
    table = {line.name: line for line in summary_lines(tutorial)}
    assert table["conv2"].capacity() == (80, 80)
    assert table["conv2"].coverage((28, 28)) == pytest.approx((500 / 28, 500 / 28))
    for name in ("input", "hidden", "output"):
        assert table[name].capacity() == table[name].coverage((28, 28)) == (100, 100)


def test_height_and_width_are_told_apart():
    network = built(
        ("input", InputLayer((None, 1, 20, 30))),
        ("a", conv(2, (3, 5), stride=(1, 2))),
        ("b", conv(2, (2, 3), dilation=(3, 1))),
        ("pool", MaxPool2DLayer(pool_size=(1, 3))),
        ("c", conv(2, (1, 2))),
    )
    assert sights(network) == {
        "input": ((20, 30), (20, 30)),
        "a": ((3, 5), (3, 5)),
        "b": ((4, 6), (6, 9)),
        "pool": ((4, 6), (6, 9)),
        "c": ((1, 12), (6, 15)),
    }


def test_layers_that_keep_positions_keep_the_sight():
    network = built(
        ("input", InputLayer((None, 1, 20, 20))),
        ("norm", BatchNormLayer()),
        ("a", conv(2, 3)),
        ("norm2", BatchNormLayer(axes=(0, 2, 3))),
        ("drop", DropoutLayer()),
        ("b", conv(2, 3)),
    )
    found = sights(network)
    assert found["norm2"] == found["drop"] == found["a"] == ((3, 3), (3, 3))
    assert found["b"] == ((3, 3), (5, 5))


def test_branches_join_with_the_larger_field():
    network = built(
        ("input", InputLayer((None, 1, 20, 20))),
        ("a", conv(2, 3, pad="same", incoming="input")),
        ("b", conv(2, 5, pad="same", incoming="input")),
        ("both", ConcatLayer(incomings=["a", "b"])),
        ("c", conv(2, 3)),
    )
    found = sights(network)
    assert found["both"] == ((5, 5), (5, 5))
    assert found["c"] == ((3, 3), (7, 7))


def test_the_image_is_lost_for_good():
    network = built(
        ("input", InputLayer((None, 1, 8, 8))), ("flat", FlattenLayer()), ("drop", DropoutLayer())
    )
    assert sights(network)["flat"] == sights(network)["drop"] == ((8, 8), (8, 8))


def test_an_image_beside_other_data():
    network = built(
        ("rows", InputLayer((None, 3))),
        ("image", InputLayer((None, 1, 8, 8))),
        ("conv", conv(2, 3)),
        ("flat", FlattenLayer()),
        ("both", ConcatLayer(incomings=["rows", "flat"])),
    )
    whole = ((8, 8), (8, 8))
    assert sights(network) == {
        **dict.fromkeys(["rows", "image", "flat", "both"], whole),
        "conv": ((3, 3), (3, 3)),
    }


def test_shared_parameters_count_once_and_state_never():
    network = built(
        ("input", InputLayer((None, 4))),
        ("a", DenseLayer(num_units=4)),
        ("norm", BatchNormLayer()),
        ("b", DenseLayer(num_units=4, W="a")),
    )
    assert [line.learnable for line in summary_lines(network)] == [0, 20, 8, 4]


def test_rows_have_no_image():
    network = built(("input", InputLayer((None, 4))), ("fc", DenseLayer(num_units=2)))
    assert {line.field for line in summary_lines(network)} == {()}


def test_windows(tutorial):
    assert has_windows(tutorial)
    assert not has_windows(built(("input", InputLayer((None, 4)))))

import copy
from types import SimpleNamespace

import pytest

from skconv.handlers import PrintLayerInfo
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    DenseLayer,
    DimshuffleLayer,
    DropoutLayer,
    EmbeddingLayer,
    FlattenLayer,
    GlobalPoolLayer,
    InputLayer,
    LSTMLayer,
    MaxPool1DLayer,
    MaxPool2DLayer,
    ReshapeLayer,
    SliceLayer,
)
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.network.summary import has_windows, summary_lines
from skconv.visualize.html import net_view


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
    assert [line[:-1] for line in table] == expected
    assert {line.image for line in table} == {(28, 28)}
    assert sum(line.learnable for line in table) == 1_166_086


def test_capacity_and_coverage(tutorial):
    table = {line.name: line for line in summary_lines(tutorial)}
    assert table["conv2"].capacity() == (80, 80)
    assert table["conv2"].coverage() == pytest.approx((500 / 28, 500 / 28))
    for name in ("input", "hidden", "output"):
        assert table[name].capacity() == table[name].coverage() == (100, 100)


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


WORDS = (None, 12)
EMBED = EmbeddingLayer(input_size=9, output_size=8)
conv1 = Conv1DLayer(num_filters=2, filter_size=3)
volume = Conv3DLayer(num_filters=2, filter_size=3)
pool1 = MaxPool1DLayer(pool_size=2)


@pytest.mark.parametrize(
    ("shape", "layers", "image", "field"),
    [
        (WORDS, [EMBED, conv1, conv1], (8,), (5,)),
        (WORDS, [EMBED, DimshuffleLayer(pattern=(0, 2, 1)), conv1, pool1, conv1], (12,), (7,)),
        (WORDS, [DimshuffleLayer(pattern=(0, "x", 1)), conv1], (12,), (3,)),
        ((None, 3, 12), [EMBED, conv(2, 3), conv(2, 3)], (12, 8), (5, 5)),
        ((None, 3, 12), [conv1, conv1], (12,), (5,)),
        ((None, 3, 8, 8), [SliceLayer(indices=0, axis=3), conv1, conv1], (8,), (5,)),
        ((None, 3, 8, 8), [conv(2, 3), FlattenLayer(outdim=3), conv1], (36,), (3,)),
        ((None, 3, 4, 8), [LSTMLayer(num_units=7), pool1, conv1], (7,), (5,)),
        (
            (None, 3, 8, 8),
            [DenseLayer(num_units=64), ReshapeLayer(shape=([0], 2, 32)), conv1],
            (32,),
            (3,),
        ),
        (
            (None, 3, 8, 8),
            [DenseLayer(num_units=64), ReshapeLayer(shape=([0], 1, 8, 8)), conv(2, 3)],
            (8, 8),
            (8, 8),
        ),
        ((None, 2, 8, 8, 8), [volume, volume], (8, 8, 8), (5, 5, 5)),
        ((None, 2, 8, 8, 8), [volume, GlobalPoolLayer()], (8, 8, 8), (8, 8, 8)),
    ],
)
def test_positions_of_another_number_of_axes_are_an_image_of_their_own(shape, layers, image, field):
    named = [(f"layer{i}", copy.copy(layer)) for i, layer in enumerate(layers)]
    network = built(("input", InputLayer(shape)), *named)
    last = summary_lines(network)[-1]
    assert (last.image, last.field) == (image, field)
    assert last.coverage() == tuple(100 * f / n for f, n in zip(field, image, strict=True))
    assert net_view(network, []).count("<tr>") == len(network.nodes) + 1
    for verbose in (1, 2, 3):
        table = PrintLayerInfo().table(SimpleNamespace(network_=network, verbose=verbose))
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1

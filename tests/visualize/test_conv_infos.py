import re

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.layers import (
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    GlobalPoolLayer,
    InputLayer,
    MaxPool2DLayer,
)
from skconv.visualize import conv_infos, get_conv_infos, get_real_filter, get_receptive_field

LAYERS = [
    ("input", InputLayer((None, 1, 28, 20))),
    ("conv1", Conv2DLayer(None, 4, (5, 3))),
    ("conv2", Conv2DLayer(None, 4, 3, stride=2, pad="same")),
    ("pool", MaxPool2DLayer(None, (2, 1))),
    ("conv3", Conv2DLayer(None, 4, 3, pad="same")),
    ("drop", DropoutLayer()),
    ("conv4", Conv2DLayer(None, 4, 1)),
    ("output", DenseLayer(None, 3)),
]
FILTERS = [(28, 20), (5, 3), (3, 3), (3, 3), (6, 3), (28, 20), (28, 20), (28, 20)]
FIELDS = [(28, 20), (5, 3), (7, 5), (7, 5), (11, 7), (28, 20), (28, 20), (28, 20)]
"""By hand, after nolearn's rules: strides do not count, and dropout ends the convolutions."""


@pytest.fixture(scope="module")
def net():
    return NeuralNet(LAYERS, verbose=0).initialize()


@pytest.mark.parametrize("fitted", [False, True])
def test_filters_and_fields_are_those_of_nolearn(net, fitted):
    layers = list(net.layers_.values()) if fitted else [layer for _, layer in LAYERS]
    np.testing.assert_array_equal(get_real_filter(layers, (28, 20)), FILTERS)
    np.testing.assert_array_equal(get_receptive_field(layers, (28, 20)), FIELDS)


def test_pooling_before_any_convolution():
    layers = [InputLayer((None, 1, 8, 8)), MaxPool2DLayer(None, 2), Conv2DLayer(None, 1, 3)]
    np.testing.assert_array_equal(get_real_filter(layers, (8, 8)), [(8, 8), (0, 0), (6, 6)])
    np.testing.assert_array_equal(get_receptive_field(layers, (8, 8)), [(8, 8), (0, 0), (3, 3)])


@pytest.mark.parametrize("detailed", [False, True])
def test_the_table_has_a_row_for_each_layer(net, detailed):
    header, rule, *rows = get_conv_infos(net, min_capacity=50, detailed=detailed).split("\n")
    columns = "name size total cap.Y cap.X cov.Y cov.X"
    columns += " filter Y filter X field Y field X" * detailed
    assert header.split() == columns.split()
    assert set(rule) == {"-", " "}
    names = [re.sub(r"\x1b\[\d+m", "", row).split()[0] for row in rows]
    assert names == [name for name, _ in LAYERS]
    cells = rows[1].split()
    expected = ["conv1", "4x24x18", "1728", "100.00", "100.00", "17.86", "15.00"]
    assert cells == expected + ["5", "3", "5", "3"] * detailed
    assert rows[2].startswith(conv_infos.ansi.MAGENTA + "conv2" + conv_infos.ansi.ENDC)
    assert rows[1].startswith("conv1")


def test_layers_that_see_beyond_the_image_are_colored():
    layers = [InputLayer((None, 1, 4, 4)), *(Conv2DLayer(None, 1, 3, pad=1) for _ in range(3))]
    rows = get_conv_infos(NeuralNet(layers, verbose=0).initialize()).split("\n")
    assert rows[4].startswith(conv_infos.ansi.CYAN)
    rows = get_conv_infos(NeuralNet(layers, verbose=0).initialize(), 70.0).split("\n")
    assert rows[4].startswith(conv_infos.ansi.RED)


def test_free_sizes_are_those_of_the_last_fit():
    layers = [InputLayer((None, 1, None, None)), Conv2DLayer(None, 2, 3), GlobalPoolLayer()]
    net = NeuralNet([*layers, DenseLayer(None, 2)], max_epochs=1, train_split=None, verbose=0)
    net.fit(np.zeros((4, 1, 6, 5), np.float32), [0, 1, 0, 1])
    rows = get_conv_infos(net).split("\n")
    assert rows[3].split() == ["conv2d1", "2x4x3", "24", "100.00", "100.00", "50.00", "60.00"]


def test_other_inputs_are_refused():
    net = NeuralNet([InputLayer((None, 3)), DenseLayer(None, 2)], verbose=0).initialize()
    with pytest.raises(ValueError, match=r"shape \(None, channels, height, width\), got \(None, 3"):
        get_conv_infos(net)


@pytest.mark.parametrize("index", range(len(LAYERS)))
def test_kinds_of_layers(index):
    layer = LAYERS[index][1]
    for asked, cls in (
        (conv_infos.is_conv2d, Conv2DLayer),
        (conv_infos.is_maxpool2d, MaxPool2DLayer),
    ):
        assert asked(layer) == asked([layer, LAYERS[0][1]]) == isinstance(layer, cls)

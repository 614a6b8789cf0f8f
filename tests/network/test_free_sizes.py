import pytest

from skconv.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    GlobalPoolLayer,
    InputLayer,
    MaxPool2DLayer,
)
from skconv.network.builder import build_network
from skconv.network.free_sizes import FreeSizesHint, network_for, open_shapes
from skconv.network.layer_list import read_layers
from skconv.network.summary import summary_lines

FREE = (None, 1, None, None)

LAYERS = [
    InputLayer(FREE, name="input"),
    Conv2DLayer(num_filters=4, filter_size=3, name="conv"),
    BatchNormLayer(name="norm"),
    MaxPool2DLayer(pool_size=2, name="pool"),
    GlobalPoolLayer(name="global"),
    DenseLayer(num_units=3, name="output"),
]


def build(layers=LAYERS, row=(1, 16, 12), **keywords):
    return build_network(read_layers(layers), keywords, input_shapes={None: row})


def test_sizes_are_those_of_the_rows():
    network = build()
    assert network.free == {"input": FREE}
    assert network.node("input").layer.shape == (None, 1, 16, 12)
    assert network.node("pool").output_shape == (None, 4, 7, 5)


def test_the_network_for_rows_of_another_size_has_the_same_parameters_and_key():
    network = build()
    other = network_for(network, {None: (1, 24, 20)})
    assert other.node("pool").output_shape == (None, 4, 11, 9)
    assert other.parameter_shapes() == network.parameter_shapes()
    assert other.key == network.key
    assert network_for(network, {"input": (1, 16, 12)}) is network


def test_known_sizes_stay_in_the_key():
    layers = [InputLayer(name="input"), *LAYERS[1:]]
    assert build(layers).key != build(layers, (1, 24, 20)).key
    assert not build(layers).free


def test_sizes_that_parameters_depend_on_stay_in_the_key():
    layers = [*LAYERS[:4], LAYERS[-1]]
    assert build(layers).key != build(layers, (1, 24, 20)).key


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((2, 16, 16), r"^X must have shape \(n, 1, any, any\) .* got \(n, 2, 16, 16\)$"),
        ((16, 16, 1), r"got \(n, 16, 16, 1\); images are channels first: X.transpose"),
        ((24, 20), r"got \(n, 24, 20\); give a single sample as X\[None\], and images a channel"),
        ((1, 2, 9), r"^X must have rows of a size that all layers take, got \(n, 1, 2, 9\): layer"),
        ((480,), r"got \(n, 480\)$"),
    ],
)
def test_rows_that_do_not_fit(row, message):
    with pytest.raises(ValueError, match=message):
        network_for(build(), {None: row})


@pytest.mark.parametrize("row", [(2, 16, 16), (24, 20)])
def test_rows_that_do_not_fit_when_the_network_is_built(row):
    with pytest.raises(ValueError, match=r"X must have shape \(n, 1, any, any\)"):
        build(row=row)


def test_each_layer_whose_parameters_depend_on_the_size_is_named():
    hidden = DenseLayer(num_units=5, name="hidden")
    network = build([*LAYERS[:4], hidden, BatchNormLayer(axes=0, name="flat"), LAYERS[-1]])
    with pytest.raises(
        ValueError,
        match=r"^X must have shape \(n, 1, 16, 12\), got \(n, 1, 24, 20\), because layer 'hidden' "
        r"\(DenseLayer\) has W of shape \(140, 5\), but would need \(396, 5\); put a layer before "
        r"it that pools any size to one, such as GlobalPoolLayer",
    ):
        network_for(network, {None: (1, 24, 20)})


def test_free_sizes_must_be_known_without_data():
    with pytest.raises(ValueError, match=r"call fit, .* as in input_shape=\(None, 1, 32, 32\)$"):
        build_network(read_layers(LAYERS), {})


def test_shapes_show_what_follows_the_free_sizes():
    network = build()
    shapes = open_shapes(network)
    assert shapes["conv"] == (None, 4, None, None)
    assert shapes["global"] == (None, 4)
    assert [line.size for line in summary_lines(network)][:3] == [
        "1xNonexNone",
        "4xNonexNone",
        "4xNonexNone",
    ]
    fixed = build([*LAYERS[:4], LAYERS[-1]])
    assert open_shapes(fixed)["pool"] == (None, 4, 7, 5)


def test_a_net_that_could_take_any_size_is_told_so():
    network = build([InputLayer(name="input"), *LAYERS[1:]])
    with (
        pytest.raises(ValueError, match=r"^no; set input_shape=\(None, 1, None, 12\) for a net"),
        FreeSizesHint(network, lambda: {None: (1, 24, 12)}),
    ):
        raise ValueError("no")
    for row in ((1, 16, 12), (2, 2, 2), (5,)):
        with (
            pytest.raises(ValueError, match=r"^no$"),
            FreeSizesHint(network, lambda row=row: {None: row}),
        ):
            raise ValueError("no")

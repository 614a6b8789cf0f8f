import pytest

from skconv.models.default import default
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.network.target_info import TargetInfo


def network(shape, sizes=(100,)):
    keywords = default(shape, sizes)
    specs = read_layers(keywords.pop("layers"))
    given = {spec.name: {} for spec in specs}
    for keyword, value in keywords.items():
        layer, _, field = keyword.partition("_")
        given[layer][field] = value
    return build_network(
        specs, given, input_shapes={None: shape}, tasks=[TargetInfo(lambda shape: 3)]
    )


@pytest.mark.parametrize("shape", [(1,), (4,), (7, 5), (1, 7, 20), (1, 20, 7), (1, 8, 8, 8)])
def test_rows_go_to_one_hidden_layer(shape):
    nodes = network(shape).nodes
    assert [node.name for node in nodes] == ["input", "norm", "hidden", "dropout", "output"]
    assert [node.output_shape for node in nodes[2:]] == [(None, 100), (None, 100), (None, 3)]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 30)])
def test_images_pass_two_convolutions(shape):
    shapes = {node.name: node.output_shape[1:] for node in network(shape).nodes}
    height, width = shape[1:]
    assert shapes == {
        "input": shape,
        "norm": shape,
        "conv1": (32, height, width),
        "pool1": (32, height // 2, width // 2),
        "conv2": (64, height // 2, width // 2),
        "pool2": (64, height // 4, width // 4),
        "dropout": (64, height // 4, width // 4),
        "hidden": (100,),
        "output": (3,),
    }


@pytest.mark.parametrize(
    ("sizes", "units"),
    [
        ((50, 20), {"hidden1": 50, "hidden2": 20}),
        ([7], {"hidden": 7}),
        (7, {"hidden": 7}),
        ((), {}),
    ],
)
@pytest.mark.parametrize("shape", [(4,), (1, 8, 8)])
def test_hidden_layers_have_the_sizes(shape, sizes, units):
    nodes = network(shape, sizes).nodes
    found = {node.name: node.output_shape[1] for node in nodes if node.name.startswith("hidden")}
    assert found == units


def test_the_input_is_standardized_without_parameters():
    places = network((4,)).parameter_shapes()
    norm = {name: shape for (layer, name), shape in places.items() if layer == "norm"}
    assert norm == {"mean": (4,), "std": (4,)}

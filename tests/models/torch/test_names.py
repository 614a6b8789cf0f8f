import pytest

from skconv.models.torch.names import FAMILIES, likely_family, match_names


def test_names_of_the_layers_themselves():
    names = match_names(["hidden", "block.conv"], [], ["hidden", "block_conv", "output"])
    assert names.family == ""
    assert names.layers == {"hidden": "hidden", "block.conv": "block_conv"}


def test_the_variant_with_the_most_names_in_the_network():
    paths = ["features.0", "features.3", "features.6", "features.8", "features.11"]
    layers = ["conv1_1", "conv2_1", "conv3_1", "conv3_2", "conv4_1"]
    assert match_names(paths, [], layers).layers == dict(zip(paths, layers, strict=True))
    layers = ["conv1", "conv2", "conv3", "conv4", "conv5"]
    assert match_names(paths, [], layers).family == "alexnet"


def test_tensors_without_module(monkeypatch):
    def names(module):
        return {"pos_embed": "positions.W", "head": "output"}.get(module)

    monkeypatch.setitem(FAMILIES, "own", (names,))
    found = match_names(["", "head"], ["pos_embed", "head.weight"], ["positions", "output"])
    assert found.layers == {"pos_embed": "positions.W", "head": "output"}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["conv1", "bn1", "layer1.0.conv1", "layer4.2.bn3", "fc"], "resnet"),
        (["features.0", "classifier.1", "classifier.4", "classifier.6"], "alexnet"),
        (["0", "2", "4"], None),
        ([], None),
    ],
)
def test_likely_families(paths, expected):
    assert likely_family(paths) == expected

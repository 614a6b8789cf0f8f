import re

import pytest

from skconv.models import densenet
from skconv.models.densenet import torch_layer

# torchvision's numbers
PUBLISHED = {121: 7_978_856, 161: 28_681_000, 169: 14_149_480, 201: 20_013_928}


@pytest.mark.parametrize("depth", PUBLISHED)
def test_parameters(size, depth):
    assert size(densenet(depth)) == PUBLISHED[depth]


def test_layers_with_weights(built):
    assert sum("W" in node.specs for node in built(densenet(169)).nodes) == 169


def test_the_network_for_small_images(size, shapes, built):
    """The paper's second table: 0.8 million for a depth of 100 and a growth rate of 12."""
    made = densenet(input_shape=(3, 32, 32), num_classes=10, blocks=[16] * 3, growth=12, small=True)
    assert round(size(made) / 1e6, 1) == 0.8
    assert sum("W" in node.specs for node in built(made).nodes) == 100
    assert shapes(made, ["conv1", "pool2", "pool3", "concat4_16", "output"]) == [
        *((24, 32, 32), (108, 16, 16), (150, 8, 8), (342, 8, 8), (10,)),
    ]


def test_shapes_are_those_of_the_paper(shapes):
    names = ["conv1", "pool1", "concat2_6", "pool2", "concat3_12", "pool3", "concat4_24", "pool4"]
    assert shapes(densenet(121), [*names, "concat5_16", "rectify5", "pool", "output"]) == [
        *((64, 112, 112), (64, 56, 56), (256, 56, 56), (128, 28, 28), (512, 28, 28)),
        *((256, 14, 14), (1024, 14, 14), (512, 7, 7), (1024, 7, 7), (1024, 7, 7)),
        *((1024,), (1000,)),
    ]


def test_outputs_are_those_of_torch(same_as_torch):
    from torchvision.models import DenseNet

    theirs = DenseNet(growth_rate=5, block_config=(2, 1, 1, 1), num_init_features=10, num_classes=3)
    made = densenet(121, (3, 36, 40), 3, blocks=(2, 1, 1, 1), growth=5)
    same_as_torch(made, theirs)


@pytest.mark.parametrize(
    ("name", "depth"), [("torchvision:densenet161", 161), ("timm:densenet121", 121)]
)
def test_every_weight_of_torch_has_its_place(fits_torch, name, depth):
    fits_torch(densenet(depth), name)


@pytest.mark.parametrize(
    ("module", "layer"),
    [
        ("features.denseblock4.denselayer16.norm.2", "norm5_16b"),
        ("features.denseblock4.denselayer16.conv.1", "conv5_16a"),
        ("features.transition3.conv", "conv4"),
        ("features.transition3.pool", None),
        ("layer1.0.conv1", None),
        ("features.0", None),
    ],
)
def test_layers_by_names_of_modules(module, layer):
    """Published files of torchvision have a dot before the number."""
    assert torch_layer(module) == layer


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depth": 120}, "depth must be one of 121, 161, 169, 201, got 120"),
        ({"blocks": ()}, "blocks must be a sequence of positive integers, got ()"),
        ({"blocks": 6}, "blocks must be a sequence of positive integers, got 6"),
        ({"blocks": [6, 0]}, "blocks must be a sequence of positive integers, got [6, 0]"),
        ({"growth": 1.5}, "growth must be a positive integer, got 1.5"),
    ],
)
def test_invalid_arguments(fields, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        densenet(**fields)

import re

import pytest
import torch
import torchvision

from skconv.models.architectures import ARCHITECTURES, architecture

# of torchvision 0.29 and timm 1.0
PARAMETERS = {
    "alexnet": 61_100_840,
    "resnet50": 25_557_032,
    "vgg16": 138_357_544,
    "densenet121": 7_978_856,
    "efficientnet_b0": 5_288_548,
    "efficientnet_lite0": 4_652_008,
    "mobilenetv2_100": 3_504_872,
    "mobilenetv2_050": 1_968_680,
    "squeezenet1_1": 1_235_496,
    "convnext_tiny": 28_589_128,
    "vit_base_patch16_224": 86_567_656,
    "deit_tiny_patch16_224": 5_717_416,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_numbers_of_parameters(name, size):
    assert size(architecture(name)) == PARAMETERS[name]
    if hasattr(torchvision.models, name):
        with torch.device("meta"):
            module = getattr(torchvision.models, name)()
        assert sum(tensor.numel() for tensor in module.parameters()) == PARAMETERS[name]


def test_all_names_are_networks():
    for name in ARCHITECTURES:
        assert architecture(name, num_classes=3)["layers"]


@pytest.mark.parametrize(
    ("name", "hint"), [("resnet19", " Did you mean 'resnet18'?"), ("swin", "")]
)
def test_unknown_names(name, hint):
    message = f"architecture must be one that skconv.models has, got {name!r}.{hint} Known: those"
    with pytest.raises(ValueError, match=re.escape(message)):
        architecture(name)

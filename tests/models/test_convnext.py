import re

import pytest

from skconv.layers import StochasticDepthLayer
from skconv.models import convnext
from skconv.models.convnext import torch_layer

# torchvision's numbers; the paper says 29, 50, 89 and 198 million
PUBLISHED = {"T": 28_589_128, "S": 50_223_688, "B": 88_591_464, "L": 197_767_336}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_parameters(size, kind):
    assert size(convnext(kind)) == PUBLISHED[kind]


def test_shapes_are_those_of_the_paper(shapes):
    names = ["conv1", "sum2_3", "sum3_3", "sum4_9", "sum5_3", "pool", "norm6", "output"]
    assert shapes(convnext("T"), names) == [
        *((96, 56, 56), (96, 56, 56), (192, 28, 28), (384, 14, 14), (768, 7, 7), (768,), (768,)),
        (1000,),
    ]
    small = convnext("T", (1, 16, 24), 3, depths=(1, 2), width=1 / 8)
    assert shapes(small, ["sum2_1", "sum3_2", "norm4"]) == [(12, 4, 6), (24, 2, 3), (24,)]


def test_outputs_are_those_of_torch(same_as_torch):
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    stages = [CNBlockConfig(12 * 2**i, 24 * 2**i if i < 3 else None, 1 + i % 2) for i in range(4)]
    made = convnext("T", (3, 36, 40), 5, depths=(1, 2, 1, 2), width=1 / 8)
    theirs = ConvNeXt(stages, num_classes=5)

    same_as_torch(made, theirs)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("torchvision:convnext_small", "S"), ("timm:convnext_tiny", "T"), ("timm:convnext_base", "B")],
)
def test_every_weight_of_torch_has_its_place(fits_torch, name, kind):
    fits_torch(convnext(kind), name)


def test_blocks_are_left_out_as_often_as_in_torch(built):
    torch = pytest.importorskip("torch")
    from torchvision.models import convnext_tiny

    with torch.device("meta"):
        stages = convnext_tiny().features[1::2]
    expected = [block.stochastic_depth.p for blocks in stages for block in blocks][1:]
    nodes = built(convnext("T")).nodes
    depths = [n.layer.p for n in nodes if isinstance(n.layer, StochasticDepthLayer)]
    assert depths == pytest.approx(expected)
    without = built(convnext("T", stochastic_depth=0.0)).nodes
    assert not any(isinstance(n.layer, StochasticDepthLayer) for n in without)


@pytest.mark.parametrize(
    "module", ["features.1", "features.1.0.block.7", "stages.0.blocks.0", "head", "layer1.0.conv1"]
)
def test_modules_of_no_layer(module):
    assert torch_layer(module) is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"size": "XL"}, "size must be 'T', 'S', 'B' or 'L', got 'XL'"),
        ({"depths": 3}, "depths must be a sequence of positive integers, got 3"),
        ({"depths": (3, 0)}, "depths must be a sequence of positive integers, got (3, 0)"),
        ({"stochastic_depth": 1.0}, "stochastic_depth must be a number >= 0.0 and < 1.0, got 1.0"),
    ],
)
def test_invalid_arguments(fields, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        convnext(**fields)

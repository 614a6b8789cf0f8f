import re

import numpy as np
import pytest

from skconv.models import vit
from skconv.models.vit import resampled_positions, torch_layer

# torchvision's numbers, and timm's for Ti and S
PUBLISHED = {
    "Ti/16": 5_717_416,
    "S/16": 22_050_664,
    "S/32": 22_878_952,
    "B/16": 86_567_656,
    "B/32": 88_224_232,
    "L/16": 304_326_632,
    "H/14": 632_045_800,
}


@pytest.mark.parametrize("variant", PUBLISHED)
def test_parameters(size, variant):
    assert size(vit(variant)) == PUBLISHED[variant]


def test_shapes(shapes):
    names = ["patches", "sequence", "token", "attention12", "mlp12a", "sum12b", "first", "output"]
    assert shapes(vit("B/16"), names) == [
        *((768, 14, 14), (196, 768), (197, 768), (197, 768), (197, 3072), (197, 768), (768,)),
        (1000,),
    ]
    small = vit("S/4", (1, 8, 12), 3, depth=1, width=1 / 16)
    assert shapes(small, ["token", "sum1b", "norm", "output"]) == [(7, 24), (7, 24), (24,), (3,)]


def test_outputs_are_those_of_torch(same_as_torch):
    from torchvision.models import VisionTransformer

    theirs = VisionTransformer(16, 4, 2, 6, 24, 96, num_classes=5)
    same_as_torch(vit("S/4", (3, 16, 16), 5, depth=2, width=1 / 16), theirs)


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("torchvision:vit_b_32", "B/32"),
        ("torchvision:vit_l_16", "L/16"),
        ("timm:vit_tiny_patch16_224", "Ti/16"),
        ("timm:vit_small_patch32_224", "S/32"),
    ],
)
def test_every_weight_of_torch_has_its_place(fits_torch, name, variant):
    fits_torch(vit(variant), name)


@pytest.mark.parametrize(
    ("module", "layer"),
    [
        ("encoder.layers.encoder_layer_3.mlp.linear_2", "mlp4b"),  # in files of torchvision
        ("blocks.3", None),
        ("blocks.3.ls1", None),
        ("layer1.0.conv1", None),
    ],
)
def test_layers_by_names_of_modules(module, layer):
    assert torch_layer(module) == layer


def test_dropout_follows_positions_and_dense_layers(built):
    """As in the paper: "after every dense layer except for the the qkv-projections"."""
    names = [node.name for node in built(vit("S/16", depth=1, dropout=0.1)).nodes]
    after = [names[i - 1] for i, name in enumerate(names) if name.startswith("dropout")]
    assert after == ["position", "attention1", "mlp1a", "mlp1b"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"variant": "M/16"},
            "variant must be 'Ti', 'S', 'B', 'L' or 'H' with the size of the patches, as in "
            "'B/16', got 'M/16'",
        ),
        ({"variant": "B"}, "as in 'B/16', got 'B'"),
        ({"variant": "B/0"}, "as in 'B/16', got 'B/0'"),
        ({"depth": 0}, "depth must be a positive integer, got 0"),
        ({"dropout": 1}, "dropout must be a number >= 0.0 and < 1.0, got 1"),
        (
            {"input_shape": (3, 224, 200)},
            "input_shape must have a height and a width that are multiples of 16, the size of the "
            "patches, got (3, 224, 200)",
        ),
    ],
)
def test_invalid_arguments(fields, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        vit(**fields)


@pytest.mark.parametrize("size", [(32, 32), (48, 32), (16, 16)])
def test_positions_are_interpolated_as_in_timm(size):
    torch = pytest.importorskip("torch")
    resample = pytest.importorskip("timm.layers").resample_abs_pos_embed
    given = np.random.default_rng(0).normal(size=(17, 3)).astype(np.float32)
    network = vit("Ti/8", (3, *size), 5)
    made = {"position.b": given} | resampled_positions({"position.b": given}, network)
    expected = resample(torch.tensor(given)[None], [n // 8 for n in size])[0]
    np.testing.assert_allclose(made["position.b"], expected, atol=1e-6)


def test_other_networks_have_no_positions():
    assert resampled_positions({"conv1.W": np.ones(3)}, {"input_shape": (None, 3, 8, 8)}) == {}

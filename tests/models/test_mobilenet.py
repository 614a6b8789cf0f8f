import pytest

from skconv.models import mobilenet_v2

# torchvision's number, and timm's; the paper says 3.4, 2.61, 1.95 and 1.66 million, and 6.9 for
# the width of 1.4 with other rounding.
PUBLISHED = {1.0: 3_504_872, 0.5: 1_968_680}


@pytest.mark.parametrize("width", PUBLISHED)
def test_parameters(size, width):
    assert size(mobilenet_v2(width=width)) == PUBLISHED[width]


def test_shapes_are_those_of_the_paper(shapes):
    ends = ["norm2_1c", "sum3_2", "sum4_3", "sum5_4", "sum6_3", "sum7_3", "norm8_1c"]
    assert shapes(mobilenet_v2(), ["conv1", *ends, "conv9", "pool", "output"]) == [
        *((32, 112, 112), (16, 112, 112), (24, 56, 56), (32, 28, 28), (64, 14, 14)),
        *((96, 14, 14), (160, 7, 7), (320, 7, 7), (1280, 7, 7), (1280,), (1000,)),
    ]
    small = mobilenet_v2((3, 32, 32), 10, small=True)
    assert shapes(small, ["norm2_1c", "sum3_2", "sum4_3", "conv9"]) == [
        *((16, 32, 32), (24, 32, 32), (32, 16, 16), (1280, 4, 4)),
    ]


def test_outputs_are_those_of_torch(same_as_torch):
    from torchvision.models import MobileNetV2

    theirs = MobileNetV2(num_classes=5, width_mult=0.25)
    same_as_torch(mobilenet_v2((3, 36, 32), 5, width=0.25), theirs)


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("torchvision:mobilenet_v2", 1.0),
        ("timm:mobilenetv2_035", 0.35),
        ("timm:mobilenetv2_140", 1.4),
    ],
)
def test_every_weight_of_torch_has_its_place(fits_torch, name, width):
    fits_torch(mobilenet_v2(width=width), name)


def test_what_comes_from_the_data_is_left_out():
    made = mobilenet_v2(None, None)
    assert "input_shape" not in made
    assert "output_num_units" not in made

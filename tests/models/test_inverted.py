import pytest

from skconv.models.base import Stack
from skconv.models.inverted import Blocks, divisible, torch_layers
from skconv.nonlinearities import relu6


@pytest.mark.parametrize(
    ("number", "filters"),
    [(1, 8), (11.9, 16), (24, 24), (26.6, 24), (26.7, 32), (18, 24), (8.9, 16), (1280 * 1.4, 1792)],
)
def test_filters_are_multiples_of_eight_and_not_much_fewer(number, filters):
    """TensorFlow's `make_divisible` with a divisor of 8."""
    assert divisible(number) == filters


def blocks(*, squeezes):
    made = Blocks(Stack((8, 8, 8)), relu6, {"epsilon": 1e-3, "alpha": 0.01}, "same_upper", squeezes)
    made.add("2_1", 8, 16, expansion=1, size=3, stride=2, p=0.1)
    made.add("3_1", 16, 16, expansion=6, size=5, stride=1, p=0.1)
    return made.stack


def test_layers_of_blocks():
    """Without expansion and sum, and with both."""
    stack = blocks(squeezes=True)
    kinds = ("conv", "norm", "activate")
    assert [name for name, layer in stack.layers] == [
        "input",
        *(f"{kind}2_1b" for kind in kinds),
        *("squeeze2_1", "conv2_1c", "norm2_1c"),
        *(f"{kind}3_1{letter}" for letter in "ab" for kind in kinds),
        *("squeeze3_1", "conv3_1c", "norm3_1c", "depth3_1", "sum3_1"),
    ]
    given = stack.keywords
    assert given["conv3_1a_num_filters"] == 6 * 16
    assert (given["squeeze2_1_num_hidden"], given["squeeze3_1_num_hidden"]) == (2, 4)
    assert given["sum3_1_incomings"] == ["depth3_1", "norm2_1c"]
    assert {given[f"norm{place}_epsilon"] for place in ("2_1b", "3_1a", "3_1c")} == {1e-3}
    assert {given[f"conv{place}_pad"] for place in ("2_1b", "3_1a", "3_1c")} == {"same_upper"}


@pytest.mark.parametrize(
    ("module", "layer"),
    [
        ("_blocks.0._depthwise_conv", "conv2_1b"),
        ("_blocks.0._bn2", "norm2_1c"),
        ("_blocks.1._expand_conv", "conv3_1a"),
        ("_blocks.1._bn0", "norm3_1a"),
        ("_blocks.1._se_reduce", "squeeze3_1"),
        ("_conv_stem", "conv1"),
        ("_bn1", "norm9"),
        ("_fc", "output"),
        # of no layer, or of none that is there
        ("_blocks.0._expand_conv", None),
        ("_blocks.0._bn0", None),
        ("_blocks.2._expand_conv", None),
        ("blocks.1.1.conv_pw", None),
        ("blocks.0.0.bn3", None),
        ("features.2.0.block.4.0", None),
        ("features.0.conv.1", None),
        ("layer1.0.conv1", None),
        ("blocks.1", None),
        ("", None),
    ],
)
def test_layers_by_names_of_other_packages(module, layer):
    """The package efficientnet_pytorch counts blocks without stages."""
    assert torch_layers((1, 1)).get(module) == layer


def test_blocks_without_squeeze():
    names = [name for name, _ in blocks(squeezes=False).layers]
    assert not any("squeeze" in name for name in names)

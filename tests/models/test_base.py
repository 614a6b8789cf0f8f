import re

import pytest

from skconv.init import HeNormal
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer
from skconv.models import efficientnet, mobilenet_v2, resnet, squeezenet, vit
from skconv.models.base import Stack


def test_layers_come_with_their_keywords():
    stack = Stack((1, 8, 8))
    assert stack.conv("conv", 4, 3, stride=2) == stack.last == "conv"
    stack.add("pool", MaxPool2DLayer, pool_size=2)
    stack.dense("hidden", 6)
    made = stack.end(3)
    assert made == {
        "layers": [
            ("input", InputLayer),
            ("conv", Conv2DLayer),
            ("pool", MaxPool2DLayer),
            ("hidden", DenseLayer),
            ("output", DenseLayer),
        ],
        "input_shape": (None, 1, 8, 8),
        "conv_num_filters": 4,
        "conv_filter_size": 3,
        "conv_pad": "same",
        "conv_W": HeNormal("relu"),
        "conv_stride": 2,
        "pool_pool_size": 2,
        "hidden_num_units": 6,
        "hidden_W": HeNormal("relu"),
        "output_num_units": 3,
    }


def test_what_comes_from_the_data_is_left_out():
    made = Stack(None).end(None)
    assert made == {"layers": [("input", InputLayer), ("output", DenseLayer)]}


@pytest.mark.parametrize(
    ("number", "width", "expected"),
    [(64, 1.0, 64), (3, 1, 3), (64, 0.3, 20), (96, 2, 192), (16, 1e-3, 2)],
)
def test_widths_scale_to_even_numbers(number, width, expected):
    assert Stack(None, width).scaled(number) == expected


@pytest.mark.parametrize("model", [mobilenet_v2, efficientnet, vit, resnet, squeezenet])
@pytest.mark.parametrize("width", [0, -1.0, float("nan"), "wide"])
def test_factors_are_positive_numbers(model, width):
    message = f"width must be a finite number > 0.0, got {width!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        model(width=width)
    if model is efficientnet:
        with pytest.raises(ValueError, match=re.escape(message.replace("width", "depth"))):
            model(depth=width)

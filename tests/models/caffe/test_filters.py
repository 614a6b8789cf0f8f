import pytest

from skconv.init import Constant, Normal
from skconv.layers import Conv1DLayer, Conv2DLayer, Conv3DLayer, DenseLayer, TransposedConv2DLayer


def conv(text):
    return f"convolution_param {{ {text} }}"


@pytest.mark.parametrize(
    ("shape", "cls"),
    [
        ((1, 4, 9), Conv1DLayer),
        ((1, 4, 9, 8), Conv2DLayer),
        ((1, 4, 9, 8, 7), Conv3DLayer),
    ],
)
def test_the_class_is_that_of_the_axes(layer, shape, cls):
    made = layer("Convolution", conv("num_output: 2 kernel_size: 3"), shape)
    assert made["layers"][-1] == ("x", cls)
    assert made["x_filter_size"] == 3
    assert made["x_nonlinearity"] is None


def test_fields_of_a_convolution(layer):
    text = "num_output: 6 kernel_h: 3 kernel_w: 1 stride: 2 pad: 1 dilation: 2 group: 2 "
    text += 'bias_term: false weight_filler { type: "gaussian" std: 0.02 }'
    made = layer("Convolution", conv(text))
    fields = {name: value for name, value in made.items() if name.startswith("x_")}
    assert fields == {
        "x_num_filters": 6,
        "x_filter_size": (3, 1),
        "x_stride": 2,
        "x_pad": 1,
        "x_dilation": 2,
        "x_num_groups": 2,
        "x_b": None,
        "x_W": Normal(0.02),
        "x_nonlinearity": None,
    }


def test_fields_of_a_deconvolution(layer):
    text = "num_output: 4 kernel_size: 4 stride: 2 pad: 1 group: 4 bias_term: false "
    made = layer("Deconvolution", conv(text + 'weight_filler { type: "bilinear" }'))
    assert made["layers"][-1] == ("x", TransposedConv2DLayer)
    assert (made["x_crop"], made["x_num_groups"]) == (1, 4)
    assert made["x_W"].shape == (4, 1, 4, 4)


def test_fields_of_an_inner_product(layer):
    text = "inner_product_param { num_output: 5 axis: -1 bias_filler { value: 1 } }"
    made = layer("InnerProduct", text)
    assert made["layers"][-1] == ("x", DenseLayer)
    assert (made["x_num_units"], made["x_num_leading_axes"]) == (5, 3)
    assert made["x_b"] == Constant(1.0)


@pytest.mark.parametrize(
    ("kind", "text", "shape", "message"),
    [
        ("Convolution", conv("num_output: 2"), (1, 3, 9, 9), "kernel_size must be given"),
        ("Convolution", conv("kernel_size: 2"), (1, 3, 9, 9), "num_output must be given, as"),
        ("InnerProduct", "", (1, 3, 9, 9), "num_output must be given, as a positive integer"),
        (
            "Convolution",
            conv("num_output: 2 kernel_size: 10"),
            (1, 3, 9, 9),
            r"filter_size must fit into input of shape \(None, 3, 9, 9\)",
        ),
        (
            "Convolution",
            conv("num_output: 2 kernel_size: 1 group: 2"),
            (1, 3, 9, 9),
            "num_groups must divide channels=3, got 2",
        ),
        (
            "Convolution",
            conv("num_output: 2 kernel_size: 1"),
            (1, 3),
            "must have 1 or 2 or 3 furth",
        ),
        (
            "Convolution",
            conv("num_output: 2 kernel_size: 1 axis: 2"),
            (1, 3, 9, 9),
            "axis must be 1 .* got axis 2",
        ),
        (
            "Deconvolution",
            conv("num_output: 2 kernel_size: 2 dilation: 2"),
            (1, 3, 9, 9),
            "dilation must be 1 for a deconvolution, got 2",
        ),
        (
            "InnerProduct",
            "inner_product_param { num_output: 2 axis: 0 }",
            (1, 3),
            "axis must not be 0, the batch",
        ),
    ],
)
def test_invalid_fields(layer, kind, text, shape, message):
    with pytest.raises(
        ValueError, match=rf"net.prototxt, line 2: layer 'x' \({kind}\): .*{message}"
    ):
        layer(kind, text, shape)

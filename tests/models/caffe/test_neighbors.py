import jax.numpy as jnp
import pytest

from skconv.layers import (
    GlobalPoolLayer,
    LocalResponseNormalization2DLayer,
    MaxPool2DLayer,
    Pool2DLayer,
)


def pool(text):
    return f"pooling_param {{ {text} }}"


def test_windows_may_be_incomplete_unless_sizes_are_rounded_down(layer):
    made = layer("Pooling", pool("kernel_size: 3 stride: 2 pad: 1"))
    assert made["layers"][-1] == ("x", MaxPool2DLayer)
    assert (made["x_pool_size"], made["x_stride"], made["x_pad"]) == (3, 2, 1)
    assert made["x_ignore_border"] is False
    made = layer("Pooling", pool("kernel_size: 3 pool: AVE round_mode: FLOOR"))
    assert made["layers"][-1] == ("x", Pool2DLayer)
    assert made["x_stride"] == 1
    assert "x_ignore_border" not in made


def test_averages_count_the_zeros_of_the_padding(layer):
    assert layer("Pooling", pool("kernel_size: 2 pool: AVE"))["x_mode"] == "average_exc_pad"
    assert layer("Pooling", pool("kernel_size: 2 pad: 1 pool: AVE"))["x_mode"] == "average_inc_pad"


def test_global_pooling_at_the_end_leaves_no_axes(layer):
    made = layer("Pooling", pool("global_pooling: true"))
    assert made["layers"][1:] == [("x", GlobalPoolLayer)]
    assert made["x_pool_function"] is jnp.max


def test_global_pooling_before_a_convolution_leaves_one_position(read):
    text = """
    input: "data" input_shape { dim: 1 dim: 3 dim: 5 dim: 5 }
    layer { name: "p" type: "Pooling" bottom: "data" top: "p"
            pooling_param { pool: AVE global_pooling: true } }
    layer { name: "c" type: "Convolution" bottom: "p" top: "c"
            convolution_param { num_output: 2 kernel_size: 1 } }"""
    made = read(text).network
    assert [name for name, _ in made["layers"]] == ["data", "p", "p_maps", "c", "c_flat"]
    assert made["p_maps_shape"] == ([0], [1], 1, 1)


def test_alpha_is_divided_by_the_number_of_neighbors(layer):
    made = layer("LRN", "lrn_param { local_size: 3 alpha: 3e-4 k: 2 }")
    assert made["layers"][-1] == ("x", LocalResponseNormalization2DLayer)
    assert made["x_alpha"] == pytest.approx(1e-4)
    assert (made["x_n"], made["x_beta"], made["x_k"]) == (3, 0.75, 2)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("Pooling", pool("kernel_size: 2 pool: STOCHASTIC"), "pool must be MAX or AVE"),
        ("Pooling", pool(""), "kernel_size must be given"),
        ("Pooling", pool("kernel_size: 2 pad: 2"), "pad must be smaller than pool_size=2, got 2"),
        (
            "Pooling",
            pool("kernel_size: 1 stride: 2"),
            "the last window must touch the image, .* starts after the last of 6 pixels",
        ),
        ("LRN", "lrn_param { local_size: 4 }", "local_size must be odd, got 4"),
    ],
)
def test_invalid_fields(layer, kind, text, message):
    with pytest.raises(ValueError, match=rf"layer 'x' \({kind}\): {message}"):
        layer(kind, text)


def test_pooling_needs_images(layer):
    with pytest.raises(ValueError, match=r"the input must be images, got shape \(None, 4\)"):
        layer("Pooling", pool("kernel_size: 1"), (2, 4))

"""Visualization and helpers."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skconv.visualize import (
    draw_to_file,
    draw_to_notebook,
    get_conv_infos,
    get_real_filter,
    get_receptive_field,
    occlusion_heatmap,
    plot_conv_activity,
    plot_conv_weights,
    plot_loss,
    plot_occlusion,
    plot_saliency,
    saliency_map,
)

from .nets import IMAGES
from .outcomes import differs, refused, same


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@differs("the same, with a mark at the best epoch; functions return the figure, not `pyplot`")
def test_loss(fitted):
    """`plot_loss(net)`"""
    axes = plot_loss(fitted).axes[0]
    losses = [row["train_loss"] for row in fitted.train_history_]
    assert any(np.array_equal(line.get_ydata(), losses) for line in axes.lines)


@differs("the same, but three channels are one picture in color")
def test_weights(image_net):
    """`plot_conv_weights(net.layers_['conv1'], figsize=(3, 4))`"""
    figure = plot_conv_weights(image_net.layers_["conv1"], figsize=(3, 4))
    assert figure.get_size_inches().tolist() == [3, 4]
    assert sum(len(axes.images) for axes in figure.axes) == 3


@same
def test_activity(image_net):
    """`plot_conv_activity(net.layers_['conv1'], X[:1])`"""
    figure = plot_conv_activity(image_net.layers_["conv1"], IMAGES[:1])
    assert sum(len(axes.images) for axes in figure.axes) == 4


@refused("x must be one image of shape (1, channels, height, width)")
def test_activity_of_several_images(image_net):
    """`plot_conv_activity` of more than one image is an error"""
    plot_conv_activity(image_net.layers_["conv1"], IMAGES[:2])


@differs("the square is around the position; nolearn's is around the one above and left of it")
def test_occlusion(image_net):
    """`occlusion_heatmap(net, X[:1], target, square_length=3)`"""
    heat = occlusion_heatmap(image_net, IMAGES[:1], 1, square_length=3)
    hidden = IMAGES[:1].copy()
    hidden[0, 0, 3:6, 4:7] = 0
    assert heat.shape == (9, 9)
    assert heat[4, 5] == pytest.approx(image_net.predict_proba(hidden)[0, 1], rel=1e-5)


@refused("square_length must be odd")
def test_even_squares(image_net):
    """`occlusion_heatmap` with an even `square_length` is an error"""
    occlusion_heatmap(image_net, IMAGES[:1], 0, square_length=4)


@same
def test_occlusion_plot(image_net):
    """`plot_occlusion(net, X, [0, 1], square_length=3)`: three pictures for each image"""
    assert len(plot_occlusion(image_net, IMAGES[:2], [0, 1], square_length=3).axes) == 6


@differs("of the score before the softmax, not of the probability; for several images at once")
def test_saliency(image_net):
    """`saliency_map` and `plot_saliency(net, X)` show the gradient"""
    assert saliency_map(image_net, IMAGES[:2]).shape == (2, 9, 9)
    assert len(plot_saliency(image_net, IMAGES[:2]).axes) == 6


@same
def test_graph_in_a_file(image_net, tmp_path):
    """`draw_to_file(net, 'net.svg', output_shape=False, verbose=True)`"""
    for output_shape in (True, False):
        draw_to_file(image_net, tmp_path / "net.svg", output_shape=output_shape, verbose=True)
        drawn = (tmp_path / "net.svg").read_text()
        assert "conv1" in drawn
        assert "num_filters" in drawn
        assert ("7x7" in drawn or "7, 7" in drawn or "7 × 7" in drawn) == output_shape


@same
def test_graph_of_layers(image_net, tmp_path):
    """`draw_to_file(net.get_all_layers(), path)`"""
    draw_to_file(image_net.get_all_layers(), tmp_path / "net.svg")
    assert "pool1" in (tmp_path / "net.svg").read_text()


@same
def test_graph_in_a_notebook(image_net):
    """`draw_to_notebook(net)`"""
    assert "conv1" in draw_to_notebook(image_net)._repr_svg_()


@same
def test_conv_infos(image_net):
    """`util.get_conv_infos(net, detailed=True)`: capacity, coverage, filters and fields"""
    conv = get_conv_infos(image_net, detailed=True).splitlines()[3].split()
    sizes = ["conv1", "3x7x7", "147"]
    assert conv == [*sizes, "100.00", "100.00", "33.33", "33.33", "3", "3", "3", "3"]


@same
def test_receptive_fields(image_net):
    """`util.get_real_filter(layers, img_size)` and `util.get_receptive_field`"""
    layers = image_net.layers_.values()
    assert get_real_filter(layers, (9, 9)).tolist() == [[9, 9], [3, 3], [3, 3], [9, 9]]
    assert get_receptive_field(layers, (9, 9)).tolist() == [[9, 9], [3, 3], [3, 3], [9, 9]]

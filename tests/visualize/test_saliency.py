import numpy as np
import pytest

from skconv.visualize import plot_saliency, saliency_map
from skconv.visualize.gradients import iterate_gradients

from ..nets import IMAGES, KINDS, X, make_net, still_net, y


def test_maps_are_the_largest_slopes_of_the_channels(net):
    slopes = np.concatenate([batch.gradients for batch in iterate_gradients(net, IMAGES, KINDS)])
    found = saliency_map(net, IMAGES, KINDS)
    assert found.shape == (10, 6, 7)
    np.testing.assert_array_equal(found, np.maximum(slopes.max(axis=1), -slopes.min(axis=1)))


def test_a_linear_net_is_sensitive_to_its_weights():
    W = np.arange(-4, 5).reshape(3, 3)
    net = still_net(output_W=W).fit(X[:, :3], y)
    expected = np.abs(W.T[[2, 0]])
    np.testing.assert_allclose(saliency_map(net, X[:2, :3], [2, 0]), expected)


def test_by_default_each_image_is_asked_about_its_most_likely_class(net):
    likely = saliency_map(net, IMAGES, net.predict(IMAGES))
    np.testing.assert_array_equal(saliency_map(net, IMAGES), likely)


def test_other_layers_and_outputs(net, heads):
    assert saliency_map(net, IMAGES, layer="conv").shape == (10, 6, 7)
    assert saliency_map(heads, X, 1, output="size").shape == (40, 5)


def test_the_picture_has_the_maps(net):
    figure = plot_saliency(net, IMAGES[:2], target="b")
    maps = [axes for axes in figure.axes if axes.get_title() == "saliency"]
    expected = saliency_map(net, IMAGES[:2], "b")
    for axes, heat in zip(maps, expected, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), heat)
    assert figure.axes[0].get_title().startswith("b (")
    with pytest.raises(ValueError, match=r"^the net must have a single input of shape "):
        plot_saliency(make_net().fit(X, y), X)

import numpy as np
import pytest
from scipy.ndimage import zoom

from skconv import NeuralNet
from skconv.layers import Conv1DLayer, DenseLayer, InputLayer
from skconv.visualize import grad_cam, plot_grad_cam
from skconv.visualize.gradients import iterate_gradients

from ..nets import IMAGES, KINDS, X


def by_the_paper(net, layer, target):
    """Equations 1 and 2 of Selvaraju et al., from the layer's output and gradient."""
    batches = list(iterate_gradients(net, IMAGES, target, layer=layer))
    A, slope = (np.concatenate([batch[i] for batch in batches]) for i in (1, 2))
    n, _, rows, places = A.shape
    maps = np.zeros((n, rows, places))
    for i in range(n):
        for a, s in zip(A[i], slope[i], strict=True):
            maps[i] += s.sum() / (rows * places) * a
    return np.maximum(maps, 0)


@pytest.mark.parametrize("layer", ["conv", "pool"])
def test_maps_are_those_of_the_paper(net, layer):
    found = grad_cam(net, IMAGES, KINDS, layer=layer, resize=False)
    expected = by_the_paper(net, layer, KINDS)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.max() > 0
    assert found.min() == 0


def test_the_last_convolution_is_the_default(net):
    np.testing.assert_array_equal(
        grad_cam(net, IMAGES, "b"), grad_cam(net, IMAGES, "b", layer="conv", resize=False)
    )


def test_maps_get_the_size_of_the_image(net):
    coarse = grad_cam(net, IMAGES, "a", layer="pool", resize=False)
    assert coarse.shape == (10, 3, 3)
    fine = grad_cam(net, IMAGES, "a", layer="pool")
    expected = [zoom(one, (2, 7 / 3), order=1, grid_mode=True, mode="nearest") for one in coarse]
    np.testing.assert_allclose(fine, expected, atol=1e-6)


def test_sequences_have_maps_of_their_places():
    net = NeuralNet(
        [
            InputLayer((None, 2, 9)),
            Conv1DLayer(num_filters=3, filter_size=3, pad="same"),
            DenseLayer(num_units=2),
        ]
    ).initialize()
    assert grad_cam(net, np.ones((4, 2, 9)), 1).shape == (4, 9)


def test_the_picture_has_the_maps(net):
    figure = plot_grad_cam(net, IMAGES[:2], target=KINDS[:2])
    maps = [axes for axes in figure.axes if axes.get_title() == "Grad-CAM"]
    for axes, heat in zip(maps, grad_cam(net, IMAGES[:2], KINDS[:2]), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), heat)


def test_layers_without_places(net, table_net):
    message = (
        r"^layer 'hidden' \(DenseLayer\) must be a layer with channels and pos.*; valid layers: inp"
    )
    with pytest.raises(ValueError, match=message):
        grad_cam(net, IMAGES, layer="hidden")
    with pytest.raises(ValueError, match=r"^the net must have a convolutional layer$"):
        grad_cam(table_net, X)

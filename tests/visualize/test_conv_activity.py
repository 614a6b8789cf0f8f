import numpy as np
import pytest

from skconv import BatchIterator, NeuralNet
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer
from skconv.visualize import plot_conv_activity

from ..nets import IMAGES, KINDS, X, image_net


def drawn(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def test_the_image_and_what_the_filters_make_of_it(net):
    figure = plot_conv_activity(net.layers_["pool"], IMAGES[:1])
    image, *maps = drawn(figure)
    assert image.shape == (6, 7)
    np.testing.assert_allclose(maps, net.get_output("pool", IMAGES[:1])[0], atol=1e-6)
    assert len({axes.images[0].get_clim() for axes in figure.axes[1:] if axes.images}) == 1
    assert figure.get_suptitle() == "4 channels of 'pool'"


def test_a_net_stands_for_its_first_convolution_and_changes_the_image_itself():
    class Halved(BatchIterator):
        def transform(self, Xb, yb):
            return Xb / 2, yb

    net = image_net(batch_iterator_test=Halved(8)).fit(IMAGES, KINDS)
    (_, *maps), (_, *bare) = (
        drawn(plot_conv_activity(source, IMAGES[:1])) for source in (net, net.layers_["conv"])
    )
    np.testing.assert_allclose(maps, net.get_output("conv", IMAGES[:1])[0], atol=1e-6)
    assert np.abs(np.subtract(maps, bare)).max() > 0.1


def test_hundreds_of_channels_are_paged():
    conv = Conv2DLayer(num_filters=120, filter_size=1, name="conv")
    net = NeuralNet([InputLayer((None, 1, 3, 3)), conv, DenseLayer(num_units=2)]).initialize()
    figure = plot_conv_activity(net, np.ones((1, 1, 3, 3)), page=2)
    assert len(drawn(figure)) == 1 + 21
    assert figure.get_suptitle() == "120 channels of 'conv', page 2 of 2"


def test_what_has_no_activity_to_draw(net, table_net):
    with pytest.raises(
        ValueError, match=r"'hidden' .* channels, height and width; valid layers: input, conv, p"
    ):
        plot_conv_activity(net.layers_["hidden"], IMAGES[:1])
    for x in (IMAGES[:2], IMAGES[0]):
        with pytest.raises(ValueError, match=r"^x must be one image of shape \(1, channels, "):
            plot_conv_activity(net, x)
    with pytest.raises(
        ValueError, match=r"X must have shape .* for the input layer 'input', got \(n, 1, 6, 7\)"
    ):
        plot_conv_activity(net.layers_["conv"], IMAGES[:1, :1])
    with pytest.raises(ValueError, match=r"^the net must have a convolutional layer$"):
        plot_conv_activity(table_net, X[:1])

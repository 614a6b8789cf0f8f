import numpy as np
import pytest

from skconv import NeuralNet
from skconv.layers import Conv1DLayer, Conv2DLayer, DenseLayer, InputLayer, LocallyConnected2DLayer
from skconv.visualize import plot_conv_weights

rng = np.random.default_rng(0)


def initialized(shape, *layers):
    return NeuralNet([InputLayer(shape), *layers, DenseLayer(num_units=2)]).initialize()


def conv(W):
    return Conv2DLayer(num_filters=len(W), filter_size=W.shape[2:], W=W, name="conv")


def drawn(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def test_filters_on_one_channel_share_a_scale():
    W = rng.normal(size=(5, 1, 3, 2)).astype(np.float32)
    net = initialized((None, 1, 6, 6), conv(W))
    figure = plot_conv_weights(net.layers_["conv"])
    np.testing.assert_array_equal(drawn(figure), W[:, 0])
    limits = {axes.images[0].get_clim() for axes in figure.axes if axes.images}
    assert limits == {(-np.abs(W).max(), np.abs(W).max())}
    assert figure.get_suptitle() == "5 filters of 'conv'"
    np.testing.assert_array_equal(drawn(plot_conv_weights(net)), W[:, 0])


def test_filters_on_three_channels_are_in_colour():
    W = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)
    net = initialized((None, 3, 6, 6), conv(W))
    expected = 0.5 + W.transpose(0, 2, 3, 1) / (2 * np.abs(W).max())
    np.testing.assert_allclose(drawn(plot_conv_weights(net)), expected, rtol=1e-6)
    np.testing.assert_array_equal(drawn(plot_conv_weights(net, channel=2)), W[:, 2])


def test_other_channels_are_shown_one_at_a_time():
    W = rng.normal(size=(4, 5, 3, 3)).astype(np.float32)
    net = initialized((None, 5, 6, 6), conv(W))
    np.testing.assert_array_equal(drawn(plot_conv_weights(net)), W[:, 0])
    figure = plot_conv_weights(net, channel=4)
    np.testing.assert_array_equal(drawn(figure), W[:, 4])
    assert figure.get_suptitle() == "4 filters of 'conv', channel 4 of 0 to 4"
    for channel in (5, -1, 0.5):
        with pytest.raises(ValueError, match=r"^channel must be an integer from 0 to 4, got "):
            plot_conv_weights(net, channel=channel)


def test_hundreds_of_filters_are_paged():
    W = rng.normal(size=(250, 1, 1, 1)).astype(np.float32)
    net = initialized((None, 1, 2, 2), conv(W))
    for page, part in ((1, W[:100]), (3, W[200:])):
        figure = plot_conv_weights(net, page=page)
        np.testing.assert_array_equal(drawn(figure), part[:, 0])
        assert figure.get_suptitle() == f"250 filters of 'conv', page {page} of 3"


def test_filters_over_time_have_a_row_for_each_channel():
    W = rng.normal(size=(2, 3, 4)).astype(np.float32)
    layer = Conv1DLayer(num_filters=2, filter_size=4, W=W)
    np.testing.assert_array_equal(drawn(plot_conv_weights(initialized((None, 3, 9), layer))), W)


def test_what_has_no_filters():
    W = rng.normal(size=(4, 1, 3, 3)).astype(np.float32)
    local = LocallyConnected2DLayer(num_filters=2, filter_size=3, pad="same", name="local")
    net = initialized((None, 1, 6, 6), conv(W), local)
    output = net.get_all_layers()[-1].name
    with pytest.raises(
        ValueError, match=rf"^layer {output!r} \(DenseLayer\) must be a convolutional"
    ):
        plot_conv_weights(net.layers_[output])
    with pytest.raises(
        ValueError, match=r"must be a convolutional layer over .*; valid layers: conv$"
    ):
        plot_conv_weights(net.layers_["local"])
    with pytest.raises(ValueError, match=r"two axes, but has no weights; valid layers: conv$"):
        plot_conv_weights(net.layers_[0])
    with pytest.raises(
        ValueError, match=r"^the net must have a convolutional layer over one or two axes$"
    ):
        plot_conv_weights(initialized((None, 1, 6, 6)))

import numpy as np
import pytest

from skconv.visualize import integrated_gradients, plot_integrated_gradients

from ..nets import IMAGES, KINDS, X, still_net


@pytest.mark.parametrize("baseline", [0.0, IMAGES[3], IMAGES[::-1]])
def test_shares_add_up_to_what_the_image_adds_to_the_answer(net, baseline):
    shares = integrated_gradients(net, IMAGES, KINDS, baseline=baseline, steps=400)
    assert shares.shape == IMAGES.shape
    start = np.broadcast_to(np.float32(baseline), IMAGES.shape)
    column = np.arange(10), np.arange(10) % 3
    gain = net.predict_proba(IMAGES)[column] - net.predict_proba(start)[column]
    np.testing.assert_allclose(shares.sum(axis=(1, 2, 3)), gain, atol=2e-3)
    assert np.abs(gain).max() > 0.05


def test_more_steps_come_closer(net):
    gain = net.predict_proba(IMAGES)[:, 0] - net.predict_proba(0 * IMAGES)[:, 0]
    gaps = [
        np.abs(integrated_gradients(net, IMAGES, "a", steps=n).sum(axis=(1, 2, 3)) - gain).max()
        for n in (1, 8, 64)
    ]
    assert gaps[0] > 4 * gaps[1] > 4 * gaps[2]


def test_the_shares_of_a_sum_are_its_terms():
    W = np.arange(15.0).reshape(5, 3)
    net = still_net(regression=True, output_W=W, max_epochs=0, objective_l2=None).fit(X, X[:, :3])
    expected = X * W[:, 1]
    np.testing.assert_allclose(integrated_gradients(net, X, 1, steps=3), expected, rtol=1e-5)


def test_outputs_by_name(heads):
    shares = integrated_gradients(heads, X, 0, output="size")
    gain = heads.predict(X)[2][:, 0] - heads.predict(0 * X)[2][:, 0]
    np.testing.assert_allclose(shares.sum(axis=1), gain, atol=0.02)
    both = [integrated_gradients(heads, X, sign, output="sign") for sign in (True, False)]
    np.testing.assert_array_equal(*(sign * one for sign, one in zip((1, -1), both, strict=True)))


def test_the_picture_has_the_shares_of_all_channels(net):
    figure = plot_integrated_gradients(net, IMAGES[:2], target="b", steps=4)
    maps = [axes for axes in figure.axes if axes.get_title() == "integrated gradients"]
    shares = integrated_gradients(net, IMAGES[:2], "b", steps=4).sum(axis=1)
    for axes, heat in zip(maps, shares, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), heat)
        low, high = axes.images[0].get_clim()
        assert low == -high


def test_what_has_no_path(net):
    with pytest.raises(ValueError, match=r"^steps must be a positive integer, got 0$"):
        integrated_gradients(net, IMAGES, steps=0)
    with pytest.raises(
        ValueError, match=r"^baseline must broadcast to the shape of X, .*, got \(3, 3\)$"
    ):
        integrated_gradients(net, IMAGES, baseline=np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"^target must be one of the classes, got 'd'"):
        integrated_gradients(net, IMAGES, ["d"] * 10)

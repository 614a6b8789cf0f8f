import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.exceptions import NotFittedError

from skconv import visualize
from skconv.visualize.base import canvas, check_image, check_images, pages, panels

from ..nets import IMAGES, KINDS, X, image_net


@pytest.mark.parametrize(
    "draw",
    [
        lambda net: visualize.plot_loss(net),
        lambda net: visualize.plot_conv_weights(net),
        lambda net: visualize.plot_conv_activity(net, IMAGES[:1]),
        lambda net: visualize.plot_predictions(net, IMAGES),
        lambda net: visualize.plot_confusion(net, IMAGES, KINDS),
        lambda net: visualize.plot_embedding(net, IMAGES),
        lambda net: visualize.plot_occlusion(net, IMAGES[:1], square_length=3),
        lambda net: visualize.plot_saliency(net, IMAGES[:1]),
        lambda net: visualize.plot_grad_cam(net, IMAGES[:1]),
        lambda net: visualize.plot_integrated_gradients(net, IMAGES[:1]),
    ],
)
def test_pictures_need_matplotlib_and_a_net_that_is_fitted(net, lacking, draw):
    with pytest.raises(NotFittedError):
        draw(image_net())
    lacking("matplotlib")
    with pytest.raises(
        ImportError, match=r"^plotting needs matplotlib, .* pip install 'skconv\[plot\]'$"
    ):
        draw(net)


@pytest.mark.parametrize(
    "draw",
    [
        lambda net, **where: visualize.plot_augmented(
            lambda k, X, y: (X, y), IMAGES[:, :1], **where
        ),
        lambda net, **where: visualize.plot_loss(net, **where),
        lambda net, **where: visualize.plot_conv_weights(net, **where),
        lambda net, **where: visualize.plot_conv_activity(net, IMAGES[:1], **where),
        lambda net, **where: visualize.plot_predictions(net, IMAGES, **where),
        lambda net, **where: visualize.plot_confusion(net, IMAGES, KINDS, **where),
        lambda net, **where: visualize.plot_embedding(net, IMAGES, **where),
        lambda net, **where: visualize.plot_occlusion(net, IMAGES[:1], square_length=3, **where),
        lambda net, **where: visualize.plot_saliency(net, IMAGES[:1], **where),
        lambda net, **where: visualize.plot_grad_cam(net, IMAGES[:1], **where),
        lambda net, **where: visualize.plot_integrated_gradients(net, IMAGES[:1], **where),
    ],
)
def test_pictures_go_where_they_are_told(net, draw):
    own, axes = plt.subplots(1, 2)
    style = dict(matplotlib.rcParams)
    figure = draw(net, ax=axes[0])
    assert dict(matplotlib.rcParams) == style
    assert figure is own
    assert len(plt.get_fignums()) == 1
    assert not axes[1].has_data()
    assert axes[0].has_data() or axes[0].child_axes
    sized = draw(net, figsize=(5, 4))
    assert sized.get_size_inches().tolist() == [5, 4]


def test_panels_keep_their_proportions():
    figure, grid = panels(2, 3, (1.0, 2.0), ax=None, figsize=None)
    assert grid.shape == (2, 3)
    assert figure.get_size_inches().tolist() == [3, 4]
    figure, _ = panels(2, 3, (1.0, 2.0), ax=None, figsize=(6, None))
    assert figure.get_size_inches().tolist() == [6, 8]


def test_panels_in_a_given_place_stay_in_it():
    figure, (left, right) = plt.subplots(1, 2)
    _, grid = panels(2, 2, (1, 1), ax=left, figsize=None)
    figure.canvas.draw()
    for axes in grid.flat:
        box = axes.get_window_extent()
        assert left.bbox.x0 <= box.x0 < box.x1 <= left.bbox.x1
        assert left.bbox.y0 <= box.y0 < box.y1 <= left.bbox.y1
    assert grid[0, 0].get_window_extent().y0 > grid[1, 0].get_window_extent().y1
    assert canvas(right, None, (1, 1)) == (figure, right)


def test_images_are_those_that_the_net_takes(net, table_net):
    np.testing.assert_array_equal(check_images(net, IMAGES), IMAGES)
    np.testing.assert_array_equal(check_image(net, IMAGES[0]), IMAGES[:1])
    with pytest.raises(
        ValueError, match=r"^X must have shape \(n, 2, 6, 7\), got \(10, 2, 5, 7\)$"
    ):
        check_images(net, IMAGES[:, :, 1:])
    with pytest.raises(ValueError, match=r"got \(2, 6, 7\); pass a single image as X\[None\]$"):
        check_images(net, IMAGES[0])
    with pytest.raises(
        ValueError, match=r"^the net must have a single input of .*, got input \(None, 5\)$"
    ):
        check_images(table_net, X)
    with pytest.raises(ValueError, match=r"^x must be a single image, got 3; pass x\[:1\]$"):
        check_image(net, IMAGES[:3])
    with pytest.raises(ValueError, match="NaN"):
        check_images(net, IMAGES * np.nan)


def test_pages_are_counted_from_one():
    assert pages(100, 1, 64) == (range(64), "page 1 of 2")
    for page in (0, 3, "x"):
        with pytest.raises(ValueError, match=r"^page must be an integer from 1 to 2, got "):
            pages(100, page, 64)


def test_importing_skconv_leaves_the_style_and_the_backend():
    code = (
        "import matplotlib; before = dict(matplotlib.rcParams);"
        "import skconv; from skconv.visualize import plot_loss;"
        "plot_loss([{'epoch': 1, 'train_loss': 0.5, 'valid_loss': 0.75}]);"
        "changed = {name for name in before if before[name] != matplotlib.rcParams[name]};"
        "print(changed - {'backend'})"  # pyplot resolves it
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


def test_importing_skconv_loads_no_pictures():
    code = "import sys, skconv; print([name for name in sys.modules if 'visualize' in name])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"

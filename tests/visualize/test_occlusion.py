import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skconv import compile_counts
from skconv.visualize import occlusion, occlusion_heatmap, plot_occlusion

from ..nets import IMAGES, KINDS, image_net


def one_by_one(net, x, column, length, stride=1, fill=0.0):
    """Hide, ask, write down; in the middle of each step where there is a stride."""
    heat, half = np.zeros(x.shape[2:]), length // 2
    for row, place in np.ndindex(heat.shape):
        at = [
            min(i // stride * stride + stride // 2, range(stride // 2, n, stride)[-1])
            for i, n in zip((row, place), heat.shape, strict=True)
        ]
        hidden = x.copy()
        for i, j in np.ndindex(heat.shape):
            if abs(i - at[0]) <= half and abs(j - at[1]) <= half:
                hidden[0, :, i, j] = fill
        heat[row, place] = net.predict_proba(hidden)[0, column]
    return heat


@pytest.mark.parametrize(
    ("target", "column", "length", "options"),
    [("b", 1, 3, {}), ("c", 2, 5, {"fill": 2.0}), ("a", 0, 1, {"stride": 3})],
)
def test_maps_are_those_of_one_prediction_for_each_place(net, target, column, length, options):
    found = occlusion_heatmap(net, IMAGES[:1], target, length, **options)
    expected = one_by_one(net, IMAGES[:1], column, length, **options)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.ptp(found) > 1e-3


def test_the_most_likely_class_is_the_default(net):
    likely = net.predict(IMAGES[:1])[0]
    np.testing.assert_array_equal(
        occlusion_heatmap(net, IMAGES[0], square_length=3),
        occlusion_heatmap(net, IMAGES[:1], likely, 3),
    )


def test_numbers_are_told_as_they_are_predicted():
    net = image_net(regression=True).fit(IMAGES, np.stack([np.arange(10.0)] * 2, axis=1))
    hidden = IMAGES[:1].copy()
    hidden[..., 2, 3] = 0
    found = occlusion_heatmap(net, IMAGES[:1], 1, square_length=1)
    assert found[2, 3] == pytest.approx(net.predict(hidden)[0, 1], rel=1e-5)


def test_places_that_do_not_fit_one_call_give_the_same(net, monkeypatch):
    expected = occlusion_heatmap(net, IMAGES[:1], "a", 3)
    before = compile_counts()
    monkeypatch.setattr(occlusion, "chunk_steps", lambda batch_bytes: 1)
    np.testing.assert_array_equal(occlusion_heatmap(net, IMAGES[:1], "a", 3), expected)
    assert compile_counts() == before


def test_all_places_and_classes_share_a_program(net):
    occlusion_heatmap(net, IMAGES[:1], "a", 3)
    before = compile_counts()
    occlusion_heatmap(net, IMAGES[1:2], "b", 5, fill=1.0)
    assert compile_counts() == before


def test_the_picture_has_a_row_for_each_image(net):
    figure = plot_occlusion(net, IMAGES[:2], KINDS[:2], 3)
    maps = [axes for axes in figure.axes if axes.get_title() == "answer with 3x3 hidden"]
    for axes, image, kind in zip(maps, IMAGES, KINDS, strict=False):
        expected = occlusion_heatmap(net, image, kind, 3)
        np.testing.assert_array_equal(axes.images[0].get_array(), expected)
    assert figure.axes[0].get_title() == f"a ({net.predict_proba(IMAGES[:1])[0, 0]:.0%})"
    assert figure.get_size_inches()[0] == 9


def test_what_cannot_be_hidden(net):
    with pytest.raises(ValueError, match=r"^square_length must be odd, .*, got 4; use 3 or 5$"):
        occlusion_heatmap(net, IMAGES[:1], "a", 4)
    with pytest.raises(ValueError, match=r"^square_length must be a positive integer, got 0$"):
        occlusion_heatmap(net, IMAGES[:1], "a", 0)
    with pytest.raises(ValueError, match=r"^stride must be a positive integer, got 1.5$"):
        occlusion_heatmap(net, IMAGES[:1], "a", stride=1.5)
    with pytest.raises(ValueError, match=r"^x must be a single image, got "):
        occlusion_heatmap(net, IMAGES, "a")
    with pytest.raises(ValueError, match=r"^X must have shape \(n, 2, 6, 7\), got"):
        occlusion_heatmap(net, IMAGES[:1, :, 1:], "a")
    with pytest.raises(
        ValueError, match=r"^target must be one of the classes, got 'd'. Valid names: a, b, c"
    ):
        occlusion_heatmap(net, IMAGES[:1], "d")
    with pytest.raises(NotFittedError):
        occlusion_heatmap(image_net(), IMAGES[:1])

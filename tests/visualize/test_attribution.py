import numpy as np
import pytest

from skconv.visualize.attribution import plot_attribution, plot_heat_maps

from ..nets import IMAGES, KINDS

HEAT = np.linspace(-1, 3, 42).reshape(6, 7)


@pytest.mark.parametrize(
    ("emphasis", "limits", "hottest"),
    [("high", (-1, 3), (5, 6)), ("low", (-1, 3), (0, 0)), ("far", (-3, 3), (5, 6))],
)
def test_maps_cover_the_image_where_they_are_hot(emphasis, limits, hottest):
    figure = plot_heat_maps(
        IMAGES[:1], [HEAT], ["one"], emphasis=emphasis, title="map", ax=None, figsize=(9, None)
    )
    image, heat, both = (axes for axes in figure.axes if axes.get_title())
    assert [axes.get_title() for axes in (image, heat, both)] == ["one", "map", "both"]
    np.testing.assert_array_equal(heat.images[0].get_array(), HEAT)
    assert heat.images[0].get_clim() == limits
    alpha = both.images[1].get_alpha()
    assert np.unravel_index(alpha.argmax(), alpha.shape) == hottest
    assert 0.5 < alpha.max() <= 1
    assert (both.images[0].get_array() <= image.images[0].get_array()).all()


@pytest.mark.parametrize("emphasis", ["high", "low", "far"])
def test_maps_that_are_the_same_everywhere_can_be_drawn(emphasis):
    heat = np.zeros((6, 7))
    figure = plot_heat_maps(
        IMAGES[:1], [heat], [""], emphasis=emphasis, title="", ax=None, figsize=None
    )
    figure.canvas.draw()


def test_maps_are_computed_for_the_targets_that_the_titles_name(net):
    asked = []

    def compute(images, targets, output):
        asked.append((targets.tolist(), output))
        return [HEAT * i for i in range(len(images))]

    figure = plot_attribution(
        net,
        IMAGES[:2],
        compute,
        target=KINDS[:2],
        output=None,
        emphasis="high",
        title="map",
        ax=None,
        figsize=None,
    )
    assert asked == [(KINDS[:2].tolist(), "output")]
    chance = net.predict_proba(IMAGES[:2])
    columns = net.classes_.tolist().index(KINDS[0]), net.classes_.tolist().index(KINDS[1])
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles[::3] == [f"{KINDS[i]} ({chance[i, columns[i]]:.0%})" for i in range(2)]
    assert titles[1::3] == ["map"] * 2
    np.testing.assert_array_equal(figure.axes[4].images[0].get_array(), HEAT)

import numpy as np
import pytest
from matplotlib import pyplot as plt

from skconv.visualize import plot_predictions

from ..nets import IMAGES, KINDS, image_net


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.images]


def test_the_worst_come_first(net):
    probabilities = net.predict_proba(IMAGES)
    index = np.arange(10) % 3
    order = np.argsort(probabilities[np.arange(10), index], kind="stable")[:5]
    said, sure = net.predict(IMAGES), probabilities.max(axis=1)
    figure = plot_predictions(net, IMAGES, KINDS, n=5)
    assert titles(figure) == [f"{KINDS[i]} → {said[i]}\n({sure[i]:.0%})" for i in order]
    for axes, i in zip(figure.axes, order, strict=False):
        shown, image = axes.images[0].get_array(), IMAGES[i].mean(axis=0)
        assert np.corrcoef(shown.ravel(), image.ravel())[0, 1] > 0.999
        right = said[i] == KINDS[i]
        assert axes.title.get_color() == ("#1a7f37" if right else "#c6210f")


def test_without_targets_the_least_certain_come_first(net):
    sure = net.predict_proba(IMAGES).max(axis=1)
    expected = [
        f"{net.predict(IMAGES)[i]}\n({sure[i]:.0%})" for i in np.argsort(sure, kind="stable")
    ]
    assert titles(plot_predictions(net, IMAGES)) == expected


def test_numbers_are_told_with_their_errors():
    y = np.linspace(0, 1, 10)
    net = image_net(regression=True).fit(IMAGES, y)
    said = net.predict(IMAGES)
    worst = np.abs(said - y).argmax()
    figure = plot_predictions(net, IMAGES, y)
    assert titles(figure)[0] == f"{y[worst]:.3g} → {said[worst]:.3g}"
    with pytest.raises(ValueError, match=r"^y must be given for a regression output"):
        plot_predictions(net, IMAGES)
    net = image_net(regression=True).fit(IMAGES, np.stack([y, 2 * y], axis=1))
    error = np.sqrt(np.square(net.predict(IMAGES) - np.stack([y, 2 * y], axis=1)).mean(axis=1))
    figure = plot_predictions(net, IMAGES, np.stack([y, 2 * y], axis=1), n=1)
    assert titles(figure) == [f"error {error.max():.3g}"]


def test_indicators_are_told_by_number():
    y = np.stack([KINDS == "a", KINDS != "b"], axis=1).astype(int)
    net = image_net().fit(IMAGES, y)
    found = net.predict_proba(IMAGES)
    worst, unsure = np.abs(found - y).max(axis=1).argmax(), np.abs(found - 0.5).min(axis=1).argmin()

    def told(row):
        return ", ".join(map(str, np.flatnonzero(row > 0.5))) or "none"

    expected = f"{told(y[worst])} → {told(found[worst])}"
    assert titles(plot_predictions(net, IMAGES, y, n=1)) == [expected]
    assert titles(plot_predictions(net, IMAGES, n=1)) == [told(found[unsure])]


def test_what_cannot_be_drawn(net):
    with pytest.raises(ValueError, match=r"^y must have as many rows as X, 10, got 3$"):
        plot_predictions(net, IMAGES, KINDS[:3])
    with pytest.raises(ValueError, match=r"^target must be one of the classes, got 'd'"):
        plot_predictions(net, IMAGES, np.repeat("d", 10))
    with pytest.raises(ValueError, match=r"^n must be a positive integer, got 0$"):
        plot_predictions(net, IMAGES, n=0)


def test_long_words_have_wider_columns(net):
    def columns(figure):
        figure.canvas.draw()
        boxes = [axes.get_window_extent() for axes in drawn(figure)]
        return len({round(box.x0 + box.x1) for box in boxes})

    def drawn(figure):
        insets = [inset for axes in figure.axes for inset in axes.child_axes]
        return [axes for axes in (*figure.axes, *insets) if axes.images]

    def gallery(**options):
        return columns(plot_predictions(named, IMAGES, names, **options))

    names = np.array([f"a class of a long name, {kind}" for kind in KINDS])
    named = image_net().fit(IMAGES, names)
    assert columns(plot_predictions(net, IMAGES, KINDS)) == 8
    assert gallery() == 1
    assert gallery(figsize=(16, 4)) == 3
    assert gallery(ax=plt.subplots(figsize=(5, 5))[1]) == 1

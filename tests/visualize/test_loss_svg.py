import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from skconv.visualize.loss_svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MAX_POINTS,
    RIGHT,
    TOP,
    WIDTH,
    loss_curve,
)


def history(train, valid=None):
    valid = [math.nan] * len(train) if valid is None else valid
    pairs = zip(train, valid, strict=True)
    return [
        {"epoch": epoch, "train_loss": one, "valid_loss": other}
        for epoch, (one, other) in enumerate(pairs, start=1)
    ]


def drawn(*losses):
    return ET.fromstring(loss_curve(history(*losses)))


def points(svg, style):
    """Points of the curve, which comes before the legend; in pieces where there are gaps."""
    path = next(path for path in svg.iter("path") if path.get("class") == style)
    pieces = path.get("d").split("M")[1:]
    return [np.array([p.split(" ") for p in piece.split("L")], float) for piece in pieces]


def texts(svg):
    return [text.text for text in svg.iter("text")]


def test_losses_are_drawn_to_scale():
    svg = drawn([3.0, 2.0, 1.0], [2.0, 1.5, 1.75])
    (train,), (valid,) = points(svg, "skconv-train"), points(svg, "skconv-valid")
    np.testing.assert_allclose(train[:, 0], np.linspace(LEFT, WIDTH - RIGHT, 3))
    down = train[:, 1]
    assert TOP < down[0] < down[1] < down[2] < HEIGHT - BOTTOM
    np.testing.assert_allclose(down[1], (down[0] + down[2]) / 2, atol=0.1)
    parts = (valid[:, 1] - down[1]) / (down[2] - down[1])
    np.testing.assert_allclose(parts, [0, 0.5, 0.25], atol=0.01)


def test_the_lowest_validation_loss_has_a_dot():
    circle = next(drawn([3.0, 2.0, 1.0], [2.0, 1.5, 1.75]).iter("circle"))
    assert circle.get("class") == "skconv-valid"
    assert float(circle.get("cx")) == pytest.approx((LEFT + WIDTH - RIGHT) / 2)
    assert next(circle.iter("title")).text == "lowest validation loss: 1.5 in epoch 2"


def test_without_validation_there_is_one_curve():
    svg = drawn([3.0, 2.0, 1.0])
    assert {p.get("class") for p in svg.iter("path")} == {"skconv-train"}
    assert next(svg.iter("circle")).get("class") == "skconv-train"
    assert "validation" not in texts(svg)


def test_the_axes_have_round_numbers():
    svg = drawn(np.linspace(0.93, 0.13, 50).tolist())
    assert [text for text in texts(svg) if re.fullmatch(r"[\d.]+", text)] == [
        *("0.2", "0.4", "0.6", "0.8"),
        *("10", "20", "30", "40", "50"),
    ]


def test_what_is_not_finite_leaves_a_gap():
    svg = drawn([3.0, 2.0, math.inf, 1.0, 1.5], [math.nan, 1.0, math.inf, 0.5, 0.6])
    assert [len(piece) for piece in points(svg, "skconv-train")] == [2, 2]
    assert [len(piece) for piece in points(svg, "skconv-valid")] == [1, 2]
    assert next(svg.iter("title")).text == "lowest validation loss: 0.5 in epoch 4"


@pytest.mark.parametrize("losses", [[0.5], [0.0], [2.0, 2.0], [-1.0, -1.0]])
def test_losses_that_do_not_change_can_be_drawn(losses):
    (train,) = points(drawn(losses), "skconv-train")
    assert np.isfinite(train).all()
    assert len(train) == len(losses)


def test_long_histories_are_thinned_out():
    (train,) = points(drawn(np.linspace(2, 1, 10_000).tolist()), "skconv-train")
    assert len(train) == MAX_POINTS
    np.testing.assert_allclose(train[[0, -1], 0], [LEFT, WIDTH - RIGHT])


def test_nothing_is_drawn_of_nothing():
    assert loss_curve([]) == loss_curve(history([math.nan])) == ""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from skconv.visualize.scatter_svg import MAX_POINTS, SIZE, scatter


def places(svg):
    circles = ET.fromstring(svg).iter("circle")
    return np.array([[float(circle.get("cx")), float(circle.get("cy"))] for circle in circles])


def test_right_predictions_lie_on_the_diagonal():
    values = np.array([-1.0, 0.0, 3.0])
    svg = scatter(values, values, "number 0")
    x, y = places(svg).T
    np.testing.assert_allclose(np.diff(x) * 3, np.diff(x).sum() * np.array([0.75, 2.25]), atol=0.3)
    line = next(one for one in ET.fromstring(svg).iter("line") if "diagonal" in one.get("class"))
    ends = {name: float(line.get(name)) for name in ("x1", "x2", "y1", "y2")}
    slope = (ends["y2"] - ends["y1"]) / (ends["x2"] - ends["x1"])
    np.testing.assert_allclose(y, ends["y1"] + slope * (x - ends["x1"]), atol=0.2)
    assert "predicted against true number 0" in svg


def test_points_stay_inside_and_are_not_too_many():
    rng = np.random.default_rng(0)
    points = places(scatter(rng.normal(size=3000), 5 * rng.normal(size=3000)))
    assert len(points) == MAX_POINTS
    assert points.min() > 0
    assert points.max() < SIZE


@pytest.mark.parametrize("value", [0.0, 2.0])
def test_constant_numbers_are_drawn(value):
    assert np.isfinite(places(scatter(np.full(3, value), np.full(3, value)))).all()

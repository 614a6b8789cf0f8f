import itertools

import numpy as np
import pytest

from skconv.visualize.graph_layout import GAP_X, GAP_Y, place


def crossing(one, other):
    """Whether straight arrows between the same two rows cross."""
    return (one[0][0] - other[0][0]) * (one[-1][0] - other[-1][0]) < 0


def check(layout, sizes, edges):
    """All that must hold of any layout."""
    boxes = {name: (*corner, *sizes[name]) for name, corner in layout.corners.items()}
    assert set(boxes) == set(sizes)
    for (x, y, w, h), (u, v, s, t) in itertools.combinations(boxes.values(), 2):
        assert x + w <= u or u + s <= x or y + h <= v or v + t <= y
    for x, y, w, h in boxes.values():
        assert x >= -1e-6
        assert y >= 0
        assert x + w <= layout.width + 1e-6
        assert y + h <= layout.height + 1e-6
    assert set(layout.paths) == set(edges)
    for (start, end), path in layout.paths.items():
        x, y, w, h = boxes[start]
        assert path[0] == pytest.approx((x + w / 2, y + h))
        x, y, w, h = boxes[end]
        assert path[-1] == pytest.approx((x + w / 2, y))
        assert all(one[1] <= other[1] for one, other in itertools.pairwise(path))
        for (px, py), (qx, qy) in list(itertools.pairwise(path))[1::2]:
            assert px == qx
            for x, y, w, h in boxes.values():
                assert px <= x or px >= x + w or qy <= y or py >= y + h


def test_a_chain_is_a_straight_column():
    sizes = {"a": (10, 8), "b": (30, 12), "c": (20, 8)}
    edges = [("a", "b"), ("b", "c")]
    layout = place(sizes, edges)
    check(layout, sizes, edges)
    assert layout.corners == {"a": (10, 0), "b": (0, 8 + GAP_Y), "c": (5, 20 + 2 * GAP_Y)}
    assert (layout.width, layout.height) == (30, 28 + 2 * GAP_Y)
    assert {x for path in layout.paths.values() for x, _ in path} == {15}


def test_branches_stand_beside_each_other_under_the_middle_of_their_source():
    sizes = dict.fromkeys("abcd", (10, 10))
    edges = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]
    layout = place(sizes, edges)
    check(layout, sizes, edges)
    b, c = (layout.corners[name] for name in "bc")
    assert b[1] == c[1]
    assert c[0] - b[0] == 10 + GAP_X
    assert layout.corners["a"][0] == layout.corners["d"][0] == (b[0] + c[0]) / 2


def test_an_arrow_passes_beside_the_boxes_that_it_leaves_out():
    sizes = dict.fromkeys("abcd", (40, 10))
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]
    layout = place(sizes, edges)
    check(layout, sizes, edges)
    assert len(layout.paths["a", "d"]) == 6


def test_branches_change_places_to_spare_crossings():
    sizes = dict.fromkeys("abcdef", (10, 10))
    edges = [("a", "b"), ("a", "c"), ("b", "e"), ("c", "d"), ("d", "f"), ("e", "f")]
    layout = place({name: sizes[name] for name in "abcdef"}, edges)
    check(layout, sizes, edges)
    assert not crossing(layout.paths["b", "e"], layout.paths["c", "d"])


@pytest.mark.parametrize("seed", range(8))
def test_any_graph_is_placed_without_overlaps(seed):
    rng = np.random.default_rng(seed)
    names = [f"layer{i}" for i in range(14)]
    sizes = {name: tuple(rng.uniform(5, 80, 2)) for name in names}
    pairs = [(a, b) for a, b in itertools.combinations(names, 2) if rng.random() < 0.2]
    check(place(sizes, pairs), sizes, pairs)


def test_an_arrow_twice_is_one():
    layout = place({"a": (1, 1), "b": (1, 1)}, [("a", "b"), ("a", "b")])
    assert list(layout.paths) == [("a", "b")]

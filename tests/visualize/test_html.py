from html.parser import HTMLParser

from skconv.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.visualize.html import MAX_OPEN, layer_table

from ..nets import X, make_net, y


class Table(HTMLParser):
    """Rows of cells as (class, text)."""

    def __init__(self, text):
        super().__init__()
        self.rows = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append((dict(attrs).get("class", ""), ""))
            self.inside = True

    def handle_endtag(self, tag):
        self.inside &= tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            style, text = self.rows[-1][-1]
            self.rows[-1][-1] = (style, text + data)


def conv(name, size, **fields):
    return (Conv2DLayer, {"name": name, "num_filters": 4, "filter_size": size, **fields})


def table(*layers):
    image = (InputLayer, {"name": "input", "shape": (None, 1, 8, 8)})
    return Table(layer_table(build_network(read_layers([image, *layers]), {}))).rows


def texts(row):
    return [text for _, text in row]


def test_layers_with_their_sizes_and_what_they_see():
    pool = (MaxPool2DLayer, {"name": "pool", "pool_size": 2})
    head, *rows = table(conv("a", 3), pool, conv("b", (2, 1)), (DenseLayer, {"num_units": 300}))
    assert texts(head) == [
        *("#", "name", "type", "output shape", "parameters"),
        *("receptive field", "capacity [%]", "coverage [%]"),
    ]
    assert [texts(row) for row in rows] == [
        ["0", "input", "InputLayer", "1 × 8 × 8", "", "", "", ""],
        ["1", "a", "Conv2DLayer", "4 × 6 × 6", "40", "3", "100", "38"],
        ["2", "pool", "MaxPool2DLayer", "4 × 3 × 3", "", "3", "100", "38"],
        ["3", "b", "Conv2DLayer", "4 × 2 × 3", "36", "5 × 3", "80 × 67", "62 × 38"],
        ["4", "dense4", "DenseLayer", "300", "7,500", "", "", ""],
    ]


def styles(row):
    return [style for style, _ in row[-2:]]


def test_low_capacity_and_wide_coverage_are_coloured():
    many = [conv(f"c{i}", 3, pad="same") for i in range(1, 10)]
    _, _, *rows = table(*many)
    assert styles(rows[2]) == ["", ""]
    assert styles(rows[3]) == ["", "skconv-wide"]
    assert styles(rows[8]) == ["skconv-both", "skconv-both"]
    *_, last = table(conv("a", 7, pad="same"), conv("b", 1))
    assert styles(last) == ["skconv-low", ""]


def test_a_net_of_rows_has_no_sight():
    net = make_net().fit(X, y)
    rows = Table(layer_table(net.network_)).rows
    assert len(rows[0]) == 5
    assert [texts(row)[1] for row in rows[1:]] == ["input", "hidden", "noise", "output"]
    assert "capacity" not in layer_table(net.network_)


def test_many_layers_are_folded():
    few = [conv(f"c{i}", 1) for i in range(MAX_OPEN - 1)]
    image = (InputLayer, {"name": "input", "shape": (None, 1, 8, 8)})
    opened = layer_table(build_network(read_layers([image, *few]), {}))
    folded = layer_table(build_network(read_layers([image, *few, conv("more", 1)]), {}))
    assert opened.startswith("<details open><summary>40 layers, ")
    assert folded.startswith("<details><summary>41 layers, 788 parameters</summary>")

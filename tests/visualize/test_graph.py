import sys
import types
from xml.etree import ElementTree

import pytest
from sklearn.exceptions import NotFittedError

from skconv import NeuralNet
from skconv.layers import DenseLayer, ElemwiseSumLayer, ExpressionLayer, InputLayer
from skconv.visualize import draw_to_file, draw_to_notebook, graph, make_graph

from ..nets import image_net, make_net

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _no_graphviz(monkeypatch):
    monkeypatch.setattr(graph, "has_graphviz", lambda: False)


@pytest.fixture(scope="module")
def residual():
    """A shortcut around a layer that shares its weights."""
    layers = [
        InputLayer((None, 4), name="input"),
        DenseLayer(num_units=4, name="one"),
        DenseLayer(num_units=4, name="two", W="one", b="one"),
        ElemwiseSumLayer(incomings=["two", "input"], name="sum"),
        ExpressionLayer(function=abs, name="bent"),
        DenseLayer(num_units=1200, name="output"),
    ]
    return NeuralNet(layers, regression=True).initialize()


@pytest.fixture
def rendered(monkeypatch):
    """A package graphviz that notes what it is asked for."""
    asked = []

    class Source:
        def __init__(self, source):
            self.source = source

        def pipe(self, format):
            asked.append((self.source, format))
            return b"<svg>drawn</svg>"

    monkeypatch.setitem(sys.modules, "graphviz", types.SimpleNamespace(Source=Source))
    monkeypatch.setattr(graph, "has_graphviz", lambda: True)
    return asked


def test_boxes_tell_name_type_shape_and_parameters(residual):
    words = [node.words for node in make_graph(residual).nodes]
    assert words == [
        ("input", "InputLayer", "4"),
        ("one", "DenseLayer", "4", "20 parameters"),
        ("two", "DenseLayer", "4"),
        ("sum", "ElemwiseSumLayer", "4"),
        ("bent", "ExpressionLayer", "4"),
        ("output", "DenseLayer", "1200", "6,000 parameters"),
    ]
    shapes = [node.words[2] for node in make_graph(_images()).nodes[:3]]
    assert shapes == ["2 × 6 × 7", "4 × 6 × 7", "4 × 3 × 3"]


def _images():
    return image_net(input_shape=(None, 2, 6, 7), output_num_units=3).initialize()


def test_arrows_are_those_of_the_network(residual):
    assert make_graph(residual).edges == (
        ("input", "one"),
        ("one", "two"),
        ("two", "sum"),
        ("input", "sum"),
        ("sum", "bent"),
        ("bent", "output"),
    )


def test_families_have_their_colours(residual):
    fills = {node.name: node.fill for node in make_graph(_images()).nodes}
    assert fills["hidden"] == fills["output"] != fills["conv"] != fills["pool"] != fills["hidden"]


def test_own_svg_has_all_words_and_arrows(residual):
    made = make_graph(residual)
    root = ElementTree.fromstring(made.svg())
    words = [span.text for span in root.iter(f"{SVG}tspan")]
    assert words == [word for node in made.nodes for word in node.words]
    assert len(root.findall(f"{SVG}rect")) == 6
    assert len(root.findall(f"{SVG}path")) == 6
    left, top, width, height = map(float, root.get("viewBox").split())
    for box in root.findall(f"{SVG}rect"):
        x, y, w, h = (float(box.get(name)) for name in ("x", "y", "width", "height"))
        assert left <= x < x + w <= left + width
        assert top <= y < y + h <= top + height


def test_names_of_functions_are_escaped():
    layers = [InputLayer((None, 4)), DenseLayer(num_units=3, nonlinearity=lambda x: x)]
    drawn = make_graph(NeuralNet(layers, regression=True).initialize(), verbose=True).svg()
    words = [span.text for span in ElementTree.fromstring(drawn).iter(f"{SVG}tspan")]
    assert "nonlinearity: <lambda>" in words


def test_some_layers_can_be_drawn_alone(residual):
    for some in (residual.layers_[1:3], residual.get_all_layers()[1:3]):
        made = make_graph(some)
        assert [node.name for node in made.nodes] == ["one", "two"]
        assert made.edges == (("one", "two"),)


def test_the_source_is_graphviz_s(residual):
    source = make_graph(residual).source()
    assert r'  "sum" [label="sum\nElemwiseSumLayer\n4", fillcolor="#d0eeea"];' in source
    assert '  "input" -> "sum";' in source
    assert source.startswith("digraph network {\n")
    assert source.endswith("}\n")


def test_files_without_graphviz(residual, tmp_path):
    for name in ("net.svg", "net.dot", "net.GV"):
        draw_to_file(residual, tmp_path / name)
    made = make_graph(residual)
    assert (tmp_path / "net.svg").read_text() == made.svg()
    assert (tmp_path / "net.dot").read_text() == (tmp_path / "net.GV").read_text() == made.source()
    with pytest.raises(ImportError, match=r"^rendering a graph as 'png' .*'skconv\[graph\]'"):
        draw_to_file(residual, tmp_path / "net.png")
    with pytest.raises(ValueError, match=r"^filename must end in '.svg', .*, got 'net'$"):
        draw_to_file(residual, "net")


def test_graphviz_draws_where_it_is_there(residual, rendered, tmp_path):
    draw_to_file(residual, tmp_path / "net.png")
    assert (tmp_path / "net.png").read_bytes() == b"<svg>drawn</svg>"
    assert draw_to_notebook(residual)._repr_svg_() == "<svg>drawn</svg>"
    source = make_graph(residual).source()
    assert rendered == [(source, "png"), (source, "svg")]


def test_notebooks_show_own_svg_as_well(residual):
    shown = draw_to_notebook(residual)
    assert shown._repr_svg_() == shown.svg()


def test_graphviz_needs_its_package_and_its_program(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(graph.importlib.util, "find_spec", lambda name: object())
    for path, there in (("/usr/bin/dot", True), (None, False)):
        monkeypatch.setattr(graph.shutil, "which", lambda name, path=path: path)
        assert graph.has_graphviz() is there
    monkeypatch.setattr(graph.shutil, "which", lambda name: "/usr/bin/dot")
    monkeypatch.setattr(graph.importlib.util, "find_spec", lambda name: None)
    assert not graph.has_graphviz()


def test_what_is_no_network():
    with pytest.raises(NotFittedError):
        make_graph(make_net())
    for given in ([], [DenseLayer(num_units=3)]):
        with pytest.raises(
            ValueError, match=r"^layers must be a fitted net, its layers_ or some of them, got "
        ):
            make_graph(given)


def test_boxes_leave_out_shapes_and_tell_fields_if_asked(residual, tmp_path):
    words = [node.words for node in make_graph(residual, output_shape=False).nodes]
    assert words[:3] == [
        ("input", "InputLayer"),
        ("one", "DenseLayer", "20 parameters"),
        ("two", "DenseLayer"),
    ]
    _, conv, pool, *_ = make_graph(_images(), verbose=True).nodes
    assert conv.words[4:] == (
        "num_filters: 4",
        "filter_size: 3",
        "stride: 1",
        "nonlinearity: tanh",
    )
    assert "pool_size: 2" in pool.words
    path = tmp_path / "net.dot"
    draw_to_file(residual, path, output_shape=False, verbose=True)
    assert path.read_text() == make_graph(residual, False, True).source()
    assert draw_to_notebook(residual, verbose=True) == make_graph(residual, verbose=True)


def test_pictures_replace_files_like_weights(residual, tmp_path, monkeypatch):
    (tmp_path / "store.svg").write_text("old")
    (tmp_path / "net.svg").symlink_to(tmp_path / "store.svg")
    draw_to_file(residual, tmp_path / "net.svg")
    assert (tmp_path / "net.svg").is_symlink()
    assert (tmp_path / "store.svg").read_text().startswith("<svg")
    monkeypatch.setattr(graph, "make_graph", pytest.fail)
    with pytest.raises(FileNotFoundError, match=r"^the folder of net.svg must exist, got '.*miss"):
        draw_to_file(residual, tmp_path / "missing" / "net.svg")

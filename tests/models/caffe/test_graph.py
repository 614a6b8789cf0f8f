import numpy as np
import pytest

from skconv.layers import DenseLayer
from skconv.models.caffe.graph import Graph

from .running import outputs, write
from .writer import Writer


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("inception_3a/1x1", "inception_3a_1x1"),
        ("a__b.c-d", "a_b_c_d"),
        ("1st", "layer_1st"),
        ("update", "layer_update"),
        ("", "layer"),
        ("///", "layer"),
        ("\u00fc", "layer"),
        ("class", "class"),
    ],
)
def test_names_are_identifiers(wanted, name):
    assert Graph().name_for(wanted) == name


def test_names_that_become_equal_are_numbered():
    graph = Graph()
    for name in ("a/b", "a_b", "a.b"):
        graph.add_input(name, (1, 3))
    assert list(graph.nodes) == ["a_b", "a_b_2", "a_b_3"]
    assert [graph.tops[name].name for name in ("a/b", "a.b")] == ["a_b", "a_b_3"]


def test_problems_of_layers_are_told_at_once():
    graph = Graph()
    graph.add_input("data", (1, 3))
    with pytest.raises(ValueError, match="num_units must be a positive integer, got 0"):
        graph.add("fc", DenseLayer, [graph.tops["data"]], num_units=0)
    with pytest.raises(ValueError, match=r"the shape of input 'x' must be positive, got \[1, 0\]"):
        graph.add_input("x", (1, 0))


def test_numbers_of_bottoms_and_tops(layer):
    with pytest.raises(ValueError, match=r"top must be given once, got \['a', 'b'\]"):
        layer("ReLU", top=["a", "b"])
    with pytest.raises(ValueError, match=r"bottom must be given once, got \['data', 'data'\]"):
        layer("ReLU", 'bottom: "data"')


def test_parameters_of_one_name_are_shared(tmp_path):
    net = Writer(1, 6)
    param = [{"name": "w"}, {"name": "b"}]
    fc = {"inner_product_param": {"num_output": 6}}
    net.layer("one", "InnerProduct", param=param, **fc)
    net.layer("two", "InnerProduct", param=param, **fc)
    net.layer("three", "InnerProduct", param=param[:1], **fc)
    rng = np.random.default_rng(0)
    W, b, own = (rng.normal(size=s).astype(np.float32) for s in ((6, 6), (6,), (6,)))
    weights = {"one": [W, b], "two": [W, b], "three": [W, own]}
    from skconv.models.caffe.convert import from_caffe

    pretrained = from_caffe(*write(tmp_path, net.text(), weights))
    assert list(pretrained.weights) == ["one.W", "one.b", "three.b"]
    assert pretrained.network["two_W"] == pretrained.network["three_W"] == "one.W"
    X = rng.normal(size=(2, 6)).astype(np.float32)
    (found,) = outputs(pretrained, X)
    np.testing.assert_allclose(found, ((X @ W.T + b) @ W.T + b) @ W.T + own, rtol=1e-4, atol=1e-4)

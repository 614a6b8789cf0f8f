import pytest

from skconv.models.caffe import scan as module
from skconv.models.caffe.scan import scan
from skconv.models.caffe.schema import new_message

NET = new_message("Net").DESCRIPTOR


def test_lines_of_layers_in_all_spellings():
    text = """name: "a # no comment { layer {"
    # layer { in a comment
    layer {
      name: 'x }' }
    layers < type: DATA > layer: { top: "y" } layer
    {
    }
    layer: [ { name: "p" },
             { name: "q" } ]"""
    found = scan(text, NET)
    assert found.lines == [3, 5, 5, 5, 8, 9]
    assert found.old == [False, True, False, False, False, False]
    assert found.unknown == []


def test_unknown_fields_and_values():
    text = """layer { relu_param { slope: 0.1 engine: CUDDN } }
    layer { mine_param { anything { goes: HERE } } }
    sate { phase: TEST }
    layers { type: CONVOLUTIO pooling_param { pool: 1 } }"""
    assert [tuple(name) for name in scan(text, NET).unknown] == [
        (1, 0, "layer.relu_param.slope", None, " Valid names: negative_slope, engine."),
        (1, 0, "layer.relu_param.engine", "CUDDN", " Did you mean 'CUDNN'?"),
        (2, 1, "layer.mine_param", None, scan("layer { mine_param {} }", NET).unknown[0].hint),
        (3, None, "sate", None, " Did you mean 'state'?"),
        (4, 2, "layers.type", "CONVOLUTIO", " Did you mean 'CONVOLUTION'?"),
    ]


def test_bounds(monkeypatch):
    with pytest.raises(ValueError, match="line 2: at most 30 messages may be nested"):
        scan("\n" + "layer {" * 40, NET)
    monkeypatch.setattr(module, "MOST", 3)
    assert len(scan("what: 1 " * 10, NET).unknown) == 3
    with pytest.raises(ValueError, match="line 1: a net may have at most 3 layers"):
        scan("layer {} " * 4, NET)


@pytest.mark.parametrize("text", ["", "}", "}}}>", "{", '"', "layer", "layer:", "'\n'", "[[", "\0"])
def test_any_text_is_scanned(text):
    assert scan(text, NET).lines in ([], [1])

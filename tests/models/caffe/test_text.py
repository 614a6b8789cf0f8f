import contextlib
import random

import pytest

from skconv.models.caffe import text as module
from skconv.models.caffe.text import read_text

from . import networks


def test_a_layout_is_read(file):
    text = "\ufeff" + networks.alexnet().text()
    found = read_text(file(text), "Net")
    assert found.name == "net.prototxt"
    assert found.message.layer[1].convolution_param.kernel_size == [11]
    assert len(found.scan.lines) == len(found.message.layer) == 24


def test_all_unknown_values_are_told_at_once(file):
    text = "layers { type: ROI }\nlayers { type: RELU pooling_param { pool: MAXX } }"
    with pytest.raises(ValueError, match="2 problems") as error:
        read_text(file(text), "Net")
    lines = str(error.value).splitlines()[1:]
    assert lines[0].startswith(
        " - net.prototxt, line 1: layers.type must be a value that Caffe has, got ROI."
    )
    assert lines[1] == (
        " - net.prototxt, line 2: layers.pooling_param.pool must be a value that Caffe has, got "
        "MAXX. Did you mean 'MAX'?"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layer {\n name: 3\n}", r"net\.prototxt, line 2: .*Expected string but found: '3'"),
        ("layer {\n name: 'a'\n", r"net\.prototxt, line \d: "),
        ("layer {" * 50, "net.prototxt, line 1: at most 30 messages may be nested"),
        ("input_dim: many", r"net\.prototxt, line 1: "),
    ],
)
def test_damaged_text_is_told_with_its_line(file, text, message):
    with pytest.raises(ValueError, match=message):
        read_text(file(text), "Net")


def test_files_of_other_kinds(tmp_path, monkeypatch):
    path = tmp_path / "x.caffemodel"
    path.write_bytes(b"\x0a\x03net\xff\xfe")
    with pytest.raises(ValueError, match=r"x.caffemodel must be a text file, .* second argument"):
        read_text(path, "Net")
    monkeypatch.setattr(module, "LARGEST", 3)
    with pytest.raises(ValueError, match=r"x.caffemodel must be a text file of at most 3 bytes"):
        read_text(path, "Net")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_text(tmp_path / "nowhere.prototxt", "Net")


def test_damaged_files_raise_nothing_but_value_errors(file):
    text = networks.squeezenet(last=2).text()
    draw = random.Random(0)
    for _ in range(150):
        place, length = draw.randrange(len(text)), draw.randrange(5)
        junk = "".join(draw.choice("{}<>[]:\"'#\\ \n-0aX\u00e9") for _ in range(draw.randrange(4)))
        with contextlib.suppress(ValueError):
            read_text(file(text[:place] + junk + text[place + length :]), "Net")

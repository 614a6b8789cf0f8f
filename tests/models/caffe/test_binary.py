import contextlib
import random
import tracemalloc

import numpy as np
import pytest

from skconv.models.caffe import binary
from skconv.models.caffe.binary import read_blobs

from .writer import CURRENT, V0, V1, blob, caffemodel, field, varint

rng = np.random.default_rng(0)
W, B = (rng.normal(size=shape).astype(np.float32) for shape in ((4, 3, 2, 2), (4,)))


@pytest.fixture
def model(tmp_path):
    def model(content):
        path = tmp_path / "x.caffemodel"
        path.write_bytes(content)
        return path

    return model


@pytest.mark.parametrize("format", [CURRENT, V1, V0])
@pytest.mark.parametrize("how", [{}, {"double": True}, {"packed": False}], ids=str)
def test_weights_of_all_formats(model, format, how):
    found = read_blobs(model(caffemodel({"conv/1": [W, B], "data": []}, format, **how)))
    assert list(found) == ["conv/1"]
    w, b = found["conv/1"]
    assert w.shape == W.shape
    assert b.shape == ((4,) if format is CURRENT else (1, 1, 1, 4))
    np.testing.assert_array_equal(w.values.reshape(W.shape), W)
    np.testing.assert_array_equal(b.values, B)
    assert b.values.dtype == np.float32
    assert b.values.flags.owndata


def test_numbers_in_pieces_and_unpacked_shapes(model):
    pieces = b"".join(field(5, part.tobytes()) for part in (B[:1], B[1:]))
    shape = field(7, field(1, 2) + field(1, 2))
    content = field(100, field(1, b"a") + field(7, shape + pieces) + field(7, field(5, b"")))
    first, second = read_blobs(model(content))["a"]
    assert first.shape == (2, 2)
    np.testing.assert_array_equal(first.values, B)
    assert second.shape == (0,)


def of_layer(*blobs, name=b"fc"):
    return field(100, field(1, name) + b"".join(field(7, content) for content in blobs))


BAD = {
    "empty": (b"", "must be a .caffemodel, got an empty file"),
    "hdf5": (b"\x89HDF\r\n\x1a\n", "of protobuf, got HDF5; save it as BINARYPROTO"),
    "text": (b'name: "CaffeNet"\nlayer {', "got text; the layout is the first argument"),
    "truncated": (caffemodel({"fc": [W]})[:-3], "but the file ends too early: "),
    "blob": (of_layer(b"\x2a\x08\x00"), "but blob 0 of layer 'fc' ends too early: 1 of 8 bytes"),
    "shape": (
        of_layer(field(7, field(1, varint(10**9))) + field(5, B.tobytes())),
        r"but blob 0 of layer 'fc' has 16 bytes of numbers for the shape \(1000000000,\)",
    ),
    "negative": (
        of_layer(field(7, field(1, varint(2**64 - 1))) + field(5, B.tobytes())),
        "but blob 0 of layer 'fc' has 16 bytes of numbers for the shape",
    ),
    "odd": (of_layer(field(5, b"\0" * 7)), "has 7 bytes of numbers for the shape"),
    "kind": (b"\x07\x00\xff", "but the file has a field of the unknown kind 7"),
    "varint": (b"\x00" + b"\xff" * 12, "but the file has a number of more than ten bytes"),
    "axes": (
        of_layer(field(7, field(1, b"\x01" * 40))),
        "but the shape of blob 0 of layer 'fc' has more than 32 axes",
    ),
    "blobs": (of_layer(*[b""] * 65), "but layer 'fc' has more than 64 blobs"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_told(model, name):
    content, message = BAD[name]
    with pytest.raises(ValueError, match=f"^x.caffemodel .*{message}"):
        read_blobs(model(content))


def test_too_many_layers(model, monkeypatch):
    monkeypatch.setattr(binary, "MOST_LAYERS", 3)
    with pytest.raises(ValueError, match="it has more than 3 layers"):
        read_blobs(model(caffemodel({str(i): [B] for i in range(4)})))


def test_damaged_files_raise_nothing_but_value_errors(model):
    content = caffemodel({"conv": [W, B], "fc": [B]})
    draw = random.Random(0)
    for _ in range(200):
        damaged = bytearray(content)
        for _ in range(draw.randrange(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        with contextlib.suppress(ValueError):
            read_blobs(model(damaged[: draw.choice([len(damaged), draw.randrange(len(damaged))])]))


def test_memory_is_that_of_the_weights(model):
    array = np.zeros((500, 1000), np.float32)
    many = field(100, field(1, b"x") + field(7, blob(array)) + b"\x3a\x00" * 50)
    path = model(many + b"\xa2\x06\x00" * 5_000)  # layers without anything, three bytes each
    tracemalloc.start()
    try:
        read_blobs(path)
        assert tracemalloc.get_traced_memory()[1] < 1.2 * array.nbytes
    finally:
        tracemalloc.stop()

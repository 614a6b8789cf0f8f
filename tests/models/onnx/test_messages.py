import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skconv.models.onnx.messages import read_graph


@pytest.fixture
def file(tmp_path):
    def file(content):
        path = tmp_path / "net.onnx"
        path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        return path

    return file


def model(nodes=(), arrays=(), outputs=()):
    value = helper.make_tensor_value_info("X", 1, ["N", 3])
    return helper.make_model(
        helper.make_graph(list(nodes), "g", [value], list(outputs), list(arrays))
    )


def test_nodes_and_attributes(file):
    given = {"i": -3, "f": 0.5, "s": "text", "ints": [1, -2], "floats": [0.5, 2.0]}
    given |= {"t": numpy_helper.from_array(np.arange(3)), "strings": ["a", "b"]}
    node = helper.make_node("Op", ["X", "", "W"], ["Y"], name="n", domain="own", **given)
    graph = read_graph(file(model([node])))
    (found,) = graph.nodes
    assert (found.op, found.name, found.domain) == ("Op", "n", "own")
    assert (found.inputs, found.outputs) == (["X", "", "W"], ["Y"])
    assert found.attributes.pop("t").tolist() == [0, 1, 2]
    assert found.attributes == {k: v for k, v in given.items() if k != "t"}
    assert graph.inputs == {"X": (1, [None, 3])}
    assert str(found) == "node 'n' (Op)"


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("kind", [1, 2, 3, 6, 7, 9, 10, 11])
def test_arrays(file, kind, raw):
    values = np.array([[0, 1, 2]], helper.tensor_dtype_to_np_dtype(kind))
    content = values.tobytes() if raw else values.ravel()
    tensor = helper.make_tensor("W", kind, [1, 3], content, raw=raw)
    found = read_graph(file(model(arrays=[tensor]))).arrays["W"]
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


def wrong_size():
    tensor = numpy_helper.from_array(np.ones(3, "float32"), "W")
    tensor.dims[:] = [10**9, 10**9]
    return tensor


def elsewhere():
    tensor = TensorProto(name="W", data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be an ONNX file, got an empty file"),
        (b"PK\x03\x04 a zip file", "must be an ONNX file, but"),
        (b"\x08\x07", "must be an ONNX file, but it holds no graph"),
        (model(arrays=[wrong_size()]), "array 'W' has 3 numbers for the shape"),
        (model(arrays=[elsewhere()]), "array 'W' is in another file; write one with all arrays"),
        (model(arrays=[TensorProto(name="W", data_type=16)]), "a type that is not supported: 16"),
    ],
    ids=["empty", "zip", "no graph", "size", "elsewhere", "type"],
)
def test_what_is_no_file(file, content, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_graph(file(content))


def test_damaged_files_raise_one_kind_of_error(file):
    """Every truncation, and many changed bytes."""
    node = helper.make_node("Conv", ["X", "W"], ["Y"], pads=[1, 1], mode="a", alpha=0.5)
    arrays = [numpy_helper.from_array(np.ones((2, 2), "float32"), "W")]
    output = helper.make_tensor_value_info("Y", 1, [1, 2])
    whole = model([node], arrays, [output]).SerializeToString()
    assert onnx.load_from_string(whole)
    rng = np.random.default_rng(0)
    damaged = [whole[:end] for end in range(len(whole))]
    for _ in range(300):
        changed = bytearray(whole)
        changed[rng.integers(len(whole))] = rng.integers(256)
        damaged.append(bytes(changed))
    refused = 0
    for content in damaged:
        try:
            read_graph(file(content))
        except ValueError as error:
            assert "net.onnx must be an ONNX file" in str(error)  # noqa: PT017
            refused += 1
    assert refused > len(whole) - 10

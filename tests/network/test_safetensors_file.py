import json
import re

import numpy as np
import pytest
import safetensors.numpy

from skconv.network.safetensors_file import DTYPES, MAX_HEADER, SafetensorsFile


def entry(first=0, last=4, shape=(4,), dtype="U8"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [first, last]}


def written(path, header, data=bytes(4)):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def read(path):
    with SafetensorsFile(path) as file:
        return {name: np.asarray(array) for name, array in file.items()}


@pytest.mark.parametrize("kind", sorted(safetensors.numpy._TYPES.keys() & DTYPES))
def test_types_are_those_of_the_library(kind, tmp_path):
    arrays = {"a": np.arange(3).astype(safetensors.numpy._TYPES[kind]), "b": np.ones((2, 0))}
    safetensors.numpy.save_file(arrays, tmp_path / "a", metadata={"made": "here"})
    found = read(tmp_path / "a")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_bfloat16_has_the_upper_bits_of_float32(tmp_path):
    values = np.array([1.5, -2.0], np.float32)
    data = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    path = written(tmp_path / "a", {"a": entry(shape=(2,), dtype="BF16")}, data)
    np.testing.assert_array_equal(read(path)["a"].astype(np.float32), values)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("F8_E4M3", "float8_e4m3fn"), ("F8_E5M2", "float8_e5m2"), ("F4", "F4"), ("new", "new")],
)
def test_types_that_no_net_has_are_named(kind, name, tmp_path):
    path = written(tmp_path / "a", {"a": entry(dtype=kind)})
    with SafetensorsFile(path) as file:
        assert file["a"].type_name == name
        if not name.startswith("float8"):
            with pytest.raises(ValueError, match=f"'a' has values of the type {name}$"):
                np.asarray(file["a"])


GOOD = json.dumps(entry())


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (f'{{"a": {GOOD}, "a": {GOOD}}}'.encode(), "it has 'a' twice"),
        (f'{{"a": {GOOD}'.encode(), r"\S"),
        (b"\xff", "utf-8"),
        (b"[" * 100_000, r"\S"),
        ([1], "its header is not a JSON object"),
        ({"a": 1}, "'a' must have a dtype, a shape and data_offsets"),
        ({"a": {"dtype": "U8"}}, "'a' must have a dtype, a shape and data_offsets"),
        ({"a": entry(shape=(-4,))}, "'a' must have a shape and offsets of non-negative integers"),
        ({"a": entry(shape=(4.0,))}, "'a' must have a shape and offsets"),
        ({"a": entry(4, 0)}, "'a' must have a shape and offsets"),
        ({"a": entry(shape=(5,))}, "'a' must have 5 bytes, got 4"),
        ({"a": entry(), "b": entry()}, "its arrays do not lie side by side"),
        ({"a": entry(0, 8, (8,))}, "it must have [0-9]+ bytes, got [0-9]+"),
        ({"a": entry(0, 3, (3,))}, "it must have [0-9]+ bytes, got [0-9]+"),
        ({"a": entry(0, 2**61, (2**61,))}, "it must have [0-9]+ bytes, got [0-9]+"),
        (b" " * (MAX_HEADER + 1), f"its header has {MAX_HEADER + 1} bytes, more than"),
    ],
)
def test_damage_is_told(header, message, tmp_path):
    path = written(tmp_path / "a.safetensors", header)
    start = re.escape(f"{path} must be a complete .safetensors file: ")
    with pytest.raises(ValueError, match=f"^{start}.*{message}"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"1234567", b"\xff" * 8, b"\x09" + bytes(12)])
def test_a_file_that_is_shorter_than_its_header_is_refused(content, tmp_path):
    (path := tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError, match="it is shorter than its header"):
        read(path)

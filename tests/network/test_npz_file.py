import re
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from skconv.network.npz_file import NpzFile

COMPRESSED = zipfile.ZIP_DEFLATED


def header(shape, descr="'|u1'", version=1):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text


def written(path, members, method=zipfile.ZIP_STORED):
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as file:
        warnings.simplefilter("ignore")  # of names that are given twice
        for name, content in members:
            file.writestr(name, content)
    return path


def read(path):
    with NpzFile(path) as file:
        return {name: np.asarray(array) for name, array in file.items()}


def test_compressed_arrays_in_any_order_are_read(tmp_path):
    arrays = {"a.W": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "b": np.zeros((3, 0))}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    found = read(tmp_path / "a.npz")
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
    path = written(tmp_path / "b.npz", [("a.npy", header((2,), version=2) + b"ab")])
    assert read(path)["a"].tolist() == [97, 98]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("a.npy", header((1,)) + b"0")] * 2, "it has 'a' twice"),
        ([("a.txt", b"0")], "its member 'a.txt' is not an array"),
        ([("a.npy", b"0")], "magic string"),
        ([("a.npy", header((2,)) + b"0")], "it ends 1 bytes before the end of an array"),
        ([("a.npy", header((1,)) + b"00")], r"'a' has more bytes than its shape \(1,\)"),
        ([("a.npy", header((-1,)))], r"'a' has the shape \(-1,\)"),
        ([("a.npy", header((2**70,)))], r"'a' has the shape \(1180591620717411303424,\)"),
        ([("a.npy", header((1,), "'|O'"))], "'a' holds Python objects"),
        ([("a.npy", header((1,), "[('b', 'u1')]", version=3))], "'a' has named fields"),
        ([("a.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff")], "EOF"),
        ([("a.npy", header("(" * 2000))], r"\S"),
    ],
)
def test_damage_is_told(tmp_path, members, message):
    path = written(tmp_path / "a.npz", members)
    start = re.escape(f"{path} must be a complete .npz file: ")
    with pytest.raises(ValueError, match=f"^{start}.*{message}"):
        read(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(tmp_path, method):
    path = written(tmp_path / "a.npz", [("a.npy", header((1,)) + b"0")], method)
    with pytest.raises(ValueError, match="'a' is compressed in a way that NumPy does not use"):
        read(path)


@pytest.mark.parametrize("version", [1, 2])
def test_a_member_is_not_unpacked_to_read_its_header(tmp_path, version):
    """Neither for many values nor for a header that says that it is long."""
    size = 2**26
    start = header((size,)) if version == 1 else b"\x93NUMPY\x02\x00" + struct.pack("<I", size)
    path = written(tmp_path / "a.npz", [("a.npy", start + bytes(size))], COMPRESSED)
    tracemalloc.start()
    try:
        with NpzFile(path) as file:
            if version == 1:
                assert file["a"].shape == (size,)
            else:
                with pytest.raises(ValueError, match="must be a complete"):
                    file["a"]
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_values_that_do_not_match_their_sum_are_refused(tmp_path):
    np.savez(path := tmp_path / "a.npz", a=np.zeros(64))
    content = bytearray(path.read_bytes())
    content[300] = 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"Bad CRC-32"):
        read(path)

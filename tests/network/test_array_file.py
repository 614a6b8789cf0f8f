import errno
import io
import re
import zlib

import numpy as np
import pytest

from skconv.network.array_file import naming_file, read_exactly
from skconv.network.weight_files import SUFFIXES, open_arrays, save_arrays


@pytest.mark.parametrize(
    "error",
    [
        zlib.error("invalid block"),
        NotImplementedError("method 9"),
        RuntimeError("password"),
        RecursionError("too deep"),
        OSError(errno.EINVAL, "a negative position"),
        OSError("not a file"),
        KeyError("x"),
        MemoryError(),
    ],
    ids=repr,
)
def test_what_damage_raises_becomes_a_value_error_with_the_path(error):
    with (
        pytest.raises(ValueError, match=r"^a/b\.npz must be a complete \.npz file: \S") as caught,
        naming_file("a/b.npz", ".npz"),
    ):
        raise error
    assert caught.value.__cause__ is error


def test_an_error_of_the_system_keeps_its_type_and_names_the_file():
    with (
        pytest.raises(PermissionError, match=r"no entry: 'a/b\.npz'$"),
        naming_file("a/b.npz", ".npz"),
    ):
        raise PermissionError(errno.EACCES, "no entry")
    with (
        pytest.raises(OSError, match=r"Input/output error: 'a/b\.npz'$") as caught,
        naming_file("a/b.npz", ".npz"),
    ):
        raise OSError(errno.EIO, "Input/output error")
    assert caught.value.errno == errno.EIO


def test_long_messages_are_cut():
    with pytest.raises(ValueError) as caught, naming_file("a.npz", ".npz"):
        raise ValueError("word " * 10_000)
    assert len(str(caught.value)) < 400


def test_bytes_are_read_to_the_end_or_not_at_all():
    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 3))

    values = np.empty(8, np.uint8)
    read_exactly(Slow(bytes(range(8))), values)
    assert values.tolist() == list(range(8))
    with pytest.raises(ValueError, match="it ends 3 bytes before the end of an array"):
        read_exactly(Slow(bytes(5)), values)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_headers_come_first_and_values_later(suffix, tmp_path):
    arrays = {"W": np.arange(6.0).reshape(2, 3), "b": np.float32(3)}
    save_arrays(arrays, path := tmp_path / f"a{suffix}")
    with open_arrays(path) as file:
        assert (len(file), sorted(file)) == (2, ["W", "b"])
        found = file["W"]
        assert (found.shape, found.dtype, found.type_name) == ((2, 3), np.float64, "float64")
        assert found.nbytes == 48
        np.testing.assert_array_equal(found, arrays["W"])
        assert np.asarray(found, np.float32).dtype == np.float32
        assert np.asarray(file["b"]).shape == ()
        with pytest.raises(KeyError):
            file["c"]
    with pytest.raises(ValueError, match=re.escape(f"{path} must be")):
        np.asarray(found)
    assert file.stream.closed


def test_a_damaged_file_is_closed(tmp_path, recwarn):
    (path := tmp_path / "a.npz").write_bytes(b"x")
    with pytest.raises(ValueError, match="must be a complete"):
        open_arrays(path)
    assert not recwarn.list

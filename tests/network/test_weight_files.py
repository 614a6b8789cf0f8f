import errno
import os
import pickle
import re
import resource
import zipfile
from collections import OrderedDict

import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skconv.network.weight_files import SUFFIXES, load_arrays, save_arrays

ARRAYS = {
    "conv1.W": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "conv1.b": np.zeros(2, np.float32),
    "scale": np.float32(0.5),
    "count": np.array([3], np.int64),
    "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
}

suffixes = pytest.mark.parametrize("suffix", SUFFIXES)


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].shape == np.shape(array)
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@suffixes
def test_arrays_come_back_as_they_were(suffix, tmp_path):
    path = tmp_path / f"weights{suffix}"
    save_arrays(ARRAYS, path)
    assert_same(load_arrays(path), ARRAYS)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@suffixes
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,6}\.[Wb]", fullmatch=True),
        hnp.arrays(st.sampled_from([np.float32, np.int32, np.uint8]), hnp.array_shapes(min_side=0)),
        max_size=3,
    )
)
def test_any_shape_and_type_comes_back(suffix, tmp_path, arrays):
    path = tmp_path / f"weights{suffix}"
    save_arrays(arrays, path)
    assert_same(load_arrays(path), arrays)


@suffixes
def test_paths_may_be_strings(suffix, tmp_path):
    path = str(tmp_path / f"weights{suffix}")
    save_arrays(ARRAYS, path)
    assert_same(load_arrays(path), ARRAYS)


def test_files_can_be_read_by_the_libraries_of_their_format(tmp_path):
    save_arrays(ARRAYS, tmp_path / "a.npz")
    save_arrays(ARRAYS, tmp_path / "a.safetensors")
    with np.load(tmp_path / "a.npz") as file:
        assert_same(dict(file), ARRAYS)
    assert_same(safetensors.numpy.load_file(tmp_path / "a.safetensors"), ARRAYS)


@suffixes
def test_an_old_file_is_replaced(suffix, tmp_path):
    path = tmp_path / f"weights{suffix}"
    save_arrays(ARRAYS, path)
    save_arrays({"b": np.ones(2)}, path)
    assert_same(load_arrays(path), {"b": np.ones(2)})


@pytest.mark.parametrize("use", [load_arrays, lambda path: save_arrays(ARRAYS, path)])
@pytest.mark.parametrize("name", ["weights.pkl", "weights", "weights.NPZ", "weights.npz.bak"])
def test_other_endings_are_refused(use, name, tmp_path):
    message = f"a weight file must have the suffix .safetensors or .npz, got {name!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        use(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@suffixes
def test_a_missing_file_is_told_as_such(suffix, tmp_path):
    with pytest.raises(FileNotFoundError, match=f"nowhere{re.escape(suffix)}"):
        load_arrays(tmp_path / f"nowhere{suffix}")


def refused(path):
    message = f"{path} must be a complete {path.suffix} file: "
    return pytest.raises(ValueError, match=f"^{re.escape(message)}.")


@suffixes
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(suffix, part, tmp_path):
    path = tmp_path / f"weights{suffix}"
    save_arrays(ARRAYS, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with refused(path):
        load_arrays(path)


def test_a_flipped_bit_in_an_npz_file_is_noticed(tmp_path):
    path = tmp_path / "weights.npz"
    save_arrays({"W": np.zeros(1000)}, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with refused(path):
        load_arrays(path)


def write_text(path):
    path.write_text("no weights at all, but a text that is long enough for a header")


def write_pickle(path):
    path.write_bytes(pickle.dumps(ARRAYS))


def write_single_array(path):
    with path.open("wb") as file:
        np.save(file, np.ones(3))


def write_zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "no array")


def write_objects(path):
    with path.open("wb") as file:
        np.savez(file, W=np.array([{}], object))


@suffixes
@pytest.mark.parametrize(
    "write", [write_text, write_pickle, write_single_array, write_zip, write_objects]
)
def test_a_file_of_another_format_is_refused(suffix, write, tmp_path):
    path = tmp_path / f"weights{suffix}"
    write(path)
    with refused(path):
        load_arrays(path)


@pytest.mark.parametrize(("written", "read"), [SUFFIXES, SUFFIXES[::-1]])
def test_a_renamed_file_is_refused(written, read, tmp_path):
    save_arrays(ARRAYS, tmp_path / f"weights{written}")
    path = (tmp_path / f"weights{written}").rename(tmp_path / f"weights{read}")
    with refused(path):
        load_arrays(path)


@pytest.fixture
def full_disk():
    """Files of this process cannot grow beyond 20 kB, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@suffixes
@pytest.mark.parametrize("sizes", [(10_000, 1), (4_000, 4_000), (4_990, 1)])
def test_a_full_disk_raises_an_error_with_the_path_and_keeps_the_file(
    suffix, sizes, tmp_path, full_disk
):
    path = tmp_path / f"weights{suffix}"
    save_arrays(ARRAYS, path)
    large = {f"{'long name ' * 5}{i}": np.ones(size, np.float32) for i, size in enumerate(sizes)}
    with pytest.raises(OSError, match=rf"^.Errno 27. .*: {re.escape(repr(str(path)))}$") as caught:
        save_arrays(large, path)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert_same(load_arrays(path), ARRAYS)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@suffixes
def test_an_interruption_leaves_the_old_file_and_nothing_else(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"weights{suffix}"
    save_arrays(ARRAYS, path)

    def interrupt(descriptor):
        assert os.fstat(descriptor).st_size > 0
        raise KeyboardInterrupt("Ctrl-C")

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt, match="Ctrl-C"):
        save_arrays({"b": np.ones(2)}, path)
    assert_same(load_arrays(path), ARRAYS)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_safetensors_reads_what_is_written(tmp_path):
    path = tmp_path / "weights.safetensors"
    arrays = ARRAYS | {
        "turned": np.arange(6.0).reshape(2, 3).T,
        "half": np.ones(3, np.float16),
        "brain": np.ones((2, 2), jnp.bfloat16),
        "whole": np.arange(3),
        "bytes": np.arange(3, dtype=np.uint8),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 2)),
        "one": np.float32(7),
    }
    save_arrays(arrays, path)
    assert_same(safetensors.numpy.load_file(path), arrays)
    with path.open("rb") as file:  # numbers start where the processor reads them fastest
        assert int.from_bytes(file.read(8), "little") % 8 == 0


def test_a_first_file_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def fail(source, target):
        raise PermissionError("no entry")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(PermissionError, match="no entry"):
        save_arrays(ARRAYS, tmp_path / "weights.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["net.params", "net.pkl", "net"])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("make", [dict, OrderedDict])
def test_pickles_of_any_name_are_refused(name, protocol, make, tmp_path):
    path = tmp_path / name
    path.write_bytes(pickle.dumps(make(conv1=[np.ones((2, 2))]), protocol))
    message = f"a weight file must be a .safetensors or .npz file, got a pickle, {name!r}, which"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        load_arrays(path)

import io
import json
import struct
import zipfile
from contextlib import suppress

import numpy as np
import pytest
import safetensors.numpy

from skconv.network.archive import (
    MOST_JSON,
    MOST_LINE,
    open_archive,
    open_archived_weights,
    write_archive,
)

ARRAYS = {"a.W": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.arange(3, dtype=np.uint8)}
NAMES = ("a.json", "b.jsonl", "c.safetensors")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "one.skconv"
    lines = (f"{json.dumps({'epoch': i})}\n" for i in range(10_000))
    write_archive(
        path, {"a.json": ['{"x": ', "[1.5, null]}"], "b.jsonl": lines}, {"c.safetensors": ARRAYS}
    )
    return path


def zipped(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, text in members:
            file.writestr(name, text)


def test_members_come_back(path):
    with open_archive(path, NAMES) as archive:
        assert archive.read_json("a.json") == {"x": [1.5, None]}
        assert [row["epoch"] for row in archive.read_lines("b.jsonl")] == list(range(10_000))
        arrays = archive.open_arrays("c.safetensors")
        assert {name: array.shape for name, array in arrays.items()} == {"a.W": (2, 3), "b": (3,)}
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(np.asarray(arrays[name]), array)
        assert "a.json" in archive
        assert "d.json" not in archive


def test_other_programs_read_the_file(path):
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        assert file.namelist() == list(NAMES)
        assert json.loads(file.read("a.json")) == {"x": [1.5, None]}
        arrays = safetensors.numpy.load(file.read("c.safetensors"))
    np.testing.assert_array_equal(arrays["a.W"], ARRAYS["a.W"])


def test_files_of_other_programs_are_read_if_they_are_not_compressed(path):
    zipped(path, [("a.json", "3")])
    with open_archive(path, NAMES) as archive:
        assert archive.read_json("a.json") == 3


def test_equal_contents_give_equal_files(path, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for one in (first, second):
        write_archive(one, {"a.json": ["1"]}, {"c.safetensors": ARRAYS})
    assert first.read_bytes() == second.read_bytes()


def test_a_file_that_cannot_be_written_leaves_the_one_before(path):
    before = path.read_bytes()

    def failing():
        yield "[1"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_archive(path, {"a.json": failing()}, {})
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_every_byte_that_changes_is_noticed(path):
    """But for those of the zip that say nothing here, such as times."""
    zipped(path, [("a.json", "[1, 2]")])
    content, unnoticed = path.read_bytes(), 0
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0x21
        path.write_bytes(changed)
        with suppress(ValueError), open_archive(path, NAMES) as archive:
            assert archive.read_json("a.json") == [1, 2]
            unnoticed += 1
    assert unnoticed < 60


def test_every_file_that_is_cut_off_is_refused(path):
    content = path.read_bytes()
    for end in (0, 1, 21, 22, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match=r"one\.skconv must be a complete \.skconv file: it"):
            open_archive(path, NAMES).__enter__()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("a.json", "1"), ("a.json", "2")], "it has 'a.json' twice"),
        ([("a.json", "1"), ("../a.json", "2")], "it has an unknown member '../a.json'"),
        ([(f"{i}.json", "1") for i in range(17)], "its index of members is damaged"),
        ([("a" * 60_000, "1")], "its index of members is damaged"),
        ([], "it has no 'a.json'"),
        ([("a.json", "{")], "Expecting property name"),
        ([("a.json", "NaN")], "NaN is not JSON"),
        ([("a.json", '{"a": 1, "a": 2}')], "it has an object with two values of one name"),
        ([("a.json", "[" * 100_000)], "recursion"),
        ([("a.json", b"\xff\xfe1")], ""),
        ([("a.json", " " * (MOST_JSON + 1))], f"has {MOST_JSON + 1} bytes, more than {MOST_JSON}"),
    ],
    ids=range(11),
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_damaged_members_are_refused(path, members, message):
    zipped(path, members)
    with (
        pytest.raises(ValueError, match=f"^{path} must be a complete .skconv file: .*{message}"),
        open_archive(path, NAMES) as archive,
    ):
        archive.read_json("a.json")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_members_are_refused(path, method):
    zipped(path, [("a.json", " " * 1000 + "1")], method)
    with pytest.raises(ValueError, match=r"'a\.json' must be stored as it is, not compressed or"):
        open_archive(path, NAMES).__enter__()


def test_long_lines_are_refused(path):
    zipped(path, [("b.jsonl", "1\n" + "[" * (3 * MOST_LINE))])
    with (
        pytest.raises(ValueError, match=f"has a line of more than {MOST_LINE} bytes"),
        open_archive(path, NAMES) as archive,
    ):
        archive.read_lines("b.jsonl")


def test_members_that_lie_elsewhere_are_refused(path):
    zipped(path, [("a.json", "[1, 2]")])
    content = path.read_bytes()
    start = content.index(b"PK\1\2")
    for place, value in ((42, 5), (42, 2**31), (20, 2**31), (24, 2**31), (24, 2**32 - 1)):
        path.write_bytes(
            content[: start + place] + struct.pack("<I", value) + content[start + place + 4 :]
        )
        with pytest.raises(ValueError, match=r"one\.skconv must be a complete"):
            open_archive(path, NAMES).__enter__()


def test_a_large_file_keeps_its_sizes_in_long_fields(path, monkeypatch):
    """As zips of more than 4 GB do; here of any size."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    write_archive(path, {"a.json": ["[1, 2, 3, 4, 5, 6]"], "b.jsonl": ["1\n2\n"]}, {})
    assert b"PK\6\7" in path.read_bytes()
    with open_archive(path, NAMES) as archive:
        assert archive.read_json("a.json") == [1, 2, 3, 4, 5, 6]
        assert archive.read_lines("b.jsonl") == [1, 2]


def test_damaged_arrays_are_refused(path):
    zipped(path, [("c.safetensors", b"\xff" * 100)])
    with (
        pytest.raises(
            ValueError, match=r"one\.skconv must be a complete \.skconv file: it is short"
        ),
        open_archive(path, NAMES) as archive,
    ):
        archive.open_arrays("c.safetensors")


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_archive(tmp_path / "none.skconv", NAMES).__enter__()


def test_a_number_is_no_path():
    """It would be the descriptor of an open file."""
    for opened in (lambda: open_archive(0, NAMES).__enter__(), lambda: open_archived_weights(0)):
        with pytest.raises(TypeError, match=r"expected str, bytes or os\.PathLike object, not int"):
            opened()


def test_pickles_and_other_files_are_refused(path):
    for content in (b"\x80\x04K\x01.", b"\x93NUMPY" * 10, io.BytesIO().getvalue()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"must be a complete \.skconv file"):
            open_archive(path, NAMES).__enter__()

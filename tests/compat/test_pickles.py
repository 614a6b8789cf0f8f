"""nolearn's files are read, and their code is not run."""

import pickle
from collections import OrderedDict

import numpy as np
import pytest

from skconv.compat.pickles import load_pickle, save_pickle


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_all_protocols(tmp_path, protocol):
    path = tmp_path / "net.pickle"
    values = OrderedDict(conv1=[np.ones((2, 3), np.float32), np.float32(2)], pool1=[])
    path.write_bytes(pickle.dumps(values, protocol))
    loaded = load_pickle(path)
    assert [*loaded] == ["conv1", "pool1"]
    assert np.array_equal(loaded["conv1"][0], values["conv1"][0])
    assert loaded["conv1"][0].dtype == np.float32


def test_a_file_of_python_2(tmp_path):
    """As numpy 1 wrote it there: `numpy.core` and text of one byte for each character."""
    data = pickle.dumps({"output": [np.array([1.0, 2.0], np.float32)]}, 0)
    data = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    path = tmp_path / "net.params"
    path.write_bytes(data)
    assert load_pickle(path)["output"][0].tolist() == [1.0, 2.0]


class Evil:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pickle.dumps({"a": Evil()}), r"arrays only, got builtins.print; if you trust it"),
        (b"", "net.params must be a file of weights"),
        (b"no pickle", "net.params must be a file of weights"),
        (pickle.dumps([np.ones(9)]), "net.params must .* a dict of arrays by layer, got a list"),
        (pickle.dumps(1.5), "net.params must .* a dict of arrays by layer, got an object of type"),
        (pickle.dumps({"a": {"W": np.ones(9)}}), "net.params must .* lists of arrays, by layer"),
        (pickle.dumps({"a": [[[]]]}), "net.params must .* lists of arrays, by layer"),
        (pickle.dumps({"a": [b""]}), "net.params must .* lists of arrays, by layer"),
        (
            b"]("
            + b"N" * 99
            + b"eq\x000}("
            + b"".join(b"U\x01%ch\x00" % i for i in range(97, 123))
            + b"u.",
            "net.params must .* the same values too often",
        ),
        (pickle.dumps({"a": [np.ones(9)]})[:-20], "net.params must be a file of weights"),
    ],
)
def test_other_files_are_refused(tmp_path, capsys, data, message):
    path = tmp_path / "net.params"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        load_pickle(path)
    assert capsys.readouterr().out == ""


def test_files_are_written_whole(tmp_path):
    path = tmp_path / "net.params"
    save_pickle({"a": [1]}, path)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        save_pickle({"a": lambda: 1}, path)
    assert load_pickle(path) == {"a": [1]}
    save_pickle({"a": 0.5, "b": ("text", None, np.arange(2), np.float32(1))}, path)
    loaded = load_pickle(path)
    assert (loaded["a"], loaded["b"][:2], loaded["b"][2].tolist()) == (0.5, ["text", None], [0, 1])
    with pytest.raises(FileNotFoundError):
        load_pickle(tmp_path / "none.params")

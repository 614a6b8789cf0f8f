import os
import pickle
import re
import sys
import zipfile

import pytest
import torch
from torch import nn

from skconv.network.torch_file import TorchFile
from skconv.network.weight_files import open_weights

WEIGHTS = {"fc.weight": torch.ones(3, 2), "fc.bias": torch.zeros(3)}


def written(path, content, **fields):
    torch.save(content, path, **fields)
    return path


@pytest.mark.parametrize("zipped", [True, False])
def test_state_dicts_in_both_formats(zipped, tmp_path):
    path = written(tmp_path / "a.pth", WEIGHTS, _use_new_zipfile_serialization=zipped)
    with open_weights(path) as found:
        assert isinstance(found, TorchFile)
        assert list(found) == list(WEIGHTS)
        assert len(found) == 2
        assert torch.equal(found["fc.weight"], WEIGHTS["fc.weight"])


class Harm:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("save", [torch.save, lambda it, path: path.write_bytes(pickle.dumps(it))])
def test_no_code_of_a_file_runs(save, tmp_path):
    path = tmp_path / "a.pt"
    save({"fc.weight": Harm(tmp_path / "harm")}, path)
    message = rf"^{re.escape(str(path))} must be a complete .pt file: it holds other objects than"
    with pytest.raises(ValueError, match=message):
        open_weights(path)
    assert not (tmp_path / "harm").exists()


def refusal(path, content=None):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        open_weights(path)
    message = str(caught.value)
    assert len(message) < 600
    return message


def test_whole_modules_are_refused(tmp_path):
    path = written(tmp_path / "a.bin", nn.Linear(2, 3))
    hint = "torch.save(torch.load('a.bin', weights_only=False).state_dict(), 'weights.pth')"
    assert refusal(path).endswith(hint)


@pytest.mark.parametrize("zipped", [True, False])
def test_truncated_files(zipped, tmp_path):
    path = written(tmp_path / "a.ckpt", WEIGHTS, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    for size in (0, 1, 10, len(content) // 2, len(content) - 30):
        assert "must be a complete .ckpt file" in refusal(path, content[:size])


def rewritten(path, change, compression=zipfile.ZIP_STORED):
    """Change the pickle of a file that torch wrote."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, change(data) if name.endswith("data.pkl") else data)
    return path


def test_compressed_files(tmp_path):
    weights = {"fc.weight": torch.zeros(500, 500)}
    path = rewritten(written(tmp_path / "a.pth", weights), bytes, zipfile.ZIP_DEFLATED)
    assert "it must not be compressed, got" in refusal(path)


LARGE = b"J" + (2**31 - 1).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"K\x06t", LARGE + b"t"),  # values of the storage
        (b"K\x03K\x02\x86", LARGE + LARGE + b"\x86"),  # shape of the tensor
        (b"K\x03K\x02\x86", b"K\x04K\x02\x86"),
    ],
)
def test_tensors_that_are_larger_than_what_is_stored(old, new, tmp_path):
    path = written(tmp_path / "a.pth", WEIGHTS)
    assert old in zipfile.ZipFile(path).read("a/data.pkl")
    rewritten(path, lambda data: data.replace(old, new, 1))
    assert "must be a complete .pth file" in refusal(path)


def test_large_values_of_the_older_format(tmp_path):
    path = written(tmp_path / "a.pth", WEIGHTS, _use_new_zipfile_serialization=False)
    refusal(path, path.read_bytes().replace(b"K\x06", LARGE, 1))


@pytest.mark.parametrize("content", [[torch.ones(2)], torch.ones(2), 3])
def test_what_is_not_a_mapping(content, tmp_path):
    message = refusal(written(tmp_path / "a.pth", content))
    assert message.endswith(f"as module.state_dict() returns it, got a {type(content).__name__}")


def test_programs(tmp_path):
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:  # as torch.jit.save writes
        archive.writestr("a/constants.pkl", b"")
    assert refusal(path).endswith(
        "got a TorchScript program; write torch.save(torch.jit.load('a.pt').state_dict(), "
        "'weights.pth')"
    )


def test_without_torch(tmp_path, monkeypatch):
    path = written(tmp_path / "resnet.pth", WEIGHTS)
    monkeypatch.setitem(sys.modules, "torch", None)
    message = re.escape(
        "resnet.pth is read by torch, which is not installed: pip install torch; or convert it "
        "where torch is: safetensors.torch.save_file(torch.load('resnet.pth', weights_only=True), "
        "'resnet.safetensors')"
    )
    with pytest.raises(ImportError, match=f"^{message}$"):
        open_weights(path)
    with pytest.raises(FileNotFoundError, match=r"none\.pth"):
        open_weights(tmp_path / "none.pth")

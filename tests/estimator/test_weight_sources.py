import re

import numpy as np
import pytest
import safetensors.torch
import torch

from skconv.estimator.weight_sources import read_weights
from skconv.layers import DenseLayer
from skconv.models import Pretrained
from tests.network.parts import built, rows

NETWORK = built([rows, (DenseLayer, {"name": "output", "num_units": 2})])
WEIGHTS = {"output.W": np.ones((4, 2), np.float32), "output.b": np.zeros(2, np.float32)}


def read(source, **options):
    return read_weights(source, lambda: NETWORK, **{"strict": True, **options})


def test_pretrained_weights_are_told_by_their_source():
    values, network, origin, _ = read(Pretrained({"layers": []}, WEIGHTS, source="timm/four"))
    assert (network, origin) == (NETWORK, "timm/four")
    assert {".".join(place) for place in values} == set(WEIGHTS)
    assert read(Pretrained({"layers": []}, WEIGHTS))[2] == "a Pretrained"


def test_the_network_is_built_once_the_source_is_known_to_be_valid():
    with pytest.raises(TypeError, match=re.escape("a dict or a path, got int")):
        read_weights(3, lambda: pytest.fail("built"), strict=True)


def test_errors_name_the_file(tmp_path):
    np.savez(tmp_path / "own.npz", **{"other.W": WEIGHTS["output.W"]})
    with pytest.raises(ValueError, match=re.escape(f"{tmp_path / 'own.npz'} must hold")):
        read(tmp_path / "own.npz")


TENSORS = {
    "head.weight": torch.arange(8.0).reshape(2, 4),
    "head.bias": torch.ones(2, dtype=torch.bfloat16),
}


@pytest.mark.parametrize(
    "write",
    [
        lambda path: safetensors.torch.save_file(TENSORS, path.with_suffix(".safetensors")),
        lambda path: torch.save(TENSORS, path.with_suffix(".pth")),
        lambda path: torch.save({"model": TENSORS, "epoch": 3}, path.with_suffix(".tar")),
    ],
)
def test_files_of_torch(write, tmp_path):
    write(tmp_path / "a")
    (path,) = tmp_path.iterdir()
    values, _, origin, table = read(path)
    np.testing.assert_array_equal(values["output", "W"], TENSORS["head.weight"].T)
    np.testing.assert_array_equal(values["output", "b"], [1, 1])
    assert (origin, table) == (str(path), "  output <- head")


def test_errors_about_weights_of_torch_name_the_file(tmp_path):
    torch.save({"a.weight": torch.ones(3, 3)}, tmp_path / "a.pth")
    message = f"{tmp_path / 'a.pth'} must hold weights for this net, got those of another, in which"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        read(tmp_path / "a.pth")


def test_modules_of_torch_have_a_state_dict():
    with pytest.raises(TypeError, match=r"got Linear; for a module of torch, give module.state_d"):
        read(torch.nn.Linear(4, 2))


def test_outputs_of_other_classes_are_told_unless_they_are_replaced(recwarn):
    weights = {"head.weight": torch.ones(9, 4), "head.bias": torch.ones(9)}
    with pytest.raises(ValueError, match="source must have parameters with names and shapes"):
        read(weights, strict=False, replaced=["output"])
    assert not recwarn
    with pytest.warns(UserWarning, match="leaves layer 'output' as it is: it has 2 units, and 'he"):
        assert read(weights)[0] == {}

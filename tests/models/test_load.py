import json
import pickle
import re
import sys

import numpy as np
import pytest
import safetensors.torch
import torch

from skconv import NeuralNet
from skconv.models import load
from skconv.preprocessing import PrepareImages
from tests.models.torch_modules import randomize

CONFIG = {
    "architecture": "squeezenet1_1",
    "num_classes": 3,
    "model_args": {"num_classes": 3, "global_pool": "avg"},
    "label_names": ["cat", "dog", "owl"],
    "pretrained_cfg": {
        **{"input_size": [3, 40, 40], "crop_pct": 0.95, "interpolation": "bicubic"},
        **{"mean": [0.5, 0.4, 0.3], "std": [0.1, 0.2, 0.3], "crop_mode": "squash"},
    },
}
REPOSITORY = "timm/squeezenet1_1.own"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def module():
    import torchvision

    return randomize(torchvision.models.squeezenet1_1(num_classes=3))


@pytest.fixture(scope="module")
def cache(module, tmp_path_factory):
    """Write a repository into a folder in the layout of the hub's cache."""
    cache = tmp_path_factory.mktemp("hub")
    folder = cache / f"models--{REPOSITORY.replace('/', '--')}"
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text(COMMIT)
    (snapshot / "config.json").write_text(json.dumps(CONFIG))
    safetensors.torch.save_file(module.state_dict(), snapshot / "model.safetensors")
    return cache


@pytest.fixture(scope="module")
def loaded(cache):
    return load(REPOSITORY, cache_dir=cache, local_files_only=True)


def test_repositories_come_from_the_cache(loaded, module):
    assert repr(loaded) == "Pretrained('timm/squeezenet1_1.own', 52 arrays, 724035 numbers)"
    assert loaded.classes == ("cat", "dog", "owl")
    assert (
        loaded.preprocessing.get_params()
        == PrepareImages(
            size=40,
            resize_to=(42, 42),
            resize="stretch",
            resample="bicubic",
            mean=(0.5, 0.4, 0.3),
            std=(0.1, 0.2, 0.3),
        ).get_params()
    )
    conv, last = module.features[0], module.classifier[1]
    for name, expected in (("conv1", conv), ("conv10", last)):
        np.testing.assert_array_equal(loaded.weights[f"{name}.W"], expected.weight.detach())
        np.testing.assert_array_equal(loaded.weights[f"{name}.b"], expected.bias.detach())


def test_networks_start_from_the_weights(loaded):
    net = NeuralNet(**loaded.network, pretrained=loaded).initialize()
    assert {p.name for p in net.get_all_params()} == set(loaded.weights)
    for parameter in net.get_all_params():
        np.testing.assert_array_equal(parameter.get_value(), loaded.weights[parameter.name])


@pytest.mark.parametrize("size", [48, (48, 64)])
def test_images_of_another_size(cache, loaded, size):
    other = load(REPOSITORY, image_size=size, cache_dir=cache, local_files_only=True)
    pair = (48, 48) if size == 48 else size
    assert other.network["input_shape"] == (None, 3, *pair)
    assert other.preprocessing.size == size
    assert other.preprocessing.resize_to == tuple(int(n / 0.95) for n in pair)
    np.testing.assert_array_equal(other.weights["conv1.W"], loaded.weights["conv1.W"])


def test_positions_of_a_vision_transformer_are_interpolated(tmp_path):
    timm = pytest.importorskip("timm")
    module = timm.create_model("vit_tiny_patch16_224")
    config = {"architecture": "deit_tiny_patch16_224", "input_size": [3, 224, 224]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    safetensors.torch.save_file(module.state_dict(), tmp_path / "model.safetensors")
    loaded = load(tmp_path, image_size=(256, 208))
    expected = timm.layers.resample_abs_pos_embed(module.pos_embed, [16, 13])[0].detach()
    np.testing.assert_allclose(loaded.weights["position.b"], expected, atol=1e-6)


@pytest.mark.parametrize("size", [0, -1, "large", 2.5, (32,), True])
def test_sizes_that_are_none(cache, size):
    with pytest.raises(ValueError, match="image_size must be a positive integer, or two for"):
        load(REPOSITORY, image_size=size, cache_dir=cache, local_files_only=True)


def test_folders(cache, loaded, tmp_path):
    (folder,) = (path for path in cache.iterdir() if path.name.startswith("models--"))
    for name in (folder, folder / "snapshots" / COMMIT):
        found = load(name)
        assert found.weights.keys() == loaded.weights.keys()
        assert found.source == str(name)


def written(folder, weights=None, **changes):
    config = {key: value for key, value in (CONFIG | changes).items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config))
    torch.save({} if weights is None else weights, folder / "pytorch_model.bin")
    return folder


def test_files_of_torch_are_read_without_running_them(module, tmp_path):
    found = load(written(tmp_path, module.state_dict()))
    np.testing.assert_array_equal(found.weights["conv10.b"], module.classifier[1].bias.detach())
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps({"a.weight": print}))
    with pytest.raises(ValueError, match=r"must be a complete \.bin file: it holds other obj"):
        load(tmp_path)


def test_declared_tensors_take_no_memory(module, tmp_path):
    weights = dict(module.state_dict())
    weights["features.0.weight"] = torch.ones(1).expand(10**5, 10**5, 3, 3)
    with pytest.raises(ValueError, match=r"bin: it must hold what it declares, got 90000"):
        load(written(tmp_path, weights))


PUBLISHED = CONFIG["pretrained_cfg"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "squeezenet1_2"}, "got 'squeezenet1_2'. Did you mean 'squeezenet1_1'?"),
        ({"architecture": None, "model_type": "vit"}, "got None; it is one of transformers, 'vit'"),
        (
            {"model_args": {"in_chans": 1, "output_stride": 8}},
            "must not change the network, got {'output_stride': 8}",
        ),
        ({"num_classes": -1}, "num_classes must be a non-negative integer, got -1"),
        ({"num_classes": 4}, "label_names must be a list of 4 names"),
        ({"pretrained_cfg": {"input_size": [3, 40]}}, "input_size must be a list of numbers"),
        ({"pretrained_cfg": {"input_size": [3, 40, -1]}}, "input_size must be three positive int"),
        ({"pretrained_cfg": PUBLISHED | {"crop_pct": 3}}, "crop_pct must be a fraction, got 3"),
        ({"pretrained_cfg": PUBLISHED | {"crop_mode": "border"}}, "'center', 'squash', got 'bor"),
        ({"pretrained_cfg": PUBLISHED | {"mean": 0.5}}, "mean must be a list of numbers, got 0.5"),
        ({}, "source must hold weights for this net, got those of another, in which"),
    ],
)
def test_configs_of_other_networks(changes, message, tmp_path):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load(written(tmp_path, {"fc.weight": torch.ones(2, 2)}, **changes))
    assert str(tmp_path) in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("text", ["{", "[1]", "[" * 100_000])
def test_configs_that_are_not_json_objects(text, tmp_path):
    written(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config.json must hold"):
        load(tmp_path)


def test_what_is_not_there(cache, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"must have config.json and model.safetensors or"):
        load(tmp_path)
    with pytest.raises(OSError, match="local"):
        load("timm/other", cache_dir=cache, local_files_only=True)
    with pytest.raises(ValueError, match=r"name must be a repository of Hugging Face's hub, as in"):
        load("resnet18")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"pip install 'skconv\[hub\]'"):
        load("timm/other")

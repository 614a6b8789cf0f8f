import math
import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(EXAMPLES / "rectifiers.py")


def test_one_epoch_draws_a_picture(example, tmp_path, capsys):
    picture = tmp_path / "picture.png"
    ratios = example["main"](epochs=1, path=picture, rows=128, names=["today+inputs"])
    assert list(ratios) == ["today+inputs"]
    assert math.isnan(ratios["today+inputs"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert printed.count("after 1 epochs") == 8
    assert "rectifiers: inf epochs to reach an error of 25%" in printed
    assert "tanh needs nan times as many epochs" in printed


def test_images_come_from_a_file(example, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    labels = np.arange(5, dtype=np.uint8)
    np.savez(tmp_path / "cifar.npz", train_x=images, train_y=labels)
    X, y = example["load"](tmp_path / "cifar.npz", 3)
    assert X.shape == (3, 3, 32, 32)
    assert X.dtype == np.float32
    pixels = images[y].transpose(0, 3, 1, 2).astype(float)
    np.testing.assert_allclose(X, pixels - pixels.mean(0), atol=1e-4)


def test_a_setting_changes_the_table_at_the_named_places(example):
    settings, table = example["settings"], example["SETTINGS"]
    assert settings("2012") == table["2012"]
    assert settings("2012+inputs") == table["2012"] | {"inputs": "standardized"}
    changed = settings("today+weights+biases")
    assert changed == table["2012"] | {"inputs": "standardized", "momentum": 0.9}
    changed = settings("cuda-convnet+weights")
    assert changed == table["today"] | {"inputs": "centered"}
    assert settings("2012+momentum") == table["2012"] | {"momentum": 0.9}


def test_a_net_starts_with_the_settings(example):
    net = example["build"](example["tanh"], 0.01, example["settings"]("2012"))
    net.set_params(input_shape=(None, 3, 32, 32), output_num_units=10).initialize()
    stds = [np.std(layer.W) for name, layer in net.layers_.items() if hasattr(layer, "W")]
    np.testing.assert_allclose(stds, 0.01, rtol=0.05)
    for i in (1, 2, 3):
        np.testing.assert_array_equal(net.layers_[f"conv{i}"].b, 1)
    assert net.update_momentum == 0


@pytest.mark.parametrize(
    ("errors", "epochs"),
    [([0.2], 1), ([0.5, 0.25], 2), ([0.6, 0.35, 0.15], 2.5), ([0.5, 0.4], math.inf)],
)
def test_epochs_to_the_target(example, errors, epochs):
    assert example["epochs_to_target"](errors) == pytest.approx(epochs)

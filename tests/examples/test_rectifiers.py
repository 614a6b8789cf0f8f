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
    ratio = example["main"](epochs=1, path=picture, rows=128)
    assert math.isnan(ratio)
    assert picture.read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert printed.count("after 1 epochs") == 6
    assert "rectifiers: inf epochs to reach an error of 25%" in printed
    assert "tanh needs nan times as many epochs" in printed


def test_images_come_from_a_file(example, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    labels = np.arange(5, dtype=np.uint8)
    np.savez(tmp_path / "cifar.npz", train_x=images, train_y=labels)
    X, y = example["load"](tmp_path / "cifar.npz", 3)
    assert X.shape == (3, 3, 32, 32)
    assert X.dtype == np.float32
    scaled = images[y].transpose(0, 3, 1, 2) / 255
    np.testing.assert_allclose(X, scaled - scaled.mean(0), atol=1e-6)


@pytest.mark.parametrize(
    ("errors", "epochs"),
    [([0.2], 1), ([0.5, 0.25], 2), ([0.6, 0.35, 0.15], 2.5), ([0.5, 0.4], math.inf)],
)
def test_epochs_to_the_target(example, errors, epochs):
    assert example["epochs_to_target"](errors) == pytest.approx(epochs)

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(EXAMPLES / "digits_augmentation.py")


def test_one_epoch_draws_a_picture(example, tmp_path, capsys):
    picture = tmp_path / "picture.png"
    accuracies = example["main"](epochs=1, seeds=[0], path=picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "Accuracy on 3000 test digits, mean over 1 seeds:" in printed
    assert [*accuracies] == [*example["TRAININGS"], example["TEST_TIME"]]
    for name, accuracy in accuracies.items():
        assert 0.2 < accuracy < 1
        assert f"{accuracy:.4f} {name}" in printed


def test_curves_are_means_over_seeds(example):
    curves = [{"a": {1: 0.5, 2: 0.25}}, {"a": {1: 0.25, 2: 0.25}}]
    assert example["mean"](curves) == {"a": {1: 0.375, 2: 0.25}}

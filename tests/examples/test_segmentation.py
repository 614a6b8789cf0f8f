import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(EXAMPLES / "segmentation.py")


def test_one_epoch_draws_a_picture(example, tmp_path, capsys):
    picture = tmp_path / "picture.png"
    score = example["main"](epochs=1, rows=48, path=picture)
    assert 0 < score < 1
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"Mean intersection over union: {score:.3f}" in capsys.readouterr().out


def test_outlines_lie_between_classes(example):
    X, y = example["make"](20, seed=0)
    assert X.shape == (20, 1, 32, 32)
    assert set(np.unique(y)) == {0, 1, 2, 3, example["OUTLINE"]}
    for one, other in ((y[:, 1:], y[:, :-1]), (y[:, :, 1:], y[:, :, :-1])):
        known = (one != example["OUTLINE"]) & (other != example["OUTLINE"])
        assert (one == other)[known].all()


def test_the_score_leaves_outlines_out(example):
    y = np.array([[0, 0, 1, 1, 255]])
    assert example["mean_iou"](y, np.array([[0, 0, 1, 0, 1]])) == pytest.approx((2 / 3 + 1 / 2) / 2)

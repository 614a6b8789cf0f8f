import runpy
from pathlib import Path

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.layers import Conv2DLayer, DenseLayer, GlobalPoolLayer, InputLayer
from skconv.preprocessing import ReadImages

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLES / "finetune_efficientnet.py"))


def tiny(size):
    """A net in place of the EfficientNet, which takes seconds to compile for each size."""
    return NeuralNet(
        layers=[
            ("input", InputLayer),
            ("conv", Conv2DLayer),
            ("pool", GlobalPoolLayer),
            ("output", DenseLayer),
        ],
        input_shape=(None, 3, size, size),
        conv_num_filters=8,
        conv_filter_size=5,
        conv_stride=4,
        output_num_units=1000,
        random_state=0,
    ).initialize()


def test_both_figures_are_drawn(example, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(example["main"].__globals__, "load", tiny)
    scores = example["main"](counts=(1, 2), repeats=1, tests=2, folder=tmp_path)
    assert {name: values.shape for name, values in scores.items()} == {
        "pretrained EfficientNet-Lite0": (2, 1),
        "small net from scratch": (2, 1),
    }
    for name in ("top5.png", "finetuning.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.count("\n") == 12


def test_photographs_are_named(example):
    """They are of a cat, a cup of coffee, and a man with a tripod."""
    names = ("chelsea", "coffee", "camera")
    paths = [path for path in example["photographs"]() if path.stem in names]
    images = ReadImages(size=224, resample="bicubic").transform(paths)
    found = example["name_classes"](example["load"](224), images)
    first, second, third = ({name for name, _ in classes} for classes in found)
    assert {"tabby", "tiger cat", "Egyptian cat"} <= first
    assert {"espresso", "coffee mug"} <= second
    assert "tripod" in third


def test_patches_for_testing_are_of_other_halves(example):
    X, y, train = example["cut_patches"](4)
    assert (X.shape, X.dtype) == ((72, 32, 32), np.uint8)
    assert len(np.unique(y[train])) == len(np.unique(y[~train])) == 9
    rows = example["choose"](example["Patches"](X, y, train), 2, seed=0)
    assert train[rows].all()
    assert np.unique(y[rows], return_counts=True)[1].tolist() == [2] * 9
    assert example["enlarge"](X[:3]).shape == (3, 3, 64, 64)

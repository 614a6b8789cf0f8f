import ast
import runpy
from pathlib import Path

import numpy as np
import pytest

from skconv import layers
from skconv.compat import installed

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    with installed():
        return runpy.run_path(EXAMPLES / "nolearn_digits.py")


@pytest.mark.parametrize("name", ["nolearn_digits", "nolearn_keypoints"])
def test_the_script_does_not_know_skconv(name):
    tree = ast.parse((EXAMPLES / f"{name}.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert "nolearn.lasagne" in imported
    assert not any(module.startswith("skconv") for module in imported)


def test_nets_have_the_defaults_of_the_notebooks(example):
    net = example["make_cnn"](10)
    assert isinstance(net.batch_iterator_train, example["BatchIterator"])
    assert net.batch_iterator_train.batch_size == 128
    assert net.warm_start
    cls = dict(net.layers)["conv1"]
    assert issubclass(cls, layers.Conv2DLayer)
    assert cls(None, 1, 1).flip_filters


@pytest.fixture
def small_nets(example, monkeypatch):
    """Let all parts train a small perceptron, which compiles in no time."""
    make = example["make_mlp"]

    def make_small(epochs):
        return make(epochs).set_params(hidden1_num_units=20, hidden2_num_units=10)

    for name in ("make_mlp", "make_cnn"):
        monkeypatch.setitem(make.__globals__, name, make_small)


@pytest.mark.usefixtures("small_nets")
def test_all_parts_run(example, monkeypatch, capsys):
    X, y = (part[:2000] for part in example["load"]())
    monkeypatch.setitem(example["main"].__globals__, "load", lambda: (X, y))
    found = example["main"](["mlp", "cnn"], seeds=[0, 1], epochs=3)
    further = example["train_flips"](X, y, epochs=1)
    further |= example["train_augmentation"](X[:300], y[:300], epochs=1)
    assert [*found, *further] == [*example["NOTEBOOKS"]]
    assert found["mlp"][0] != found["mlp"][1]
    assert np.mean(found["cnn, 10 epochs more"]) > np.mean(found["cnn"])
    accuracies = " ".join(f"{accuracy:.3f}" for accuracy in found["mlp"])
    assert f"   0.877  {np.mean(found['mlp']):.3f}  mlp: {accuracies}" in capsys.readouterr().out


def test_affine_batches_are_those_of_scikit_image(example, monkeypatch):
    transform = pytest.importorskip("skimage.transform")
    images = np.random.default_rng(0).random((3, 1, 28, 28)).astype(np.float32)
    np.random.seed(0)
    moved, _ = example["AffineBatchIterator"](3).transform(images, None)
    np.random.seed(0)
    for image, own in zip(images[:, 0], moved[:, 0], strict=True):
        angle = np.random.choice(example["ROTATIONS"])
        shift = np.random.choice(example["SHIFTS"])
        scale = np.random.uniform(0.9, 1.1)
        map_ = transform.SimilarityTransform(rotation=angle, translation=shift, scale=scale)
        np.testing.assert_allclose(transform.warp(image, map_), own, atol=1e-5)

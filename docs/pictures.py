"""Draw the pictures of plots and transforms: `python pictures.py FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits, load_sample_image

from skconv import NeuralNetClassifier, augment, visualize
from skconv.layers import Conv2DLayer, DenseLayer, GlobalPoolLayer, InputLayer, MaxPool2DLayer

PLOTS = {
    "plot_loss": lambda net, X, y: visualize.plot_loss(net, figsize=(5, 3)),
    "plot_predictions": lambda net, X, y: visualize.plot_predictions(net, X, y, 8),
    "plot_confusion": lambda net, X, y: visualize.plot_confusion(net, X, y),
    "plot_augmented": lambda net, X, y: visualize.plot_augmented(
        augment.RandomAffine(rotation=20), X[:2], 6
    ),
    "plot_conv_weights": lambda net, X, y: visualize.plot_conv_weights(net.layers_["conv1"]),
    "plot_conv_activity": lambda net, X, y: visualize.plot_conv_activity(
        net.layers_["conv1"], X[:1]
    ),
    "plot_embedding": lambda net, X, y: visualize.plot_embedding(net, X, y),
    "plot_occlusion": lambda net, X, y: visualize.plot_occlusion(net, X[:2], square_length=3),
    "plot_saliency": lambda net, X, y: visualize.plot_saliency(net, X[:2]),
    "plot_grad_cam": lambda net, X, y: visualize.plot_grad_cam(net, X[:2]),
    "plot_integrated_gradients": lambda net, X, y: visualize.plot_integrated_gradients(net, X[:2]),
}

TRANSFORMS = {
    "AlternatingFlip": augment.AlternatingFlip(),
    "Brightness": augment.Brightness(0.4),
    "Contrast": augment.Contrast(0.6),
    "CutMix": augment.CutMix(),
    "Cutout": augment.Cutout(20),
    "ElasticDeformation": augment.ElasticDeformation(60, 5),
    "Gamma": augment.Gamma(2.0),
    "GaussianBlur": augment.GaussianBlur(2.0),
    "GaussianNoise": augment.GaussianNoise(0.15),
    "Hue": augment.Hue(0.3),
    "MixUp": augment.MixUp(1.0),
    "OneOf": augment.OneOf([augment.RandomFlip(), augment.GaussianBlur(2.0)]),
    "PCAColor": augment.PCAColor(0.5),
    "RandAugment": augment.RandAugment(),
    "RandomAffine": augment.RandomAffine(rotation=25, translation=8, scale=1.3, shear=10),
    "RandomCrop": augment.RandomCrop(16),
    "RandomFlip": augment.RandomFlip(),
    "RandomResizedCrop": augment.RandomResizedCrop(),
    "Rot90": augment.Rot90(),
    "Saturation": augment.Saturation(0.9),
    "Sometimes": augment.Sometimes(0.5, augment.Cutout(20)),
}


@cache
def photographs() -> np.ndarray:
    """Return photographs of a flower and of a palace, square and small."""
    flower, palace = load_sample_image("flower.jpg"), load_sample_image("china.jpg")
    images = np.stack([flower[40:424, 130:514], palace[30:414, 60:444]])
    small = images.reshape(2, 96, 4, 96, 4, 3).mean((2, 4))
    return (small / 255).astype(np.float32).transpose(0, 3, 1, 2)


@cache
def digits() -> tuple[NeuralNetClassifier, np.ndarray, np.ndarray]:
    """Return a net that is trained for a moment, and digits that it has not seen."""
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 1, 8, 8) / 16
    net = NeuralNetClassifier(
        layers=[
            ("input", InputLayer),
            ("conv1", Conv2DLayer),
            ("pool1", MaxPool2DLayer),
            ("conv2", Conv2DLayer),
            ("everywhere", GlobalPoolLayer),
            ("output", DenseLayer),
        ],
        conv1_num_filters=16,
        conv1_filter_size=3,
        conv1_pad="same",
        pool1_pool_size=2,
        conv2_num_filters=32,
        conv2_filter_size=3,
        conv2_pad="same",
        update="adam",
        update_learning_rate=0.01,
        max_epochs=15,
        random_state=0,
    )
    return net.fit(X[:1400], y[:1400]), X[1400:], y[1400:]


def main(folder: Path) -> None:
    """Draw the pictures that are not there yet."""
    plt.switch_backend("agg")
    for name, plot in PLOTS.items():
        save(folder / f"skconv.visualize.{name}.png", lambda plot=plot: plot(*digits()))
    for name, transform in TRANSFORMS.items():
        images = photographs() if augment.mixes(transform) else photographs()[:1]
        save(
            folder / f"skconv.augment.{name}.png",
            lambda it=transform, X=images: visualize.plot_augmented(it, X, 5, figsize=(7, None)),
        )


def save(path: Path, draw: Callable[[], Any]) -> None:
    """Write a figure, unless the file exists."""
    if not path.exists():
        figure = draw()
        figure.savefig(path, dpi=90)
        plt.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

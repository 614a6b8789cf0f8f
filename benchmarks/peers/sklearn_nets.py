"""The perceptron in scikit-learn, which runs only on the CPU."""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import MLPClassifier

from .. import recipe
from ..case import Sample
from ..clock import Clock
from ..data import Split


def epochs(split: Split, seed: int) -> Sample:
    """Fit a 784-500-50-10 perceptron epoch by epoch, with timing and validation."""
    net = MLPClassifier(
        (500, 50),
        solver="sgd",
        learning_rate_init=recipe.RATE,
        momentum=recipe.MOMENTUM,
        nesterovs_momentum=True,
        alpha=0,
        batch_size=recipe.BATCH,
        random_state=seed,
    )
    clock = Clock()
    classes = np.unique(split.y_train)
    for _ in range(recipe.EPOCHS):
        net.partial_fit(split.X_train, split.y_train, classes=classes)
        net.score(split.X_valid, split.y_valid)
        clock.tick()
    accuracy = np.mean(net.predict(split.X_test) == split.y_test)
    return Sample(clock.warm, clock.first, {"accuracy": accuracy, "training loss": net.loss_})

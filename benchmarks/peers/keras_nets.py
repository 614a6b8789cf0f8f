"""The tutorial's network in Keras 3 on JAX."""

from __future__ import annotations

import keras
import numpy as np

from .. import recipe
from ..case import Sample
from ..clock import Clock
from ..data import Split


def tutorial() -> keras.Model:
    """Return the convolutional network of the quickstart."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 2, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(500, activation="relu"),
            layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(recipe.RATE, recipe.MOMENTUM, nesterov=True),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def epochs(split: Split, seed: int) -> Sample:
    """Fit the network and time the epochs."""
    keras.utils.set_random_seed(seed)
    X_train, X_valid, X_test = (
        np.ascontiguousarray(X.transpose(0, 2, 3, 1))
        for X in (split.X_train, split.X_valid, split.X_test)
    )
    clock = Clock()
    model = tutorial()
    fitted = model.fit(
        X_train,
        split.y_train,
        batch_size=recipe.BATCH,
        epochs=recipe.EPOCHS,
        validation_data=(X_valid, split.y_valid),
        validation_batch_size=recipe.BATCH,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=clock.tick)],
        verbose=0,
    )
    predicted = model.predict(X_test, batch_size=recipe.BATCH, verbose=0).argmax(1)
    scores = {
        "accuracy": float(np.mean(predicted == split.y_test)),
        "training loss": fitted.history["loss"][-1],
    }
    return Sample(clock.warm, clock.first, scores)

# %% [markdown]
# # Locate facial keypoints, with a script for nolearn and Lasagne
#
# The training of Daniel Nouri's facial keypoints tutorial of 2014: flips as augmentation, a
# learning rate and a momentum that handlers change, early stopping, and specialists for parts of
# the face, which start from the weights of the net for all keypoints. Nothing in this file knows
# skconv.
#
# Run `python -m skconv.compat examples/nolearn_keypoints.py`, for synthetic faces, or name a file
# as for `facial_keypoints.py`.

# %%
from __future__ import annotations

import argparse
import pickle
import sys

import numpy as np
import theano
from facial_keypoints import FLIP_PAIRS, SIZE, load, synthesize
from lasagne import layers
from nolearn.lasagne import BatchIterator, NeuralNet
from sklearn.base import clone

SPECIALISTS = {"brows": range(17, 27), "eyes": range(36, 48), "mouth": range(48, 68)}


# %%
def float32(k):
    return np.asarray(k, dtype=np.float32)


# %%
def flip_indices(points):
    """Return the columns to swap for some keypoints, of which y has x and y each."""
    columns = {point: 2 * i for i, point in enumerate(points)}
    pairs = [(columns[a], columns[b]) for a, b in FLIP_PAIRS if a in columns and b in columns]
    return [(a + axis, b + axis) for a, b in pairs for axis in (0, 1)]


# %%
class FlipBatchIterator(BatchIterator):
    flip_indices = flip_indices(range(68))

    def transform(self, Xb, yb):
        Xb, yb = super().transform(Xb, yb)
        indices = np.random.choice(len(Xb), len(Xb) // 2, replace=False)
        Xb[indices] = Xb[indices, :, :, ::-1]
        if yb is not None:
            yb[indices, ::2] = yb[indices, ::2] * -1
            for a, b in self.flip_indices:
                yb[indices, a], yb[indices, b] = yb[indices, b], yb[indices, a]
        return Xb, yb


# %%
class AdjustVariable:
    def __init__(self, name, start=0.03, stop=0.001):
        self.name = name
        self.start, self.stop = start, stop
        self.ls = None

    def __call__(self, nn, train_history):
        if self.ls is None:
            self.ls = np.linspace(self.start, self.stop, nn.max_epochs)
        getattr(nn, self.name).set_value(float32(self.ls[train_history[-1]["epoch"] - 1]))


# %%
class EarlyStopping:
    def __init__(self, patience=100):
        self.patience = patience
        self.best_valid = np.inf
        self.best_epoch = 0
        self.best_weights = None

    def __call__(self, nn, train_history):
        now = train_history[-1]
        if now["valid_loss"] < self.best_valid:
            self.best_valid, self.best_epoch = now["valid_loss"], now["epoch"]
            self.best_weights = nn.get_all_params_values()
        elif self.best_epoch + self.patience < now["epoch"]:
            print(f"Early stopping: the best epoch was {self.best_epoch}, of {self.best_valid:.6f}")
            nn.load_params_from(self.best_weights)
            raise StopIteration


# %%
def make_net(epochs):
    return NeuralNet(
        layers=[
            ("input", layers.InputLayer),
            ("conv1", layers.Conv2DLayer),
            ("pool1", layers.MaxPool2DLayer),
            ("dropout1", layers.DropoutLayer),
            ("conv2", layers.Conv2DLayer),
            ("pool2", layers.MaxPool2DLayer),
            ("dropout2", layers.DropoutLayer),
            ("conv3", layers.Conv2DLayer),
            ("pool3", layers.MaxPool2DLayer),
            ("dropout3", layers.DropoutLayer),
            ("hidden4", layers.DenseLayer),
            ("dropout4", layers.DropoutLayer),
            ("hidden5", layers.DenseLayer),
            ("output", layers.DenseLayer),
        ],
        input_shape=(None, 1, SIZE, SIZE),
        conv1_num_filters=32,
        conv1_filter_size=(3, 3),
        pool1_pool_size=(2, 2),
        dropout1_p=0.1,
        conv2_num_filters=64,
        conv2_filter_size=(2, 2),
        pool2_pool_size=(2, 2),
        dropout2_p=0.2,
        conv3_num_filters=128,
        conv3_filter_size=(2, 2),
        pool3_pool_size=(2, 2),
        dropout3_p=0.3,
        hidden4_num_units=500,
        dropout4_p=0.5,
        hidden5_num_units=500,
        output_num_units=136,
        output_nonlinearity=None,
        update_learning_rate=theano.shared(float32(0.03)),
        update_momentum=theano.shared(float32(0.9)),
        regression=True,
        batch_iterator_train=FlipBatchIterator(batch_size=64),
        on_epoch_finished=[
            AdjustVariable("update_learning_rate", start=0.03, stop=0.0001),
            AdjustVariable("update_momentum", start=0.9, stop=0.999),
            EarlyStopping(patience=200),
        ],
        max_epochs=epochs,
        verbose=1,
    )


# %%
def fit_specialists(net, pretrained, X, y, epochs):
    specialists = {}
    for name, points in SPECIALISTS.items():
        own = y[:, [column for point in points for column in (2 * point, 2 * point + 1)]]
        model = clone(net)
        model.output_num_units = own.shape[1]
        model.batch_iterator_train.flip_indices = flip_indices(points)
        model.max_epochs = epochs
        model.load_params_from(pretrained)
        print(f"Training the specialist for the {name} for {epochs} epochs")
        model.fit(X, own)
        specialists[name] = model
    return specialists


# %%
def rmse(net):
    """Return the validation error in pixels, as in the tutorial."""
    return np.sqrt(min(row["valid_loss"] for row in net.train_history_)) * SIZE / 2


# %%
def main(data=None, epochs=60, rows=None, seed=42):
    np.random.seed(seed)
    faces = synthesize(rows or 1000) if data is None else load(data, rows)
    X = float32(faces.images / 255)
    y = float32(faces.points / SIZE * 2 - 1).reshape(len(X), -1)
    net = make_net(epochs)
    fitted = clone(net).fit(X, y)
    pretrained = pickle.loads(pickle.dumps(fitted, -1))
    specialists = fit_specialists(net, pretrained, X, y, max(epochs // 4, 1))
    errors = {"all": rmse(fitted)} | {name: rmse(model) for name, model in specialists.items()}
    for name, error in errors.items():
        print(f"{error:.3f} pixels, root mean squared validation error: {name}")
    return errors


# %%
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Locate facial keypoints with nolearn")
    parser.add_argument("data", nargs="?", help="faces in an .npz file")
    parser.add_argument("--epochs", type=int, default=60)
    # in a notebook, the arguments are the kernel's
    options = parser.parse_args([] if "ipykernel" in sys.modules else None)
    main(options.data, options.epochs)

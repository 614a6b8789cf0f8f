# %% [markdown]
# # Networks of the Lasagne Recipes
#
# Residual, densely connected and highway networks, a U-Net and a recurrent network, written with
# layer instances as in the Lasagne Recipes: each function returns the last layer, and a net takes
# it as its `layers`.
#
# Run `python examples/recipes.py`; it trains small ones on digits and made-up data, for about a
# minute on two CPU cores.

# %%
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from skconv import NeuralNet
from skconv.init import Constant
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    ElemwiseSumLayer,
    Gate,
    GlobalPoolLayer,
    InputLayer,
    LSTMLayer,
    MaxPool2DLayer,
    MergeLayer,
    NonlinearityLayer,
    Pool2DLayer,
    TransposedConv2DLayer,
    batch_norm,
)
from skconv.nonlinearities import rectify, sigmoid, softmax


# %%
def residual_block(layer: Any, filters: int, stride: int = 1) -> Any:
    """Return two convolutions whose output is added to their input (He et al. 2015)."""
    first = batch_norm(Conv2DLayer(layer, filters, 3, stride, "same", W="he_normal"))
    last = Conv2DLayer(first, filters, 3, 1, "same", W="he_normal", nonlinearity=None)
    if stride > 1 or layer.output_shape[1] != filters:
        projected = Conv2DLayer(layer, filters, 1, stride, nonlinearity=None, b=None)
        layer = batch_norm(projected)
    return NonlinearityLayer(ElemwiseSumLayer([batch_norm(last), layer]), rectify)


def residual(
    shape: tuple, classes: int, groups: int = 3, blocks: int = 2, filters: int = 16
) -> Any:
    """Return a residual network of groups of blocks, each group at half the resolution."""
    layer = batch_norm(Conv2DLayer(InputLayer(shape), filters, 3, 1, "same", W="he_normal"))
    for group in range(groups):
        for block in range(blocks):
            stride = 2 if group and not block else 1
            layer = residual_block(layer, filters * 2**group, stride)
    return DenseLayer(GlobalPoolLayer(layer), classes, nonlinearity=softmax)


# %%
def preactivated(layer: Any, filters: int, size: int, dropout: float) -> Any:
    """Return a convolution of the normalized and rectified input, with dropout."""
    layer = NonlinearityLayer(BatchNormLayer(layer), rectify)
    layer = Conv2DLayer(layer, filters, size, 1, "same", W="he_normal", nonlinearity=None, b=None)
    return DropoutLayer(layer, dropout) if dropout else layer


def densenet(
    shape: tuple,
    classes: int,
    blocks: int = 2,
    depth: int = 3,
    growth: int = 8,
    dropout: float = 0.0,
) -> Any:
    """Return a network where each layer sees all layers of its block (Huang et al. 2016)."""
    layer = Conv2DLayer(InputLayer(shape), 2 * growth, 3, 1, "same", nonlinearity=None, b=None)
    for block in range(blocks):
        if block:
            between = preactivated(layer, layer.output_shape[1], 1, dropout)
            layer = Pool2DLayer(between, 2, mode="average_inc_pad")
        for _ in range(depth):
            layer = ConcatLayer([layer, preactivated(layer, growth, 3, dropout)])
    layer = NonlinearityLayer(BatchNormLayer(layer), rectify)
    return DenseLayer(GlobalPoolLayer(layer), classes, nonlinearity=softmax)


# %%
@dataclass(frozen=True)
class GatingLayer(MergeLayer):
    """Return ``gate * new + (1 - gate) * old`` of three layers: gate, new and old."""

    layout = "any"

    def output_shape(self, *input_shapes: tuple) -> tuple:
        """Return the shape of the gate."""
        return input_shapes[0]

    def apply(self, params: dict, state: dict, *inputs: Any, ctx: Any) -> tuple[Any, dict]:
        """Return the mixture, and the state, which the layer lacks."""
        gate, new, old = inputs
        return gate * new + (1 - gate) * old, state


def highway(shape: tuple, classes: int, layers: int = 10, units: int = 32) -> Any:
    """Return dense layers that at first mostly pass on their input (Srivastava et al. 2015)."""
    layer = DenseLayer(InputLayer(shape), units)
    for _ in range(layers):
        new = DenseLayer(layer, units)
        gate = DenseLayer(layer, units, b=Constant(-2.0), nonlinearity=sigmoid)
        layer = GatingLayer([gate, new, layer])
    return DenseLayer(layer, classes, nonlinearity=softmax)


# %%
def unet(shape: tuple, classes: int, depth: int = 2, filters: int = 8) -> Any:
    """Return a network that predicts a class for each pixel (Ronneberger et al. 2015)."""

    def convolve(layer: Any, filters: int) -> Any:
        for _ in range(2):
            layer = batch_norm(Conv2DLayer(layer, filters, 3, 1, "same", W="he_normal"))
        return layer

    layer, finer = convolve(InputLayer(shape), filters), []
    for step in range(1, depth + 1):
        finer.append(layer)
        layer = convolve(MaxPool2DLayer(layer, 2), filters * 2**step)
    for step in reversed(range(depth)):
        larger = TransposedConv2DLayer(layer, filters * 2**step, 2, 2)
        layer = convolve(ConcatLayer([larger, finer[step]]), filters * 2**step)
    return Conv2DLayer(layer, classes, 1, nonlinearity=softmax)


# %%
def recurrent(length: int, units: int = 16) -> Any:
    """Return two recurrent layers, one for each direction, for sequences with a mask."""
    numbers = InputLayer((None, length, 2), name="numbers")
    mask = InputLayer((None, length), name="mask")
    ends = [
        LSTMLayer(
            numbers,
            units,
            forgetgate=Gate(b=Constant(1.0)),
            backwards=backwards,
            grad_clipping=100.0,
            mask_input=mask,
            only_return_final=True,
        )
        for backwards in (False, True)
    ]
    return DenseLayer(ConcatLayer(ends), 1, nonlinearity=None)


def make_sums(rows: int, length: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return sequences of numbers, two of which are marked, and the sums of those.

    The adding problem of Hochreiter and Schmidhuber (1997), with sequences of several lengths.
    """
    rng = np.random.default_rng(seed)
    ends = rng.integers(length // 2, length, size=rows, endpoint=True)
    numbers = rng.uniform(size=(rows, length)).astype(np.float32)
    marks = np.zeros_like(numbers)
    for mark, end in zip(marks, ends, strict=True):
        mark[rng.choice(end, 2, replace=False)] = 1
    mask = (np.arange(length) < ends[:, None]).astype(np.float32)
    return {"numbers": np.stack([numbers, marks], axis=2), "mask": mask}, (numbers * marks).sum(1)


# %%
def main(epochs: int = 10, rows: int = 1200) -> dict[str, float]:
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    noisy = X + np.random.default_rng(0).normal(scale=0.5, size=X.shape).astype(np.float32)
    pixels = np.where(X[:, 0] > 0.5, 1 + y[:, None, None] % 2, 0)
    shape = (None, 1, 8, 8)
    tasks = {
        "residual": (residual(shape, 10), X, y),
        "densenet": (densenet(shape, 10), X, y),
        "highway": (highway(shape, 10), X, y),
        "unet": (unet(shape, 3), noisy, pixels),
    }
    scores = {}
    options = {"update": "adam", "batch_iterator_train": 32, "verbose": 0, "random_state": 0}
    for name, (layer, X, y) in tasks.items():
        net = NeuralNet(layer, update_learning_rate=0.003, max_epochs=epochs, **options)
        scores[name] = net.fit(X[:rows], y[:rows]).score(X[rows:], y[rows:])
        print(f"{name}: accuracy {scores[name]:.3f}")
    net = NeuralNet(
        recurrent(12), update_learning_rate=0.01, max_epochs=4 * epochs, regression=True, **options
    )
    net.fit(*make_sums(rows, 12, seed=0))
    scores["recurrent"] = net.score(*make_sums(400, 12, seed=1))
    print(f"recurrent: coefficient of determination {scores['recurrent']:.3f}")
    return scores


# %%
if __name__ == "__main__":
    main()
